from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from support.rasters import write_raster

from landseg_core.data.lists import read_list
from landseg_core.data.loading.landcover_ai import (
    landcover_ai_areas,
    landcover_ai_data,
    listed_windows,
    split_name,
    tile_window,
)
from landseg_core.errors import DatasetError
from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import load_classes
from landseg_core.raster.source import RasterSource


def _grid(width: int, height: int) -> RasterGrid:
    return RasterGrid(width, height, Affine.identity(), None)


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_tiles_are_counted_row_by_row_with_the_incomplete_ones(width: int, height: int) -> None:
    grid = _grid(width, height)
    number = 0
    for y in range(0, height, 512):
        for x in range(0, width, 512):
            complete = x + 512 <= width and y + 512 <= height
            assert tile_window(number, grid) == (PixelWindow(x, y, 512, 512) if complete else None)
            number += 1
    assert tile_window(number, grid) is None


def test_names() -> None:
    assert split_name("M-33-20-D-c-4-2_30") == ("M-33-20-D-c-4-2", 30)
    assert split_name("a_b_7") == ("a_b", 7)
    for name in ("a", "a_", "_3", "a_3b", "a_-1"):
        assert split_name(name) is None


@pytest.mark.imagery
def test_the_real_lists_map_to_full_windows(imagery: Path, tmp_path: Path) -> None:
    folder = imagery / "landcover_ai"
    grids = {path.stem: RasterSource(path).grid for path in (folder / "masks").glob("*.tif")}
    lists = [read_list(folder / f"{part}.txt") for part in ("train", "val", "test")]
    assert [len(names) for names in lists] == [7470, 1602, 1602]
    here = [name for names in lists for name in names if name.rpartition("_")[0] in grids]
    (tmp_path / "here.txt").write_text("\n".join(here))
    windows = listed_windows(tmp_path / "here.txt", grids)
    assert len(set(windows)) == len(windows) == len(here) == 450
    for stem, window in windows:
        assert (window.width, window.height) == (512, 512)
        assert grids[stem].window.contains(window)
    assert Counter(stem for stem, _ in windows) == {
        "M-34-51-C-d-4-1": 306,
        "N-33-60-D-c-4-2": 72,
        "N-34-97-D-c-2-4": 72,
    }


@pytest.mark.imagery
def test_the_real_lists_name_every_complete_tile_once(imagery: Path) -> None:
    lists = [read_list(imagery / "landcover_ai" / f"{part}.txt") for part in ("train", "val", "test")]
    names = [name for names in lists for name in names]
    assert len(set(names)) == len(names) == 10_674
    for path in (imagery / "landcover_ai" / "masks").glob("*.tif"):
        grid = RasterSource(path).grid
        tiles = -(-grid.width // 512) * -(-grid.height // 512)
        complete = {f"{path.stem}_{number}" for number in range(tiles) if tile_window(number, grid)}
        assert {name for name in names if name.rpartition("_")[0] == path.stem} == complete


@pytest.mark.imagery
def test_an_orthophoto_that_is_missing_is_named(imagery: Path) -> None:
    folder = imagery / "landcover_ai"
    grids = {path.stem: RasterSource(path).grid for path in (folder / "masks").glob("*.tif")}
    with pytest.raises(DatasetError, match=r"38 of 41 orthophotos in .*train.txt lack .*M-33-20-D-c"):
        listed_windows(folder / "train.txt", grids)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a data set of LandCover.ai's form: 1200 x 1100 px, so 3 x 3 tiles of which 2 x 2 are complete."""
    random = np.random.default_rng(0)
    for stem in ("ortho_1", "ortho_2"):
        write_raster(tmp_path / "images" / f"{stem}.tif", random.integers(0, 255, (3, 1100, 1200), np.uint8))
        write_raster(tmp_path / "masks" / f"{stem}.tif", random.integers(0, 5, (1100, 1200), np.uint8))
    for part, names in (
        ("train", "ortho_1_0\northo_1_4\northo_2_3\n"),
        ("val", "ortho_2_1\n"),
        ("test", "ortho_1_1\n"),
    ):
        (tmp_path / f"{part}.txt").write_text(names)
    return tmp_path


def test_a_data_set_as_downloaded(folder: Path) -> None:
    data = landcover_ai_data(folder, load_classes("landcover-ai"))
    assert [(area.stem, str(area.window)) for area in data.train] == [
        ("ortho_1", "0,0,512,512"),
        ("ortho_1", "512,512,512,512"),
        ("ortho_2", "0,512,512,512"),
    ]
    assert [(area.stem, str(area.window)) for area in data.val] == [("ortho_2", "512,0,512,512")]
    assert (data.bands, data.dtype, data.notices) == ((1, 2, 3), "uint8", ())


def test_the_test_list_can_be_evaluated(folder: Path) -> None:
    (area,) = landcover_ai_areas(folder, load_classes("landcover-ai"))
    assert (area.stem, str(area.window)) == ("ortho_1", "512,0,512,512")


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        ("ortho_1_2", "names ortho_1_2, but ortho_1 has no complete tile of 512 px"),
        ("ortho_1_99", "has no complete tile of 512 px"),
        ("ortho_3_0", "one of 1 orthophotos in .* lacks an image or a mask: ortho_3"),
        ("plain", "plain, which is not a tile of an orthophoto"),
    ],
)
def test_a_wrong_name_is_one_sentence(folder: Path, names: str, problem: str) -> None:
    (folder / "train.txt").write_text(names)
    with pytest.raises(DatasetError, match=problem) as raised:
        landcover_ai_data(folder, load_classes("landcover-ai"))
    assert str(folder / "train.txt") in str(raised.value)


def test_a_list_that_is_missing(folder: Path) -> None:
    (folder / "val.txt").unlink()
    with pytest.raises(DatasetError, match=r"val.txt does not exist"):
        landcover_ai_data(folder, load_classes("landcover-ai"))
