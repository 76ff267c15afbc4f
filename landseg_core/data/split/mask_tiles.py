"""Reads masks as tiles of labels, so that what finds the labels of a project finds those in files, too."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from landseg_core.geo.tiling import TileKey, pieces
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED
from landseg_core.labels.masks.reader import MaskSource
from landseg_core.labels.pyramid import TILE, Tile, Values

_WIDTH = 16 * TILE
"""Masks are read in pieces this many px wide and a tile high: PNGs and striped TIFFs are decoded by whole rows."""


def mask_tiles(mask: MaskSource, piece_done: Callable[[int], None]) -> Iterator[tuple[TileKey, Tile]]:
    """Yield the tiles of a mask that hold labels, row by row; a value that no class has counts as unlabelled.

    `piece_done` takes the pixels of each piece that has been read.
    """
    table = mask.schema.value_table()
    for piece in pieces(mask.raster.grid.window, _WIDTH, TILE):
        yield from _tiles(table[mask.read_part(piece).labels], piece)
        piece_done(piece.pixels)


def _tiles(values: Values, piece: PixelWindow) -> Iterator[tuple[TileKey, Tile]]:
    """Yield the tiles of a row of tiles."""
    for x in range(0, piece.width, TILE):
        part = values[:, x : x + TILE]
        if (part != UNLABELLED).any():
            yield TileKey(0, piece.y // TILE, (piece.x + x) // TILE), _whole(part)


def _whole(part: Values) -> Tile:
    """Return a tile of which `part` may lack what lies beyond the edge."""
    tile = np.full((TILE, TILE), UNLABELLED, np.uint8)
    tile[: part.shape[0], : part.shape[1]] = part
    return tile
