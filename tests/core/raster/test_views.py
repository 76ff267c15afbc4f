from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from support.rasters import write_raster

from landseg_core.errors import RasterError
from landseg_core.geo.window import PixelWindow
from landseg_core.raster.source import RasterSource
from landseg_core.raster.views import pixel_view, require_finite, size_at


@pytest.fixture
def raster(tmp_path: Path, north_up: Affine) -> RasterSource:
    """Return float pixels of half a metre, with a declared NaN."""
    pixels = np.random.default_rng(3).random((2, 30, 41)).astype(np.float32)
    pixels[:, 4:21, 5:31] = np.nan
    return RasterSource(write_raster(tmp_path / "a.tif", pixels, nodata=np.nan, crs="EPSG:32632", transform=north_up))


def test_both_grids_cover_the_same_ground(raster: RasterSource) -> None:
    view = pixel_view(raster, (1, 2), (17, 9))
    assert (view.grid.width, view.grid.height, view.grid.crs) == (17, 9, raster.grid.crs)
    assert view.grid.to_crs(0, 0) == pytest.approx(raster.grid.to_crs(0, 0))
    assert view.grid.to_crs(17, 9) == pytest.approx(raster.grid.to_crs(41, 30))


@pytest.mark.parametrize("size", [None, (17, 9), (90, 71)])
def test_pixels_are_finite_and_windows_agree(raster: RasterSource, size: tuple[int, int] | None) -> None:
    view = pixel_view(raster, (2,), size)
    pixels, valid = view.read(view.grid.window)
    assert np.isfinite(pixels).all()
    assert 0 < valid.mean() < 1
    window = PixelWindow(3, 2, 9, 6)
    part, part_valid = view.read(window)
    np.testing.assert_array_equal(part, pixels[:, *window.slices()])
    np.testing.assert_array_equal(part_valid, valid[window.slices()])


def test_what_is_no_number_is_refused_at_its_own_place(tmp_path: Path) -> None:
    pixels = np.zeros((1, 20, 30), np.float32)
    pixels[0, 7, 11] = np.inf
    with RasterSource(write_raster(tmp_path / "a.tif", pixels)) as source:
        view = pixel_view(source, (1,), (15, 10))
        with pytest.raises(RasterError, match="the value inf at pixel 11, 7"):
            view.read(view.grid.window)


@pytest.mark.parametrize(
    ("metres", "size"), [(0.5, None), (0.54, None), (None, None), (1.0, (20, 15)), (0.25, (82, 60)), (1e6, (1, 1))]
)
def test_the_size_at_a_resolution(raster: RasterSource, metres: float | None, size: tuple[int, int] | None) -> None:
    found = size_at(raster.grid, raster.grid.ground_resolution(), metres)
    assert found == size or (found is not None and size is not None and np.abs(np.subtract(found, size)).max() <= 1)


def test_without_a_place_nothing_is_known(tmp_path: Path) -> None:
    with RasterSource(write_raster(tmp_path / "p.tif", np.zeros((5, 5), np.uint8))) as source:
        assert size_at(source.grid, source.grid.ground_resolution(), 0.3) is None


Save = Callable[..., Path]


def check(path: Path, window: PixelWindow) -> None:
    with RasterSource(path) as source:
        require_finite(source, window, source.read(window), source.read_valid(window))


@pytest.mark.parametrize(("value", "name"), [(np.nan, "nan"), (np.inf, "inf"), (-np.inf, "-inf")])
def test_a_strange_number_is_named_with_its_place(save: Save, value: float, name: str) -> None:
    pixels = np.ones((2, 40, 50), np.float32)
    pixels[1, 12, 34] = value
    pixels[1, 39, 49] = value
    path = save("float.tif", pixels)
    with pytest.raises(RasterError, match=f"has the value {name} at pixel 34, 12,.*declare it as nodata") as caught:
        check(path, PixelWindow(10, 5, 40, 35))
    assert str(path) in str(caught.value)


def test_nan_declared_as_nodata_is_fine(save: Save) -> None:
    pixels = np.ones((1, 40, 50), np.float32)
    pixels[0, :20] = np.nan
    check(save("float.tif", pixels, nodata=np.nan), PixelWindow(-5, -5, 60, 60))


def test_nan_beside_another_nodata_is_refused(save: Save) -> None:
    pixels = np.full((1, 40, 50), -9999, np.float32)
    pixels[0, 3, 3] = np.nan
    with pytest.raises(RasterError, match="at pixel 3, 3"):
        check(save("float.tif", pixels, nodata=-9999), PixelWindow(0, 0, 50, 40))


def test_whole_numbers_are_always_fine(save: Save) -> None:
    check(save("bytes.tif", np.zeros((1, 40, 50), np.uint8)), PixelWindow(0, 0, 50, 40))
