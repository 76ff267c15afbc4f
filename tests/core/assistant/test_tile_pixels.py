from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from support.rasters import write_raster

from landseg_core.assistant.cells import CellTile, cut_cells
from landseg_core.assistant.tile_pixels import ImageScale, TileImage, read_tile_image
from landseg_core.geo.tiling import TileKey
from landseg_core.raster.pyramid.overviews import PyramidReader
from landseg_core.raster.source import RasterSource


@contextmanager
def opened(path: Path) -> Iterator[tuple[PyramidReader, ImageScale]]:
    with RasterSource(path) as source:
        reader = PyramidReader(source)
        yield reader, ImageScale.of(source)
        reader.close()


def noise(*shape: int, dtype: type = np.uint8, top: int = 255) -> np.ndarray:
    return np.random.default_rng(3).integers(1, top, shape).astype(dtype)


def read(path: Path, key: TileKey, margin: int = 0) -> TileImage:
    with opened(path) as (reader, scale):
        return read_tile_image(reader, key, scale, margin)


def test_a_tile_of_an_8_bit_image_has_its_colours(tmp_path: Path) -> None:
    pixels = noise(3, 600, 700)
    tile = read(write_raster(tmp_path / "a.tif", pixels), TileKey(0, 1, 1))
    assert np.array_equal(tile.rgb, pixels[:, 512:, 512:].transpose(1, 2, 0))
    assert tile.valid.all()


@pytest.mark.parametrize(("bands", "dtype", "top"), [(1, np.uint8, 255), (4, np.uint16, 4000), (6, np.float32, 900)])
def test_all_bands_are_normalised_by_the_whole_image(tmp_path: Path, bands: int, dtype: type, top: int) -> None:
    path = write_raster(tmp_path / "a.tif", noise(bands, 300, 400, dtype=dtype, top=top))
    tile = read(path, TileKey(0, 0, 0))
    assert tile.bands.shape == (bands, 300, 400)
    assert tile.bands.dtype == np.float32
    assert tile.bands.mean((1, 2)) == pytest.approx(np.zeros(bands), abs=1e-3)
    assert tile.bands.std((1, 2)) == pytest.approx(np.ones(bands), abs=1e-3)
    assert tile.rgb.shape == (300, 400, 3)
    assert tile.rgb.std() > 50


def test_a_margin_shows_what_lies_around_and_nothing_beyond_the_image(tmp_path: Path) -> None:
    pixels = noise(3, 1100, 1100)
    tile = read(write_raster(tmp_path / "a.tif", pixels), TileKey(0, 0, 1), 7)
    assert tile.rgb.shape == (526, 526, 3)
    assert not tile.valid[:7].any()
    assert tile.valid[7:].all()
    assert np.array_equal(tile.rgb[7:], pixels[:, :519, 505:1031].transpose(1, 2, 0))
    assert np.array_equal(tile.rgb[tile.inside], pixels[:, :512, 512:1024].transpose(1, 2, 0))


@pytest.mark.parametrize("key", [TileKey(1, 0, 0), TileKey(1, 1, 0), TileKey(2, 0, 0)])
def test_the_margin_does_not_change_the_tile(tmp_path: Path, key: TileKey) -> None:
    path = write_raster(tmp_path / "a.tif", noise(3, 1101, 903))
    bare, wide = read(path, key), read(path, key, 33)
    assert np.array_equal(bare.rgb, wide.rgb[wide.inside])
    assert np.array_equal(bare.bands, wide.bands[:, *wide.inside])
    assert np.array_equal(bare.valid, wide.valid[wide.inside])


def test_the_tile_is_the_one_on_the_screen(tmp_path: Path) -> None:
    with opened(write_raster(tmp_path / "a.tif", noise(3, 1101, 903))) as (reader, scale):
        for level in range(reader.pyramid.levels):
            for key in reader.pyramid.tiles_in(level, reader.grid.window):
                assert np.array_equal(
                    read_tile_image(reader, key, scale).rgb, reader.read_tile(key)[0].transpose(1, 2, 0)
                )


def test_nodata_and_what_is_no_number_are_left_out(tmp_path: Path) -> None:
    pixels = noise(2, 60, 50, dtype=np.float32, top=100)
    pixels[:, :20] = -9999
    pixels[1, 30, 30] = np.nan
    pixels[0, 31, 31] = np.inf
    tile = read(write_raster(tmp_path / "a.tif", pixels, nodata=-9999), TileKey(0, 0, 0))
    expected = np.ones((60, 50), bool)
    expected[:20] = expected[30, 30] = expected[31, 31] = False
    assert np.array_equal(tile.valid, expected)
    assert np.isfinite(tile.bands).all()
    assert (tile.bands[:, ~expected] == 0).all()
    assert tile.bands[0, expected].mean() == pytest.approx(0, abs=0.05)


def test_a_constant_band_and_extreme_values_stay_finite(tmp_path: Path) -> None:
    pixels = np.full((2, 40, 40), 3.0e38, np.float32)
    pixels[0, :5] = -3.0e38
    tile = read(write_raster(tmp_path / "a.tif", pixels), TileKey(0, 0, 0))
    assert np.isfinite(tile.bands).all()
    assert (tile.bands[1] == 0).all()


def test_a_palette_counts_as_its_colours(tmp_path: Path) -> None:
    codes = np.zeros((1, 40, 60), np.uint8)
    codes[0, :, 30:] = 1
    path = write_raster(tmp_path / "a.tif", codes, palette={0: (200, 0, 0, 255), 1: (0, 100, 50, 255)})
    tile = read(path, TileKey(0, 0, 0))
    assert tile.rgb[0, 0].tolist() == [200, 0, 0]
    assert tile.bands.shape == (3, 40, 60)
    assert tile.bands[:, 0, 0] == pytest.approx([1, -1, -1])


def cells(path: Path, key: TileKey) -> CellTile:
    tile = read(path, key)
    return cut_cells(tile.rgb, tile.valid)


def test_cells_do_not_move_with_the_view(tmp_path: Path) -> None:
    """Whatever else has been read before, and through whichever reader, a tile has the same cells."""
    path = write_raster(tmp_path / "a.tif", noise(4, 700, 800, dtype=np.uint16, top=3000))
    key = TileKey(0, 0, 1)
    alone = cells(path, key)
    with opened(path) as (reader, scale):
        for other in (TileKey(1, 0, 0), TileKey(0, 1, 1), TileKey(0, 0, 0), key):
            tile = read_tile_image(reader, other, scale)
            last = cut_cells(tile.rgb, tile.valid)
    assert np.array_equal(last.ids, alone.ids)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (40, 30)])
def test_images_smaller_than_a_tile(tmp_path: Path, size: tuple[int, int]) -> None:
    tile = cells(write_raster(tmp_path / "a.tif", noise(3, *size)), TileKey(0, 0, 0))
    assert tile.ids.shape == size
    assert (tile.ids >= 0).all()


@pytest.mark.imagery
def test_16_bit_and_four_bands(imagery: Path) -> None:
    for name, bands in (("naip_4band_epsg26914.tif", 4), ("uint16_1band_epsg32616.tif", 1)):
        with opened(imagery / "formats" / name) as (reader, scale):
            key = TileKey(0, 0, 0)
            tile = read_tile_image(reader, key, scale)
            assert tile.bands.shape == (bands, *tile.valid.shape)
            assert tile.rgb[tile.valid].std() > 10
            cut = cut_cells(tile.rgb, tile.valid)
            assert np.array_equal(cut.ids >= 0, tile.valid)
