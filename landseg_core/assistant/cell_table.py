"""The cells of an image, or of a part of it, as rows of a table: where they are, and which may still be labelled."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from landseg_core.assistant.cell_graph import Ids
from landseg_core.geo.tiling import TileKey, TilePyramid
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.labels.regions import AreasRegion, Position, Region

Flags = npt.NDArray[np.bool_]
Rings = Sequence[Sequence[Position]]
_INSIDE = 0.5  # the part of a cell that must lie in a working area


@dataclass(frozen=True, eq=False)
class CellTable:
    """The cells of some tiles of one level, those of a tile one after another.

    Attributes:
        starts: the row of the first cell of each tile.
        positions: (n, 2) mean column and row of each cell, in px of the image.
        inside: (n,) bool: whether it lies in a working area, where there is one.
        labelled: (n,) bool: whether a label touches it.
    """

    starts: Mapping[TileKey, int]
    positions: npt.NDArray[np.float64]
    inside: Flags
    labelled: Flags

    @classmethod
    def of(cls, pyramid: TilePyramid, tiles: Mapping[TileKey, Ids], labels: LabelRaster, areas: Rings) -> CellTable:
        """Return the cells of `tiles`; `areas` are the working areas in px of the image."""
        parts = [_part(pyramid, key, ids, labels, areas) for key, ids in tiles.items()]
        ends = np.cumsum([len(inside) for _, inside, _ in parts]).tolist()
        starts = {key: end - len(part[1]) for key, end, part in zip(tiles, ends, parts, strict=True)}
        positions, inside, labelled = (np.concatenate(column) for column in zip(*parts, strict=True))
        return cls(starts, positions, inside, labelled)

    @property
    def level(self) -> int:
        """Return the level of the tiles."""
        return next(iter(self.starts)).level

    def __len__(self) -> int:
        return len(self.inside)

    @property
    def open(self) -> Flags:
        """Return (n,) bool: which cells may still be labelled."""
        return np.asarray(self.inside & ~self.labelled)

    def cell(self, row: int) -> tuple[TileKey, int]:
        """Return the tile of a row, and the number of the cell in it."""
        keys = list(self.starts)
        key = keys[bisect_right(list(self.starts.values()), row) - 1]
        return key, row - self.starts[key]

    def position(self, row: int) -> Position:
        """Return the mean (column, row) of a cell in px of the image."""
        column, line = self.positions[row].tolist()
        return column, line

    def distances(self, position: Position) -> npt.NDArray[np.float64]:
        """Return (n,) how far each cell is from a position, in px of the image."""
        return np.asarray(np.hypot(*(self.positions - np.array(position)).T))

    def within(self, region: Region) -> Flags:
        """Return (n,) bool: which cells have their middle in a region of the image."""
        bounds = region.bounds
        columns, rows = (np.floor(self.positions).astype(np.int64) - (bounds.x, bounds.y)).T
        in_columns, in_rows = (columns >= 0) & (columns < bounds.width), (rows >= 0) & (rows < bounds.height)
        inside: Flags = np.asarray(in_columns & in_rows)
        inside[inside] = region.mask(bounds)[rows[inside], columns[inside]]
        return inside


def _part(
    pyramid: TilePyramid, key: TileKey, ids: Ids, labels: LabelRaster, areas: Rings
) -> tuple[npt.NDArray[np.float64], Flags, Flags]:
    """Return the positions of the cells of a tile, which lie in a working area, and which are labelled."""
    known, window, scale = ids >= 0, pyramid.tile_window(key), 1 << key.level
    cells, count = ids[known], int(ids.max(initial=-1)) + 1
    pixels = np.bincount(cells, minlength=count)
    rows, columns = np.nonzero(known)
    sums = np.stack([np.bincount(cells, at, count) for at in (columns, rows)], 1)
    positions = (sums / pixels[:, np.newaxis] + (window.x + 0.5, window.y + 0.5)) * scale
    painted = labels.tile(key)[: ids.shape[0], : ids.shape[1]][known] != UNLABELLED
    in_areas = _in_areas(areas, window, scale)[known]
    inside = np.bincount(cells, in_areas, count) >= _INSIDE * pixels
    return positions, inside, np.bincount(cells, painted, count) > 0


def _in_areas(areas: Rings, window: PixelWindow, scale: int) -> Flags:
    """Return (H, W): which px of a window lie in a working area; all where there is none."""
    if not areas:
        return np.ones((window.height, window.width), bool)
    return AreasRegion([[(column / scale, row / scale) for column, row in ring] for ring in areas]).mask(window)
