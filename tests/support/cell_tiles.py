"""Cells that are squares, so that a test knows which pixels each holds."""

from __future__ import annotations

import numpy as np

from landseg_core.assistant.cells import CellTile
from landseg_core.geo.tiling import TileKey, TilePyramid
from landseg_core.geo.window import PixelWindow

SIDE = 16
"""Of the finest cells, in px of their level; those of the next sizes are 32 and 64 px square."""


def square_cells(height: int, width: int) -> CellTile:
    """Return square cells; the finest of the left half are dark, the others light."""
    rows, columns = np.mgrid[0:height, 0:width] // SIDE
    across = -(-width // SIDE)
    ids = (rows * across + columns).astype(np.int32)
    finest = np.arange(ids.max() + 1, dtype=np.int32)
    row, column = finest // across, finest % across
    parents = tuple(_numbered((row >> size) * across + (column >> size)) for size in range(3))
    colours = np.where((column * SIDE < width // 2)[:, np.newaxis], 40, 220) * np.ones(3)
    return CellTile(ids, parents, colours.astype(np.float32))


def _numbered(values: np.ndarray) -> np.ndarray:
    return np.unique(values, return_inverse=True)[1].astype(np.int32)


def all_square_cells(pyramid: TilePyramid, level: int) -> dict[TileKey, CellTile]:
    """Return the cells of all tiles of a level."""
    whole = PixelWindow(0, 0, pyramid.width, pyramid.height)
    windows = {key: pyramid.tile_window(key) for key in pyramid.tiles_in(level, whole)}
    return {key: square_cells(window.height, window.width) for key, window in windows.items()}
