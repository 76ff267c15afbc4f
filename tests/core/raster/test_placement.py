"""A map of a part, read as if it reached over the whole picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from support.rasters import write_raster

from landseg_core.errors import RasterError
from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_core.raster.placement import PlacedReader, Placement, chosen_window
from landseg_core.raster.pyramid.overviews import PyramidReader
from landseg_core.raster.source import RasterSource

SIDE = 1400


@pytest.fixture(scope="module")
def values() -> np.ndarray:
    """Return (H, W) values in patches of 8 px."""
    return np.random.default_rng(3).integers(0, 5, (40, 50), np.uint8).repeat(8, 0).repeat(8, 1)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, SIDE - 400), st.integers(0, SIDE - 320), st.integers(0, 2))
def test_its_tiles_are_those_of_a_map_of_the_whole(
    values: np.ndarray, tmp_path_factory: pytest.TempPathFactory, x: int, y: int, level: int
) -> None:
    folder = tmp_path_factory.mktemp("maps")
    window = PixelWindow(x, y, values.shape[1], values.shape[0])
    whole = np.full((SIDE, SIDE), 255, np.uint8)
    whole[window.slices()] = values
    _write(folder / "part.tif", values)
    _write(folder / "whole.tif", whole)
    with RasterSource(folder / "part.tif") as part, RasterSource(folder / "whole.tif") as expected:
        placed = PlacedReader(part, Placement(RasterGrid(SIDE, SIDE, Affine.identity(), None), window))
        reader = PyramidReader(expected, categorical=True)
        for key in placed.pyramid.tiles_in(level, PixelWindow(0, 0, SIDE, SIDE)):
            (pixels, valid), (wanted, wanted_valid) = placed.read_tile(key), reader.read_tile(key)
            np.testing.assert_array_equal(valid, wanted_valid)
            np.testing.assert_array_equal(pixels[0][valid], wanted[0][valid])
        reader.close()


def test_coarse_tiles_of_a_huge_picture_are_small_reads(tmp_path: Path, values: np.ndarray) -> None:
    _write(tmp_path / "part.tif", values)
    window = PixelWindow(60_000, 50_000, values.shape[1], values.shape[0])
    with RasterSource(tmp_path / "part.tif") as source:
        grid = RasterGrid(100_000, 90_000, Affine.identity(), None)
        reader = PlacedReader(source, Placement(grid, window))
        _, valid = reader.read_tile(TileKey(reader.pyramid.levels - 1, 0, 0))
        rows, columns = np.nonzero(valid)
        scale = 1 << (reader.pyramid.levels - 1)
        assert set(rows) == {50_000 // scale, (50_000 + 319) // scale}
        assert set(columns) == {60_000 // scale, (60_000 + 399) // scale}


def _write(path: Path, values: np.ndarray) -> None:
    import warnings

    import rasterio
    from rasterio.errors import NotGeoreferencedWarning

    height, width = values.shape
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(
            path, "w", driver="GTiff", count=1, height=height, width=width, dtype="uint8", nodata=255
        ) as dataset:
            dataset.write(values, 1)


def test_a_window_inside_is_taken_and_none_means_all(tmp_path: Path) -> None:
    with RasterSource(write_raster(tmp_path / "a.tif", np.zeros((20, 30), np.uint8))) as source:
        assert chosen_window(source, None) == PixelWindow(0, 0, 30, 20)
        assert chosen_window(source, PixelWindow(10, 5, 20, 15)) == PixelWindow(10, 5, 20, 15)
        for outside in (PixelWindow(10, 5, 21, 15), PixelWindow(-1, 0, 5, 5), PixelWindow(40, 40, 1, 1)):
            with pytest.raises(RasterError, match=rf"{outside} .* reaches beyond .*a\.tif, which is 30 x 20 px"):
                chosen_window(source, outside)
