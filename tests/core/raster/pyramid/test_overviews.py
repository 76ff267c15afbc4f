"""Tiles show the same ground at every level, wherever the level comes from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.enums import Resampling
from support.pyramids import level_shift, read_level

from landseg_core.errors import RasterError
from landseg_core.geo.tiling import TileKey
from landseg_core.raster.pyramid import cache
from landseg_core.raster.pyramid.builder import build_pyramid
from landseg_core.raster.pyramid.cache import pyramid_path
from landseg_core.raster.pyramid.levels import missing_levels
from landseg_core.raster.pyramid.overviews import PyramidReader
from landseg_core.raster.source import RasterSource

Save = Callable[..., Path]
TILED = {"tiled": True, "blockxsize": 256, "blockysize": 256, "compress": "deflate"}
PLACED = {"crs": "EPSG:32633", "transform": Affine(0.5, 0, 500_000, 0, -0.5, 5_800_000)}


SIZES = [(512, 3072), (601, 2239)]


@pytest.mark.parametrize("size", SIZES)
def test_built_levels_have_no_seams_and_no_shifts(save_places: Save, size: tuple[int, int]) -> None:
    with RasterSource(save_places(*size)) as source:
        build_pyramid(source)
        reader = PyramidReader(source)
        assert not reader.needs_pyramid
        for level in range(reader.pyramid.levels):
            assert level_shift(reader, level) < 1e-3, level
            assert read_level(reader, level)[1].all()
        reader.close()


@pytest.mark.parametrize("size", SIZES)
def test_before_there_is_a_pyramid_nothing_is_more_than_a_pixel_away(save_places: Save, size: tuple[int, int]) -> None:
    with RasterSource(save_places(*size)) as source:
        reader = PyramidReader(source)
        assert reader.needs_pyramid
        for level in range(reader.pyramid.levels):
            assert level_shift(reader, level) <= 1, level
            assert read_level(reader, level)[1].all()


@pytest.mark.parametrize("size", [(1100, 1500), (2000, 1024)])
def test_small_rasters_need_no_pyramid_and_have_no_shifts(save_places: Save, size: tuple[int, int]) -> None:
    with RasterSource(save_places(*size)) as source:
        reader = PyramidReader(source)
        assert not reader.needs_pyramid
        for level in range(reader.pyramid.levels):
            assert level_shift(reader, level) < 1e-3, level


def with_overviews(path: Path, factors: list[int], resampling: Resampling = Resampling.average) -> Path:
    with rasterio.open(path, "r+") as dataset:
        dataset.build_overviews(factors, resampling)
    return path


@pytest.mark.parametrize(("size", "off"), [((512, 3072), 1e-3), ((601, 2239), 1)])
def test_overviews_in_the_file_are_used(save_places: Save, size: tuple[int, int], off: float) -> None:
    path = with_overviews(save_places(*size, **PLACED), [2, 4, 8])
    with RasterSource(path) as source:
        assert missing_levels(source) == []
        reader = PyramidReader(source)
        for level in range(reader.pyramid.levels):
            assert level_shift(reader, level) <= off, level
        reader.close()


def test_overviews_beside_the_file_are_used(save: Save) -> None:
    pixels = np.zeros((1, 300, 2304), np.uint8)
    path = save("beside.tif", pixels, **(TILED | PLACED))
    with rasterio.Env(TIFF_USE_OVR="YES"):
        with_overviews(path, [2, 4, 8])
    assert path.with_name("beside.tif.ovr").exists()
    with RasterSource(path) as source:
        assert source.overviews == [2, 4, 8]
        assert not PyramidReader(source).needs_pyramid


def test_a_cogs_own_overviews_cover_all_of_it(save: Save) -> None:
    """They are rounded down where a pyramid is rounded up."""
    pixels = np.full((1, 601, 2239), 77, np.uint8)
    with RasterSource(save("cog.tif", pixels, driver="COG", crs="EPSG:32633", blocksize=256)) as source:
        reader = PyramidReader(source)
        assert not reader.needs_pyramid
        for level in range(reader.pyramid.levels):
            image, valid = read_level(reader, level)
            assert (image == 77).all()
            assert valid.all()
        reader.close()


def test_only_levels_that_are_missing_are_built(save_places: Save) -> None:
    path = with_overviews(save_places(64, 20000, **PLACED), [2, 4])
    with RasterSource(path) as source:
        assert missing_levels(source) == [3, 4, 5, 6]
        folder = build_pyramid(source)
        assert sorted(cache.levels_in(folder)) == [3, 4, 5, 6]
        reader = PyramidReader(source)
        assert max(level_shift(reader, level) for level in range(reader.pyramid.levels)) < 1e-2
        reader.close()


@pytest.mark.parametrize("driver", ["PNG", "JPEG"])
def test_formats_without_random_access_get_all_levels(save: Save, driver: str) -> None:
    pixels = np.broadcast_to(np.arange(200, dtype=np.uint8), (3, 300, 200)).repeat(11, axis=2)
    with RasterSource(save(f"picture.{driver.lower()}", pixels, driver=driver)) as source:
        folder = build_pyramid(source)
        assert sorted(cache.levels_in(folder)) == [0, 1, 2, 3]
        reader = PyramidReader(source)
        image, _ = read_level(reader, 0)
        assert np.abs(image - pixels).max() <= 12  # JPEG in the cache
        reader.close()


def test_striped_files_are_built_as_tiled_ones(save_places: Save) -> None:
    with RasterSource(save_places(601, 2301, tiled=False, blockysize=1)) as source:
        assert source.block_shape[1] == 2301
        build_pyramid(source)
        reader = PyramidReader(source)
        assert max(level_shift(reader, level) for level in range(reader.pyramid.levels)) < 1e-3
        reader.close()


def test_nodata_stays_out_of_the_mean(save: Save) -> None:
    pixels = np.full((1, 300, 2304), 100, np.uint16)
    pixels[:, :, 1001:] = 65535
    with RasterSource(save("nodata.tif", pixels, nodata=65535, **TILED)) as source:
        build_pyramid(source)
        reader = PyramidReader(source)
        for level in range(1, reader.pyramid.levels):
            image, valid = read_level(reader, level)
            edge = -(-1001 // (1 << level))
            assert valid[:, :edge].all()
            assert not valid[:, edge:].any()
            assert (image[0][valid] == 100).all()
        reader.close()


def test_class_codes_are_not_averaged(save: Save) -> None:
    pixels = np.random.default_rng(1).choice(np.array([1, 4], np.uint8), (1, 300, 2304))
    path = save("codes.tif", pixels, palette={1: (255, 0, 0, 255), 4: (0, 0, 255, 255)}, **TILED)
    with RasterSource(path) as source:
        build_pyramid(source)
        reader = PyramidReader(source)
        assert reader.categorical
        for level in range(reader.pyramid.levels):
            assert set(np.unique(read_level(reader, level)[0])) == {1, 4}
        reader.close()


def test_a_mask_without_palette_can_be_called_codes(save: Save) -> None:
    pixels = np.random.default_rng(1).choice(np.array([1, 4], np.uint8), (1, 300, 1024))
    with RasterSource(save("codes.tif", pixels)) as source:
        reader = PyramidReader(source, categorical=True)
        assert set(np.unique(read_level(reader, 1)[0])) == {1, 4}
        assert pyramid_path(source, categorical=True) != pyramid_path(source)


def test_alpha_is_no_band_to_show(save: Save) -> None:
    with RasterSource(save("alpha.png", np.full((4, 20, 30), 255, np.uint8), driver="PNG")) as source:
        reader = PyramidReader(source)
        with pytest.raises(RasterError, match="has no band 4 to show"):
            reader.read_tile(TileKey(0, 0, 0), [4])


def test_bands_can_be_chosen_at_every_level(save: Save) -> None:
    pixels = np.stack([np.full((300, 2304), value, np.uint8) for value in (10, 20, 30, 40)])
    with RasterSource(save("four.tif", pixels, photometric="minisblack", **TILED)) as source:
        build_pyramid(source)
        reader = PyramidReader(source)
        for level in range(reader.pyramid.levels):
            chosen, _ = reader.read_tile(TileKey(level, 0, 0), [4, 2])
            assert chosen[:, 0, 0].tolist() == [40, 20]
        reader.close()


def test_level_1_is_made_from_the_raster_where_that_is_quick(save_places: Save) -> None:
    with RasterSource(save_places(601, 9000)) as source:
        assert sorted(cache.levels_in(build_pyramid(source))) == [2, 3, 4, 5]
    with RasterSource(save_places(601, 9000, tiled=False, blockysize=1)) as source:
        assert sorted(cache.levels_in(build_pyramid(source))) == [1, 2, 3, 4, 5]
