"""Features of cells: the means of the features of their pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from landseg_core.assistant.cell_graph import Ids, TileOutline
from landseg_core.assistant.feature_maps import FeatureMap
from landseg_core.assistant.filters import MARGIN
from landseg_core.geo.tiling import TileKey
from landseg_core.raster.tiles import TileBudget, TileCache

Features = npt.NDArray[np.float32]
"""(n, F): a row for each cell of a tile."""
Pixels = npt.NDArray[np.float32]
"""(C, H + 2 * MARGIN, W + 2 * MARGIN): the normalised bands of a tile with pixels around it."""
Valid = npt.NDArray[np.bool_]
"""(H + 2 * MARGIN, W + 2 * MARGIN): which of them hold data."""

Filters = Callable[[Pixels, Valid], list[FeatureMap]]
"""What features are made by; `MARGIN` px around a tile must be enough for it."""


@dataclass(frozen=True, eq=False)
class Columns:
    """What the F features are: (F,) how much each counts in a suggestion, and (F,) whether cells are compared by it."""

    weights: npt.NDArray[np.float32]
    looks: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, maps: Sequence[FeatureMap]) -> Columns:
        """Return those of the features of some maps."""
        counts = [len(found.values) for found in maps]
        weights = np.repeat([found.weight for found in maps], counts)
        return cls(weights.astype(np.float32), np.repeat([found.looks for found in maps], counts))


@dataclass(frozen=True, eq=False)
class TileCells:
    """What is known of the cells of a tile: their (n, F) `features`, and which of them are neighbours."""

    features: Features
    columns: Columns
    outline: TileOutline

    @property
    def nbytes(self) -> int:
        """Return the bytes that it takes in memory."""
        return self.features.nbytes + self.outline.nbytes


class CellFeatures:
    """The features of the cells of a raster's tiles, the most recently used within a budget. Safe from any thread.

    Another raster, or features made of something else, are another object, which may share the budget.
    """

    def __init__(
        self,
        read: Callable[[TileKey], tuple[Pixels, Valid]],
        cells: Callable[[TileKey], Ids],
        filters: Sequence[Filters],
        budget: TileBudget,
    ) -> None:
        """Compute features by `filters` from what `read` and `cells` return of a tile."""
        self._read = read
        self._cells = cells
        self._filters = tuple(filters)
        self._cache: TileCache[TileCells] = TileCache(budget, lambda cells: cells.nbytes)

    def cached(self, key: TileKey) -> TileCells | None:
        """Return a tile's cells if their features have been computed and not been evicted."""
        return self._cache.get(key)

    def of(self, key: TileKey) -> TileCells:
        """Return a tile's cells, whose features are computed if needed.

        Raises whatever reading the tile raises.
        """
        found = self._cache.get(key)
        if found is None:
            ids = self._cells(key)
            found = TileCells(*tile_features(*self._read(key), ids, self._filters), TileOutline.of(ids))
            self._cache.put(key, found)
        return found

    def clear(self) -> None:
        """Release all features."""
        self._cache.clear()


def tile_features(pixels: Pixels, valid: Valid, ids: Ids, filters: Sequence[Filters]) -> tuple[Features, Columns]:
    """Return the (n, F) features of the cells `ids` (H, W) of a tile, and what they are."""
    maps = [found for make in filters for found in make(pixels, valid)]
    return cell_means(maps, ids, MARGIN), Columns.of(maps)


def cell_means(maps: Sequence[FeatureMap], ids: Ids, margin: int = 0) -> Features:
    """Return the (n, F) means of maps with `margin` px around the cells `ids` (H, W).

    Maps of coarse features are not enlarged: a cell's mean weighs each square by the pixels that they share.
    """
    count = int(ids.max(initial=-1)) + 1
    if not count:
        return np.empty((0, sum(len(found.values) for found in maps)), np.float32)
    shares = {stride: _Shares.of(ids, count, stride, margin) for stride in {found.stride for found in maps}}
    means = [shares[found.stride].mean(plane) for found in maps for plane in found.values]
    return np.ascontiguousarray(np.stack(means).T)


@dataclass(frozen=True)
class _Shares:
    """How much of each cell lies in each square of a map.

    Attributes:
        inner: the squares of the tile in a map with a margin.
        squares: (E,) numbers of the squares that a cell touches, one cell after another.
        weights: (E,) the part of the cell in it.
        starts: (n,) where each cell begins.
    """

    inner: tuple[slice, slice]
    squares: npt.NDArray[np.intp]
    weights: npt.NDArray[np.float32]
    starts: npt.NDArray[np.intp]

    @classmethod
    def of(cls, ids: Ids, count: int, stride: int, margin: int) -> _Shares:
        """Return the shares of `count` cells, each of which has a pixel, in squares of `stride` px."""
        height, width = (-(-size // stride) for size in ids.shape)
        rows, columns = (np.arange(size) // stride for size in ids.shape)
        numbers = rows[:, np.newaxis] * width + columns
        pairs = (ids.astype(np.int64) * (height * width) + numbers)[ids >= 0]
        pairs, pixels = np.unique(pairs, return_counts=True)
        cells, squares = np.divmod(pairs, height * width)
        starts = np.searchsorted(cells, np.arange(count))
        weights = pixels / np.add.reduceat(pixels, starts)[cells]
        begin = margin // stride
        inner = slice(begin, begin + height), slice(begin, begin + width)
        return cls(inner, squares, weights.astype(np.float32), starts)

    def mean(self, plane: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return the (n,) means of a plane of a map."""
        return np.asarray(np.add.reduceat(plane[self.inner].ravel()[self.squares] * self.weights, self.starts))
