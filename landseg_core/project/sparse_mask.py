"""Masks that take disk space only for what is painted: GeoTIFFs whose empty blocks are not written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.windows import Window

from landseg_core.errors import RasterError
from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.tiling import TileKey, TilePyramid
from landseg_core.labels.classes import UNLABELLED, ClassSchema
from landseg_core.labels.masks.classes import class_map_info
from landseg_core.labels.pyramid import TILE, Tile
from landseg_core.messages import N_
from landseg_core.output_files import cannot_finish
from landseg_core.raster.files.gdal import BLOCK_CACHE_BYTES, GDAL_ERRORS, gdal_reason, open_dataset
from landseg_core.raster.files.libtiff import quieten_libtiff
from landseg_core.raster.files.tiff_layout import block_offsets

_LAYOUT = {
    "driver": "GTiff",
    "count": 1,
    "dtype": "uint8",
    "nodata": UNLABELLED,
    "tiled": True,
    "blockxsize": TILE,
    "blockysize": TILE,
    "compress": "deflate",
    "bigtiff": "if_safer",
    "SPARSE_OK": "TRUE",
}


def write_sparse_mask(
    unfinished: Path, path: Path, grid: RasterGrid, schema: ClassSchema, tiles: Iterable[tuple[TileKey, Tile]]
) -> None:
    """Write label tiles of level 0 to the file `unfinished`, which will be `path`.

    Values are those of the classes, which the file names in its tag; all else is 255, declared as nodata.

    Raises:
        OutputError: the mask cannot be written.
    """
    quieten_libtiff()
    try:
        with _gdal():
            painted = _write(unfinished, grid, schema, tiles)
            _read_back(unfinished, painted)
    except GDAL_ERRORS as error:
        raise cannot_finish(path, error) from error


def read_sparse_mask(path: Path) -> Iterator[tuple[TileKey, Tile]]:
    """Yield the tiles of a mask that `write_sparse_mask` wrote, row by row, in full size: 255 beyond the raster.

    Raises:
        RasterError: the file is missing or damaged.
    """
    try:
        with _gdal(), open_dataset(path) as dataset:
            for key in _written_keys(path, TilePyramid(dataset.width, dataset.height, TILE)):
                window = dataset.block_window(1, key.row, key.column)
                yield key, _full_tile(dataset.read(1, window=window))
    except (*GDAL_ERRORS, OSError, ValueError) as error:
        raise RasterError(
            N_("{path} cannot be read ({reason}); start a new run", path=path, reason=gdal_reason(error))
        ) from error


def _written_keys(path: Path, pyramid: TilePyramid) -> Iterator[TileKey]:
    """Yield the tiles that are in the file: asking GDAL for every possible one takes minutes for a huge image."""
    with path.open("rb") as file:
        offsets = block_offsets(file, path.stat().st_size)
    columns = -(-pyramid.width // TILE)
    for number in np.flatnonzero(offsets).tolist():
        yield TileKey(0, *divmod(number, columns))


def _gdal() -> Any:
    return rasterio.Env(GDAL_PAM_ENABLED="NO", GDAL_CACHEMAX=BLOCK_CACHE_BYTES, GDAL_DISABLE_READDIR_ON_OPEN="TRUE")


def _write(path: Path, grid: RasterGrid, schema: ClassSchema, tiles: Iterable[tuple[TileKey, Tile]]) -> list[TileKey]:
    """Write the tiles that hold labels, and return their keys."""
    pyramid = TilePyramid(grid.width, grid.height, TILE)
    georeference = {"transform": grid.transform} if grid.is_georeferenced else {}
    painted = []
    with open_dataset(
        path, mode="w", width=grid.width, height=grid.height, crs=grid.crs, **_LAYOUT, **georeference
    ) as dataset:
        dataset.update_tags(**class_map_info(schema).tags)
        for key, tile in tiles:
            window = pyramid.tile_window(key)
            cut = tile[: window.height, : window.width]
            if (cut != UNLABELLED).any():
                dataset.write(cut, 1, window=Window(window.x, window.y, window.width, window.height))
                painted.append(key)
    return painted


def _read_back(path: Path, keys: Iterable[TileKey]) -> None:
    """Raise unless every tile was written in full: GDAL does not report what fails on closing a file."""
    with open_dataset(path) as dataset:
        for key in keys:
            if not _has_block(dataset, key.row, key.column):
                raise OSError("a block is missing")
            dataset.read(1, window=dataset.block_window(1, key.row, key.column))


def _has_block(dataset: Any, row: int, column: int) -> bool:
    return bool(dataset.get_tag_item(f"BLOCK_OFFSET_{column}_{row}", "TIFF", bidx=1))


def _full_tile(values: Tile) -> Tile:
    if values.shape == (TILE, TILE):
        return values
    tile = np.full((TILE, TILE), UNLABELLED, np.uint8)
    tile[: values.shape[0], : values.shape[1]] = values
    return tile
