"""Tiles of labels, and how four of them become one tile of the next coarser level."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED

TILE = 512
"""Width and height of a tile in px."""

HALF = TILE // 2

Values = npt.NDArray[np.uint8]

Tile = npt.NDArray[np.uint8]
"""(512, 512) uint8 class values; 255 where nothing is painted and beyond the raster's edge."""


def _empty_tile() -> Tile:
    tile = np.full((TILE, TILE), UNLABELLED, np.uint8)
    tile.flags.writeable = False
    return tile


EMPTY_TILE = _empty_tile()
"""The one read-only array that is used for every tile without labels."""


def halved(values: Values) -> Values:
    """Return (H/2, W/2) class values from (H, W), both even: the most frequent label of each four pixels.

    The same as `raster.pyramid.reduction.halve` for the codes of a map, but faster for labels, where nearly all fours
    are alike: votes are counted only in the others.
    """
    pairs = np.ascontiguousarray(values).view(np.uint16)
    upper, lower = pairs[::2], pairs[1::2]
    result = upper.astype(np.uint8)
    mixed = (upper != lower) | (upper >> 8 != result)
    rows, columns = np.nonzero(mixed)
    if rows.size:
        result[rows, columns] = _voted(*_left_and_right(upper[rows, columns]), *_left_and_right(lower[rows, columns]))
    return result


def _left_and_right(pairs: npt.NDArray[np.uint16]) -> tuple[Values, Values]:
    both = pairs.view(np.uint8)
    return both[::2], both[1::2]


def _voted(one: Values, two: Values, three: Values, four: Values) -> Values:
    """Return the most frequent label of each four, the first of equals, 255 where none has a label.

    Of four votes, two equal ones are enough; without two equal ones, the first labelled one wins. So nothing is
    counted: a later line overrides those before it.
    """
    result = np.where(three == UNLABELLED, four, three)
    result = np.where(two == UNLABELLED, result, two)
    result = np.where(one == UNLABELLED, result, one)
    result = np.where((three == four) & (three != UNLABELLED), three, result)
    result = np.where(((two == three) | (two == four)) & (two != UNLABELLED), two, result)
    return np.where(((one == two) | (one == three) | (one == four)) & (one != UNLABELLED), one, result)


def build_parent(children: Sequence[Tile | None]) -> Tile | None:
    """Return the tile above four children (upper left, upper right, lower left, lower right; None: nothing painted).

    A pixel has the label that most of the labelled ones among its four children have, the first of equals, and is
    unlabelled where none is. None where no child has a label: nothing is painted there.
    """
    if all(child is None for child in children):
        return None
    parent = EMPTY_TILE.copy()
    for number, child in enumerate(children):
        if child is not None:
            row, column = divmod(number, 2)
            parent[row * HALF : (row + 1) * HALF, column * HALF : (column + 1) * HALF] = halved(child)
    return None if is_empty(parent) else parent


def is_empty(tile: Tile) -> bool:
    """Return whether nothing is painted in a tile."""
    return tile is EMPTY_TILE or bool((tile == UNLABELLED).all())


def parent_key(key: TileKey) -> TileKey:
    """Return the tile of the next coarser level that shows this one."""
    return TileKey(key.level + 1, key.row // 2, key.column // 2)


def aligned(box: PixelWindow) -> PixelWindow:
    """Return `box` grown to even coordinates, so that it halves to whole pixels."""
    x, y = box.x & ~1, box.y & ~1
    return PixelWindow(x, y, box.right + 1 - x & ~1, box.bottom + 1 - y & ~1)


def box_in_parent(key: TileKey, box: PixelWindow) -> PixelWindow:
    """Return the box of the parent tile that shows an aligned `box` of the tile `key`."""
    x, y = key.column % 2 * HALF, key.row % 2 * HALF
    return PixelWindow(x + box.x // 2, y + box.y // 2, box.width // 2, box.height // 2)


def union(one: PixelWindow | None, other: PixelWindow) -> PixelWindow:
    """Return the smallest box around both."""
    if one is None:
        return other
    x, y = min(one.x, other.x), min(one.y, other.y)
    return PixelWindow(x, y, max(one.right, other.right) - x, max(one.bottom, other.bottom) - y)
