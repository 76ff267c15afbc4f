"""Cells (superpixels): small areas of one colour, in three sizes, that a person labels by a click.

A tile is cut by itself, so that its cells depend on nothing but its pixels: they are the same after every pan.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from landseg_core.assistant.merging import Regions, merged
from landseg_core.assistant.watershed import OUTSIDE, watershed

SIZES = (16, 24, 32)
"""Nominal sides of the cells in px: a tile has as many as it would have squares of this side."""

_PIECE = 12  # px between the markers of the pieces that cells are made of

Ids = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class CellTile:
    """The cells of one tile.

    Each is connected by the sides of its pixels, and a larger one is made of whole smaller ones.

    Attributes:
        ids: (H, W) the finest cell of each pixel, 0..n-1; -1 where there is no data.
        parents: for each of the `SIZES` (n,) the cell of that size that holds a finest cell, from 0 without gaps.
        colours: (n, 3) the mean colour of each finest cell: Lab, each band from 0 to 255.
    """

    ids: Ids
    parents: tuple[Ids, ...]
    colours: npt.NDArray[np.float32]

    @property
    def nbytes(self) -> int:
        """Return the bytes that it takes in memory."""
        return self.ids.nbytes + self.colours.nbytes + sum(parents.nbytes for parents in self.parents)

    def count(self, size: int = 0) -> int:
        """Return the number of cells of `SIZES[size]`."""
        return int(self.parents[size].max(initial=-1)) + 1

    def at(self, size: int) -> Ids:
        """Return (H, W) the cell of `SIZES[size]` of each pixel, -1 where there is no data."""
        return np.append(self.parents[size], np.int32(OUTSIDE))[self.ids]

    def cell_at(self, row: int, column: int, size: int) -> int:
        """Return the cell of `SIZES[size]` that holds a pixel, -1 where it has no data."""
        finest = int(self.ids[row, column])
        return OUTSIDE if finest < 0 else int(self.parents[size][finest])

    def mask(self, cell: int, size: int) -> npt.NDArray[np.bool_]:
        """Return (H, W): which pixels belong to a cell of `SIZES[size]`."""
        members = self.parents[size] == cell
        return np.append(members, False)[self.ids]


def cut_cells(rgb: npt.NDArray[np.uint8], valid: npt.NDArray[np.bool_], finer: int = 1) -> CellTile:
    """Return the cells of a tile: every valid pixel belongs to exactly one of each size.

    A watershed from a fine grid of markers cuts the tile into pieces along its edges; the most similar neighbours among
    them are joined until there are as many as cells of each of the `SIZES`. The same pixels always give the same cells.

    Args:
        rgb: (H, W, 3) uint8.
        valid: (H, W) bool: where there is data.
        finer: how many times smaller than the `SIZES` the sides of the cells are.
    """
    if not valid.any():
        return _no_cells(valid.shape)
    pieces, smooth = watershed(rgb, valid, _PIECE // finer)
    regions = Regions.of(pieces, np.asarray(cv2.cvtColor(smooth, cv2.COLOR_RGB2LAB), np.uint8))
    counts = [max(1, round(int(valid.sum()) * finer**2 / side**2)) for side in SIZES]
    groups = merged(regions, counts[0])
    cells = regions.grouped(groups)
    finest = np.append(groups, OUTSIDE).astype(np.int32)
    colours = (cells.colours / cells.pixels[:, np.newaxis]).astype(np.float32)
    return CellTile(finest[pieces], _parents(cells, counts[1:]), colours)


def _no_cells(shape: tuple[int, ...]) -> CellTile:
    nothing = np.zeros(0, np.int32)
    return CellTile(np.full(shape, OUTSIDE, np.int32), (nothing,) * len(SIZES), np.zeros((0, 3), np.float32))


def _parents(cells: Regions, counts: list[int]) -> tuple[Ids, ...]:
    """Return for each cell itself, and the one that holds it where there are as many as each of the `counts`."""
    parents = [np.arange(len(cells))]
    for count in counts:
        step = merged(cells, count)
        parents.append(step[parents[-1]])
        cells = cells.grouped(step)
    return tuple(numbers.astype(np.int32) for numbers in parents)
