"""Where labels are, coarsely: how many pixels of each class the small squares of an image hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from landseg_core.geo.tiling import TileKey
from landseg_core.labels.classes import UNLABELLED, ClassSchema
from landseg_core.labels.pyramid import TILE, Tile

Counts = npt.NDArray[np.int64]
Indices = npt.NDArray[np.int64]

LabelTile = tuple[int, TileKey, Tile]
"""The number of an image, and a label tile of its level 0."""


@dataclass(frozen=True)
class LabelGrid:
    """The squares of `side` px that hold labels.

    Attributes:
        side: a divisor of a label tile's side.
        image: (N,) number of the image.
        row: (N,) row in the image, counted in cells from the top.
        column: (N,) column in the image, counted in cells from the left.
        counts: (N, K) labelled px by class index.
    """

    side: int
    image: Indices
    row: Indices
    column: Indices
    counts: Counts

    def along(self, axis: int) -> Indices:
        """Return (N,) the column (axis 0) or the row (axis 1) of each cell."""
        return (self.column, self.row)[axis]

    def where(self, chosen: npt.NDArray[Any]) -> LabelGrid:
        """Return some of the cells: those of the numbers `chosen`, or where (N,) `chosen` is True."""
        return LabelGrid(self.side, self.image[chosen], self.row[chosen], self.column[chosen], self.counts[chosen])

    def by_image(self) -> list[LabelGrid]:
        """Return the cells of each image that has some, in the order of the images' numbers."""
        return [self.where(self.image == image) for image in np.unique(self.image)]


def count_cells(tiles: Iterable[LabelTile], schema: ClassSchema, side: int) -> LabelGrid:
    """Count the labels of `tiles` in cells of `side` px; values that no class has do not count."""
    found: list[Indices] = [np.zeros((0, 3), np.int64)]
    counts: list[Counts] = [np.zeros((0, len(schema)), np.int64)]
    per_tile = TILE // side
    for image, key, tile in tiles:
        rows, columns, histograms = _histograms(tile, side)
        indices = np.full(len(rows), image), key.row * per_tile + rows, key.column * per_tile + columns
        in_cells = histograms[:, schema.values]
        has_class = in_cells.any(axis=1)
        found.append(np.stack(indices, axis=1)[has_class])
        counts.append(in_cells[has_class])
    images, rows, columns = np.concatenate(found).T
    return LabelGrid(side, images, rows, columns, np.concatenate(counts))


def _histograms(tile: Tile, side: int) -> tuple[Indices, Indices, Counts]:
    """Return row and column in the tile of each cell that holds labels, and its (cells, 256) px of each value."""
    count = TILE // side
    squares = tile.reshape(count, side, count, side)
    rows, columns = np.nonzero(squares.min(axis=(1, 3)) != UNLABELLED)
    counts = [histogram(squares[row, :, column]) for row, column in zip(rows, columns, strict=True)]
    return rows, columns, np.array(counts, np.int64).reshape(-1, 256)


def histogram(values: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return (256,) counts, exact up to 2^24; OpenCV counts several times faster than numpy."""
    return np.asarray(cv2.calcHist([np.ascontiguousarray(values)], [0], None, [256], [0, 256]).ravel(), np.float32)
