from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landseg_core.raster.files.map_files import MapFiles, proposed_files

STEMS = st.text(st.characters(codec="utf-8", exclude_characters="/\0\n"), min_size=1, max_size=12).filter(
    lambda stem: stem.strip(".")
)


def never(_mask: Path) -> bool:
    return False


@given(STEMS, st.integers(1, 40))
def test_the_files_of_a_map_are_found_by_its_mask(stem: str, number: int) -> None:
    files = MapFiles.numbered(Path("maps"), stem, number)
    assert MapFiles.of_mask(files.mask) == files
    assert len(set(files.all)) == 4


@pytest.mark.parametrize(
    ("mask", "confidence", "png", "world_file"),
    [
        ("brig_mask.tif", "brig_confidence.tif", "brig_mask.png", "brig_mask.pgw"),
        ("brig_mask_2.tif", "brig_confidence_2.tif", "brig_mask_2.png", "brig_mask_2.pgw"),
        ("a_mask_3_mask.tif", "a_mask_3_confidence.tif", "a_mask_3_mask.png", "a_mask_3_mask.pgw"),
        ("my map.tif", "my map_confidence.tif", "my map.png", "my map.pgw"),
        ("brig_mask_old.tif", "brig_mask_old_confidence.tif", "brig_mask_old.png", "brig_mask_old.pgw"),
        ("_mask.tif", "_mask_confidence.tif", "_mask.png", "_mask.pgw"),
    ],
)
def test_names_belong_together(mask: str, confidence: str, png: str, world_file: str) -> None:
    files = MapFiles.of_mask(Path("maps", mask))
    assert [path.name for path in (files.confidence, files.png, files.world_file)] == [confidence, png, world_file]


def test_the_first_free_number_is_proposed(tmp_path: Path) -> None:
    names = []
    for _ in range(3):
        files = proposed_files(tmp_path, "brig", never)
        names.append(files.mask.name)
        files.mask.touch()
    assert names == ["brig_mask.tif", "brig_mask_2.tif", "brig_mask_3.tif"]
    (tmp_path / "brig_mask_2.tif").unlink()
    assert proposed_files(tmp_path, "brig", never).mask.name == "brig_mask_2.tif"


@pytest.mark.parametrize("left", ["brig_confidence.tif", "brig_mask.png", "brig_mask.pgw"])
def test_a_number_is_taken_by_any_of_its_files(tmp_path: Path, left: str) -> None:
    (tmp_path / left).touch()
    assert proposed_files(tmp_path, "brig", never).mask.name == "brig_mask_2.tif"


def test_the_same_map_keeps_its_name(tmp_path: Path) -> None:
    for name in ("brig_mask.tif", "brig_mask_2.tif", "brig_mask_7.tif", "brighton_mask_8.tif"):
        (tmp_path / name).touch()
    assert proposed_files(tmp_path, "brig", lambda mask: mask.name == "brig_mask_7.tif").mask.name == "brig_mask_7.tif"


def test_a_folder_that_is_still_to_be_made_is_free(tmp_path: Path) -> None:
    assert proposed_files(tmp_path / "maps", "brig", never).mask == tmp_path / "maps" / "brig_mask.tif"
