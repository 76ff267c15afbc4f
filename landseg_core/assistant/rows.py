"""Rows for the suggestion: the labelled cells of an image, with what they look like."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from landseg_core.assistant.cell_graph import Ids
from landseg_core.geo.tiling import TileKey
from landseg_core.labels.classes import UNLABELLED
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.labels.pyramid import is_empty

_ENOUGH = 0.25
"""The part of a cell that labels must cover for it to count in full."""


@dataclass(frozen=True, eq=False)
class LabelledCells:
    """The cells of a tile that labels touch.

    Attributes:
        cells: (m,) their numbers in the tile.
        values: (V,) the class values of the labels.
        pixels: (m, V) how many pixels of a cell have each label.
        weights: (m,) 1 for a cell that is labelled well enough, less for one that a label only touches.
        positions: (m, 2) mean column and row of the labelled pixels, in px of the tile.
    """

    cells: npt.NDArray[np.int64]
    values: npt.NDArray[np.uint8]
    pixels: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float64]
    positions: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.cells)

    def shares(self, classes: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        """Return (m, K) which part of a cell's labels is of each class; all 0 where it has none of them."""
        counts = np.zeros((len(self), len(classes)))
        for number, value in enumerate(classes):
            counts[:, number] = self.pixels[:, self.values == value].sum(axis=1)
        return np.asarray(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))


def labelled_cells(ids: Ids, labels: npt.NDArray[np.uint8]) -> LabelledCells:
    """Return the cells of a tile (H, W) that its labels (H, W) touch."""
    known = (labels != UNLABELLED) & (ids >= 0)
    rows, columns = np.nonzero(known)
    cells, number = np.unique(ids[known], return_inverse=True)
    values, value = np.unique(labels[known], return_inverse=True)
    pixels = np.bincount(number * len(values) + value, minlength=len(cells) * len(values))
    pixels = pixels.reshape(len(cells), len(values))
    amount = pixels.sum(axis=1)
    sizes = np.bincount(ids[ids >= 0], minlength=1)[cells]
    positions = np.stack([np.bincount(number, at, len(cells)) for at in (columns, rows)], 1) / amount[:, np.newaxis]
    weights = np.minimum(1.0, amount / (sizes * _ENOUGH))
    return LabelledCells(cells.astype(np.int64), values, pixels, weights, positions)


@dataclass(frozen=True, eq=False)
class TileRows:
    """The labelled cells of a tile and their (m, F) features, which stay when those of the tile are evicted."""

    labelled: LabelledCells
    features: npt.NDArray[np.float32]

    @classmethod
    def of(cls, features: npt.NDArray[np.float32], ids: Ids, labels: npt.NDArray[np.uint8]) -> TileRows:
        """Return the rows of a tile whose cells have (n, F) `features`."""
        labelled = labelled_cells(ids, labels)
        return cls(labelled, features[labelled.cells])


Rows = TypeVar("Rows")


class ImageRows(Generic[Rows]):
    """The rows of an image's tiles, until the labels of a tile change. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tiles: dict[TileKey, Rows] = {}
        self._changes = 0

    def of(self, key: TileKey, make: Callable[[], Rows]) -> Rows:
        """Return the rows of a tile, made if needed; they are kept unless a label has changed meanwhile."""
        with self._lock:
            found, changes = self._tiles.get(key), self._changes
        if found is None:
            found = make()
            with self._lock:
                if changes == self._changes:
                    self._tiles[key] = found
        return found

    def has(self, key: TileKey) -> bool:
        """Return whether the rows of a tile are known."""
        with self._lock:
            return key in self._tiles

    def drop(self, keys: Iterable[TileKey] | None) -> None:
        """Remove the rows of some tiles, because their labels have changed; None: of all."""
        with self._lock:
            self._changes += 1
            for key in list(self._tiles) if keys is None else keys:
                self._tiles.pop(key, None)


def labelled_tiles(labels: LabelRaster, level: int) -> Iterator[TileKey]:
    """Yield the tiles of a level that hold labels: below a tile without any there is none."""
    pyramid = labels.pyramid
    top = max(level, pyramid.levels - 1)
    waiting = list(pyramid.tiles_in(top, pyramid.source_window(TileKey(pyramid.levels - 1, 0, 0))))
    while waiting:
        key = waiting.pop()
        if is_empty(labels.tile(key)):
            continue
        if key.level == level:
            yield key
        else:
            waiting += pyramid.tiles_in(key.level - 1, pyramid.source_window(key))


def nearest_labelled(labels: LabelRaster, level: int, keys: Sequence[TileKey], most: int) -> list[TileKey]:
    """Return the labelled tiles of a level that are nearest to the tiles `keys`, without those."""
    known = sorted(set(labelled_tiles(labels, level)) - set(keys))
    row, column = (sum(at) / max(len(keys), 1) for at in ([k.row for k in keys], [k.column for k in keys]))
    known.sort(key=lambda key: math.hypot(key.row - row, key.column - column))
    return known[:most]
