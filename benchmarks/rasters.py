"""Reading tiles of a raster, against the rate at which rasterio alone decodes its blocks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import rasterio
from rasterio.windows import Window

from benchmarks.table import Line, interleaved
from landseg_core.geo.tiling import TileKey
from landseg_core.raster.overviews import PyramidReader
from landseg_core.raster.source import RasterSource

ROWS, COLUMNS = 8, 12


def decode_blocks(raster: Path) -> None:
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


def lines(raster: Path) -> Iterator[Line]:
    yield interleaved(
        f"read {ROWS * COLUMNS} tiles of 512 px with their masks",
        lambda: read_tiles(raster),
        "rasterio, pixels only",
        lambda: decode_blocks(raster),
    )
