"""Reading tiles, and building pyramids, against the rate at which rasterio alone decodes the same blocks."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from unittest import mock

import rasterio
import rasterio.shutil
from rasterio.windows import Window

from benchmarks.table import Line, Target, interleaved
from landseg_core.geo.tiling import TileKey
from landseg_core.raster.pyramid.builder import build_pyramid
from landseg_core.raster.pyramid.overviews import PyramidReader
from landseg_core.raster.source import RasterSource

ROWS, COLUMNS = 8, 12
BUILT = Target(ratio=0.8)
FORMATS = {
    "JPEG, tiled": {"tiled": True, "blockxsize": 512, "blockysize": 512, "compress": "jpeg", "photometric": "ycbcr"},
    "DEFLATE, tiled": {"tiled": True, "blockxsize": 256, "blockysize": 256, "compress": "deflate", "predictor": 2},
    "LZW, striped": {"compress": "lzw", "interleave": "pixel"},
}


def lines(raster: Path) -> Iterator[Line]:
    yield interleaved(
        f"read {ROWS * COLUMNS} tiles of 512 px with their masks",
        lambda: read_tiles(raster),
        "rasterio, pixels only",
        lambda: decode_tiles(raster),
    )
    with tempfile.TemporaryDirectory() as name:
        yield from building(raster, Path(name))


def decode_tiles(raster: Path) -> None:
    with rasterio.open(raster) as source:
        for row in range(ROWS):
            for column in range(COLUMNS):
                source.read(window=Window(column * 512, row * 512, 512, 512))


def read_tiles(raster: Path) -> None:
    with RasterSource(raster) as source:
        reader = PyramidReader(source)
        for row in range(ROWS):
            for column in range(COLUMNS):
                reader.read_tile(TileKey(0, row, column))


def building(raster: Path, folder: Path) -> Iterator[Line]:
    """Build the pyramid of the picture in several formats; each time in another cache, or it would be there."""
    places = count()
    for kind, layout in FORMATS.items():
        path = folder / "picture.tif"
        rasterio.shutil.copy(raster, path, driver="GTiff", **layout)
        yield interleaved(
            f"build a pyramid: {kind}",
            lambda path=path: build_in(path, folder / str(next(places))),
            "rasterio decodes its blocks once, in one thread",
            lambda path=path: decode_blocks(path),
            target=BUILT,
        )


def build_in(raster: Path, cache: Path) -> None:
    with mock.patch.dict("os.environ", XDG_CACHE_HOME=str(cache)), RasterSource(raster) as source:
        build_pyramid(source)


def decode_blocks(raster: Path) -> None:
    with rasterio.open(raster) as source:
        for _, window in source.block_windows(1):
            source.read(window=window)
