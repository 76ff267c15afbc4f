from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from affine import Affine

from landseg_core.data.loading.folders import evaluation_areas, folder_data
from landseg_core.errors import DatasetError
from landseg_core.geo.rectangles import padded
from landseg_core.labels.classes import ClassSchema, load_classes

WritePair = Callable[..., tuple[Path, Path]]
KEEP = "; to keep such pixels give --map 255=CLASS"


@pytest.fixture
def folders(tmp_path: Path, write_pair: WritePair) -> tuple[Path, Path]:
    for stem in "abcde":
        write_pair(stem)
    return tmp_path / "images", tmp_path / "masks"


def _list(tmp_path: Path, name: str, *stems: str) -> Path:
    path = tmp_path / name
    path.write_text("\n".join(stems))
    return path


def _stems(areas: tuple[object, ...]) -> str:
    return "".join(area.stem for area in areas)  # type: ignore[attr-defined]


def test_two_lists(tmp_path: Path, folders: tuple[Path, Path], schema: ClassSchema) -> None:
    train, val = _list(tmp_path, "t.txt", "b", "a"), _list(tmp_path, "v.txt", "d")
    data = folder_data(*folders, schema, train, val)
    assert (_stems(data.train), _stems(data.val)) == ("ba", "d")
    assert data.train[0].window.pixels == 1200
    assert (data.bands, data.dtype, data.ground_resolution_m, data.notices) == ((1, 2, 3), "uint8", None, ())


def test_with_one_list_the_others_are_the_other_side(
    tmp_path: Path, folders: tuple[Path, Path], schema: ClassSchema
) -> None:
    some = _list(tmp_path, "t.txt", "b", "d")
    by_train, by_val = folder_data(*folders, schema, some), folder_data(*folders, schema, val_list=some)
    assert (_stems(by_train.train), _stems(by_train.val)) == ("bd", "ace")
    assert (_stems(by_val.train), _stems(by_val.val)) == ("ace", "bd")


def test_without_lists_blocks_are_split(tmp_path: Path, write_pair: WritePair, schema: ClassSchema) -> None:
    write_pair("big", (1600, 1100))
    data = folder_data(tmp_path / "images", tmp_path / "masks", schema, seed=3)
    assert data.train
    assert data.val
    assert not any(one.window.intersection(other.window) for one in data.train for other in data.val)
    assert 0.85 < sum(area.window.pixels for area in (*data.train, *data.val)) / (1600 * 1100) < 1
    assert not any(padded(one.window, 64).intersection(other.window) for one in data.train for other in data.val)
    assert data.notices == ()


def test_without_lists_whole_images_are_held_back_if_wanted(folders: tuple[Path, Path], schema: ClassSchema) -> None:
    data = folder_data(*folders, schema, split="images")
    assert len(_stems(data.val)) == 1
    assert sorted(_stems(data.train) + _stems(data.val)) == list("abcde")
    assert all(area.window.pixels == 1200 for area in (*data.train, *data.val))


def test_a_narrower_buffer_gives_a_notice(tmp_path: Path, write_pair: WritePair, schema: ClassSchema) -> None:
    write_pair("small", (100, 90))
    (notice,) = folder_data(tmp_path / "images", tmp_path / "masks", schema).notices
    assert notice.startswith("the buffer between training and validation areas is only 32 px instead of 64 px")


def test_areas_know_how_many_pixels_of_each_class_they_hold(
    tmp_path: Path, folders: tuple[Path, Path], schema: ClassSchema
) -> None:
    data = folder_data(*folders, schema, _list(tmp_path, "t.txt", "a"))
    assert data.train[0].class_px == (14 * 30, 13 * 30, 13 * 30)


def test_a_stem_on_both_lists(tmp_path: Path, folders: tuple[Path, Path], schema: ClassSchema) -> None:
    train, val = _list(tmp_path, "t.txt", "b", "a"), _list(tmp_path, "v.txt", "a", "c")
    with pytest.raises(DatasetError, match=r"t.txt and .*v.txt both name a;"):
        folder_data(*folders, schema, train, val)


def test_all_pixels_ignored(
    tmp_path: Path, folders: tuple[Path, Path], write_pair: WritePair, schema: ClassSchema
) -> None:
    write_pair("u", mask=np.full((30, 40), 255, np.uint8))
    unlabelled = _list(tmp_path, "u.txt", "u")
    with pytest.raises(
        DatasetError, match=r"no pixel of the training areas is labelled: there the masks of u hold only 255"
    ):
        folder_data(*folders, schema, unlabelled, _list(tmp_path, "v.txt", "a"))
    with pytest.raises(DatasetError, match="no pixel of the validation areas"):
        folder_data(*folders, schema, _list(tmp_path, "v.txt", "a"), unlabelled)
    with pytest.raises(DatasetError, match="no pixel of the areas to evaluate on"):
        evaluation_areas(*folders, schema, unlabelled, mapping={"255": ""})


def test_areas_without_label_are_left_out_with_a_notice(
    tmp_path: Path, folders: tuple[Path, Path], write_pair: WritePair, schema: ClassSchema
) -> None:
    write_pair("u", mask=np.full((30, 40), 255, np.uint8))
    data = folder_data(*folders, schema, _list(tmp_path, "t.txt", "a", "u"), _list(tmp_path, "v.txt", "b"))
    assert _stems(data.train) == "a"
    assert data.notices[0].endswith(": counted as unlabelled: 255 in 1200 px (33.3 %)" + KEEP)
    assert data.notices[1:] == ("one of 3 areas has no labelled pixels and is left out",)


def test_one_class_only_is_a_notice(tmp_path: Path, write_pair: WritePair, schema: ClassSchema) -> None:
    for stem in "ab":
        write_pair(stem, mask=np.ones((30, 40), np.uint8))
    data = folder_data(
        tmp_path / "images", tmp_path / "masks", schema, _list(tmp_path, "t.txt", "a"), _list(tmp_path, "v.txt", "b")
    )
    assert len(data.notices) == 1
    assert data.notices[0].startswith("only land is labelled")


def test_different_ground_resolutions_are_noted(tmp_path: Path, write_pair: WritePair, schema: ClassSchema) -> None:
    for stem, pixel, east in (("a", 0.25, 5e5), ("b", 0.5, 5e5), ("c", 0.5, 6e5)):
        write_pair(stem, crs="EPSG:32632", transform=Affine(pixel, 0, east, 0, -pixel, 5e6))
    images, masks = tmp_path / "images", tmp_path / "masks"
    data = folder_data(images, masks, schema, _list(tmp_path, "t.txt", "a", "b"))
    assert data.ground_resolution_m == pytest.approx(0.5, rel=0.001)
    (notice,) = data.notices
    assert "one of 3 images is resampled to 0.5 m per pixel, at which accuracy is measured" in notice


def test_overlapping_training_and_validation_images_are_noted(
    tmp_path: Path, write_pair: WritePair, schema: ClassSchema
) -> None:
    for stem, east in (("a", 5e5), ("b", 5e5 + 30), ("c", 5e5 + 40)):
        write_pair(stem, crs="EPSG:32632", transform=Affine(1, 0, east, 0, -1, 5e6))
    images, masks = tmp_path / "images", tmp_path / "masks"
    data = folder_data(images, masks, schema, _list(tmp_path, "t.txt", "a", "c"))
    (notice,) = data.notices
    assert notice.startswith("b and a, b and c overlap, but one is validated on and the other trained on:")
    assert (
        folder_data(images, masks, schema, _list(tmp_path, "t.txt", "a"), _list(tmp_path, "v.txt", "c")).notices == ()
    )


def test_an_image_without_labels_does_not_count_as_overlapping(
    tmp_path: Path, write_pair: WritePair, schema: ClassSchema
) -> None:
    """It is left out, so it cannot affect the accuracy."""
    for stem, east in (("a", 5e5), ("b", 6e5), ("c", 5e5 + 10)):
        mask = np.full((30, 40), 255, np.uint8) if stem == "c" else None
        write_pair(stem, mask=mask, crs="EPSG:32632", transform=Affine(1, 0, east, 0, -1, 5e6))
    images, masks = tmp_path / "images", tmp_path / "masks"
    data = folder_data(images, masks, schema, _list(tmp_path, "t.txt", "a", "c"), _list(tmp_path, "v.txt", "b"))
    assert data.notices[0].endswith(": counted as unlabelled: 255 in 1200 px (33.3 %)" + KEEP)
    assert data.notices[1:] == ("one of 3 areas has no labelled pixels and is left out",)
    data = folder_data(images, masks, schema, _list(tmp_path, "t.txt", "a"), _list(tmp_path, "v.txt", "b", "c"))
    assert data.notices[0].endswith(": counted as unlabelled: 255 in 1200 px (33.3 %)" + KEEP)
    assert data.notices[1:] == ("one of 3 areas has no labelled pixels and is left out",)


def test_areas_to_evaluate_on(tmp_path: Path, folders: tuple[Path, Path], schema: ClassSchema) -> None:
    assert _stems(evaluation_areas(*folders, schema)) == "abcde"
    assert _stems(evaluation_areas(*folders, schema, _list(tmp_path, "l.txt", "c", "a"))) == "ca"
    with pytest.raises(DatasetError, match="names an image that is not in"):
        evaluation_areas(*folders, schema, _list(tmp_path, "l.txt", "c", "x"))


def test_images_of_several_kinds_can_be_evaluated(
    folders: tuple[Path, Path], write_pair: WritePair, schema: ClassSchema
) -> None:
    write_pair("grey", image=np.full((1, 30, 40), 90, np.uint8))
    assert len(evaluation_areas(*folders, schema)) == 6
    with pytest.raises(DatasetError, match="all images need the same"):
        folder_data(*folders, schema)


def test_a_list_of_tiles_can_be_evaluated(tmp_path: Path, write_pair: WritePair, schema: ClassSchema) -> None:
    write_pair("scene", (1100, 600))
    tiles = _list(tmp_path, "test.txt", "scene_1", "scene_0")
    areas = evaluation_areas(tmp_path / "images", tmp_path / "masks", schema, tiles)
    assert [str(area.window) for area in areas] == ["512,0,512,512", "0,0,512,512"]


@pytest.mark.imagery
def test_the_real_folders(imagery: Path) -> None:
    folder = imagery / "landcover_dubai"
    schema = load_classes("landcover-dubai")
    data = folder_data(folder / "images", folder / "masks", schema, folder / "train.txt", folder / "val.txt")
    assert (len(data.train), len(data.val)) == (44, 13)
    assert (data.bands, data.dtype, data.ground_resolution_m) == ((1, 2, 3), "uint8", None)
    (notice,) = data.notices
    assert notice.endswith(": counted as unlabelled: 255 in 881233 px (1.2 %)" + KEEP)


@pytest.mark.imagery
def test_real_folders_of_orthophotos_and_masks_that_do_not_belong_together(imagery: Path) -> None:
    with pytest.raises(DatasetError, match="must have the name of its image"):
        folder_data(imagery / "landcover_dubai/images", imagery / "landcover_ai/masks", load_classes("landcover-ai"))
