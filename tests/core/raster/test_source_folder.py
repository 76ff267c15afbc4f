"""Whatever is done with a raster, nothing is written beside it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rasterio.enums import Resampling
from support.pyramids import write_grid_vrt
from support.unchanged import unchanged

from landseg_core.geo.window import PixelWindow
from landseg_core.raster.info import describe
from landseg_core.raster.pyramid.builder import build_pyramid
from landseg_core.raster.pyramid.overviews import PyramidReader
from landseg_core.raster.source import RasterSource
from landseg_core.raster.stretch import default_rendering
from landseg_core.raster.tiles import TileBudget, TileCache, TileLoader, TileThreads

Save = Callable[..., Path]


def do_everything(path: Path) -> None:
    """Open, describe, read, stretch, build a pyramid and load all tiles of the coarsest levels."""
    with RasterSource(path) as source:
        describe(source)
        window = PixelWindow(-10, -10, 200, 200)
        source.read(window)
        source.read(source.grid.window, size=(20, 30), resampling=Resampling.average)
        source.read_valid(window, (30, 30))
        default_rendering(source)
        reader = PyramidReader(source)
        load_tiles(reader)
        build_pyramid(source)
        reader.use_pyramid()
        load_tiles(reader)
        reader.close()


def load_tiles(reader: PyramidReader) -> None:
    keys = [
        key
        for level in range(reader.pyramid.levels)
        for key in reader.pyramid.tiles_in(level, reader.source.grid.window)
    ]
    waiting, done = set(keys), threading.Event()

    def on_loaded(key: object, _tile: object) -> None:
        waiting.discard(key)
        if not waiting:
            done.set()

    threads, cache = TileThreads(), TileCache(TileBudget(10**8), lambda tile: tile[0].nbytes)
    loader = TileLoader(threads, reader.read_tile, cache, on_loaded, pytest.fail)
    threads.request((loader, key) for key in keys)
    assert done.wait(60)
    threads.close()


def noise(bands: int, dtype: str = "uint8") -> np.ndarray:
    return np.random.default_rng(1).integers(0, 200, (bands, 300, 2304)).astype(dtype)


FILES = {
    "plain.tif": {},
    "grey16.tif": {"bands": 1, "dtype": "uint16", "nodata": 0},
    "float.tif": {"bands": 1, "dtype": "float32", "nodata": np.nan},
    "picture.png": {"driver": "PNG"},
    "picture.jpg": {"driver": "JPEG"},
    "picture.jp2": {"driver": "JP2OpenJPEG"},
    "cog.tif": {"driver": "COG"},
}


@pytest.mark.parametrize("name", FILES)
def test_nothing_is_written_beside_a_raster(save: Save, name: str) -> None:
    options = dict(FILES[name])
    pixels = noise(options.pop("bands", 3), options.pop("dtype", "uint8"))
    path = save(name, pixels, **options)
    with unchanged(path.parent):
        do_everything(path)


def test_nothing_is_written_beside_a_vrt_and_its_parts(save: Save) -> None:
    part = save("part.tif", noise(3))
    vrt = write_grid_vrt(part.with_name("all.vrt"), "part.tif", (2304, 300), 2)
    with unchanged(part.parent):
        do_everything(vrt)


SIDECAR = """<PAMDataset><SRS>EPSG:32633</SRS><GeoTransform>500000, 0.5, 0, 5800000, 0, -0.5</GeoTransform>
<PAMRasterBand band="1"><NoDataValue>7</NoDataValue></PAMRasterBand></PAMDataset>"""


def test_gdals_own_sidecar_is_read_and_left_as_it_is(save: Save) -> None:
    path = save("picture.png", noise(1), driver="PNG")
    path.with_name("picture.png.aux.xml").write_text(SIDECAR)
    with unchanged(path.parent):
        with RasterSource(path) as source:
            assert source.nodata == 7
            assert source.grid.crs.to_epsg() == 32633
            assert source.grid.transform.a == 0.5
        do_everything(path)


@pytest.mark.parametrize(
    ("name", "driver", "sidecar"),
    [
        ("a.tif", "GTiff", "a.tfw"),
        ("a.png", "PNG", "a.pgw"),
        ("a.jpg", "JPEG", "a.jgw"),
        ("a.jpg", "JPEG", "a.wld"),
        ("a.jp2", "JP2OpenJPEG", "a.j2w"),
    ],
)
def test_world_files_are_read(save: Save, name: str, driver: str, sidecar: str) -> None:
    path = save(name, noise(1), driver=driver)
    path.with_name(sidecar).write_text("0.5\n0\n0\n-0.5\n500000.25\n5799999.75\n")
    with unchanged(path.parent), RasterSource(path) as source:
        assert source.grid.to_crs(0, 0) == (500_000, 5_800_000)
