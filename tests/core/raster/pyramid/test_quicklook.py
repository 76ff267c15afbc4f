"""A quicklook shows the whole of a raster from a few of its blocks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from landseg_core.geo.window import PixelWindow
from landseg_core.raster.pyramid.builder import build_pyramid
from landseg_core.raster.pyramid.overviews import PyramidReader
from landseg_core.raster.pyramid.quicklook import can_have_quicklook, quicklook
from landseg_core.raster.source import RasterSource

Save = Callable[..., Path]
TILED = {"tiled": True, "blockxsize": 256, "blockysize": 256, "compress": "deflate"}


def slope(height: int, width: int, dtype: str = "uint8", most: int = 200) -> np.ndarray:
    """Return (2, H, W) pixels that grow to the right and downwards."""
    rows, columns = np.linspace(0, most, height), np.linspace(0, most, width)
    return np.stack(np.broadcast_arrays(columns[None], rows[:, None])).astype(dtype)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint32", "float32"])
def test_a_quicklook_shows_the_whole(save: Save, dtype: str) -> None:
    pixels = slope(3000, 4000, dtype)
    with RasterSource(save("slope.tif", pixels, **TILED)) as source:
        seen, valid = quicklook(source, (1, 2), (80, 60), categorical=False)
    assert (seen.shape, seen.dtype) == ((2, 60, 80), pixels.dtype)
    assert valid.all()
    expected = pixels[:, 25::50, 25::50]
    assert np.abs(seen.astype(float) - expected).max() < 12  # a spot is up to half a step away from its cell's middle


def test_where_there_are_no_data_there_is_no_quicklook(save: Save) -> None:
    pixels = np.full((1, 2048, 4096), 90, np.uint8)
    pixels[:, :, :2048] = 0
    with RasterSource(save("half.tif", pixels, nodata=0, **TILED)) as source:
        seen, valid = quicklook(source, (1,), (128, 64), categorical=False)
    assert (seen[0, valid] == 90).all()
    assert 0.45 < valid.mean() < 0.55
    assert valid[:, 70:].all()


def test_codes_are_not_mixed(save: Save) -> None:
    pixels = np.zeros((1, 2048, 4096), np.uint8)
    pixels[:, :, 2048:] = 7
    with RasterSource(save("map.tif", pixels, **TILED)) as source:
        seen, _ = quicklook(source, (1,), (128, 64), categorical=True)
    assert set(np.unique(seen)) == {0, 7}


def test_few_pixels_are_read_whatever_the_size(save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    read, original = list[PixelWindow](), RasterSource.read

    def noted(source: RasterSource, window: PixelWindow, *how: object) -> np.ndarray:
        read.append(window)
        return original(source, window, *how)

    monkeypatch.setattr(RasterSource, "read", noted)
    path = save("huge.tif", np.zeros((1, 1, 1), np.uint8), width=20_000, height=13_000, sparse_ok=True, **TILED)
    with RasterSource(path) as source:
        quicklook(source, (1,), (100, 60), categorical=False)
    assert 250 <= len(read) <= 300
    assert all(max(window.width, window.height) <= 256 for window in read)
    assert len({(window.x // 256, window.y // 256) for window in read}) == len(read)


def test_what_is_decoded_from_the_top_has_no_quicklook(save: Save) -> None:
    pixels = slope(300, 9000)[:1]
    with RasterSource(save("picture.png", pixels, driver="PNG")) as source:
        assert not PyramidReader(source).has_quicklook
    blocks = {"tiled": True, "blockxsize": 4096, "blockysize": 4096, "sparse_ok": True}
    with RasterSource(
        save("large_blocks.tif", np.zeros((1, 1, 1), np.uint8), width=9000, height=9000, **blocks)
    ) as source:
        assert not can_have_quicklook(source)


def test_a_reader_has_a_quicklook_until_it_has_a_pyramid(save: Save) -> None:
    pixels = slope(600, 5000)
    with RasterSource(save("slope.tif", pixels, **TILED)) as source:
        reader = PyramidReader(source)
        assert reader.has_quicklook
        key = reader.pyramid.quicklook_key
        seen, valid = reader.read_tile(key)
        assert valid.shape == seen.shape[1:] == reader.pyramid.level_size(reader.pyramid.levels)[::-1]
        assert reader.read_tile(key)[0] is seen  # made once
        np.testing.assert_array_equal(reader.read_tile(key, (2,))[0], seen[1:])
        build_pyramid(source)
        reader.use_pyramid()
        assert not reader.has_quicklook
        reader.close()
