"""Which cells lie side by side, within a tile and across the edges of tiles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from landseg_core.geo.tiling import TileKey

Ids = npt.NDArray[np.int32]
"""The cell of each pixel, 0..n-1; -1 where there is no data."""
_Whole = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Borders:
    """Cells that share a border.

    Attributes:
        pairs: (2, P) cells, each pair once.
        lengths: (P,) px of their common border.
    """

    pairs: _Whole
    lengths: _Whole

    @classmethod
    def between(cls, ones: Ids, others: Ids) -> Borders:
        """Return the borders between pixels that lie side by side: `others` are the neighbours of `ones`."""
        apart = (ones != others) & (ones >= 0) & (others >= 0)
        count = int(others.max(initial=0)) + 1
        pairs, lengths = np.unique(ones[apart].astype(np.int64) * count + others[apart], return_counts=True)
        return cls(np.stack(np.divmod(pairs, count)), lengths)

    @classmethod
    def joined(cls, parts: list[Borders]) -> Borders:
        """Return all borders; a pair may occur twice."""
        pairs = [np.empty((2, 0), np.int64), *(part.pairs for part in parts)]
        return cls(np.hstack(pairs), np.concatenate([np.empty(0, np.int64), *(part.lengths for part in parts)]))

    def shifted(self, one: int, other: int) -> Borders:
        """Return the borders with other numbers: `one` added to the first cell of each pair, `other` to the second."""
        return Borders(self.pairs + np.array([[one], [other]]), self.lengths)


@dataclass(frozen=True, eq=False)
class TileOutline:
    """What a tile's cells are to their neighbours: borders inside, and the cells along the tile's sides.

    Attributes:
        borders: those inside the tile.
        top, bottom, left, right: (W,) or (H,) the cells of the outermost pixels.
    """

    borders: Borders
    top: Ids
    bottom: Ids
    left: Ids
    right: Ids

    @classmethod
    def of(cls, ids: Ids) -> TileOutline:
        """Return the outline of a tile (H, W)."""
        across, down = _sorted(ids[:, :-1], ids[:, 1:]), _sorted(ids[:-1], ids[1:])
        ones, others = (np.concatenate([a.ravel(), b.ravel()]) for a, b in zip(across, down, strict=True))
        sides = (ids[0], ids[-1], ids[:, 0], ids[:, -1])
        return cls(Borders.between(ones, others), *(side.copy() for side in sides))

    @property
    def nbytes(self) -> int:
        """Return the bytes that it takes in memory."""
        return self.borders.pairs.nbytes + self.borders.lengths.nbytes + 2 * (self.top.nbytes + self.left.nbytes)


def _sorted(ones: Ids, others: Ids) -> tuple[Ids, Ids]:
    return np.minimum(ones, others), np.maximum(ones, others)


def borders_of(outlines: Mapping[TileKey, TileOutline], starts: Mapping[TileKey, int]) -> Borders:
    """Return the borders of all cells of some tiles of one level; a tile's cells are numbered from its start."""
    return Borders.joined(list(_parts(outlines, starts)))


def _parts(outlines: Mapping[TileKey, TileOutline], starts: Mapping[TileKey, int]) -> Iterator[Borders]:
    for key, outline in outlines.items():
        yield outline.borders.shifted(starts[key], starts[key])
        right, below = TileKey(key.level, key.row, key.column + 1), TileKey(key.level, key.row + 1, key.column)
        for beside, own, facing in ((right, outline.right, "left"), (below, outline.bottom, "top")):
            if beside in outlines:
                across = _across(own, getattr(outlines[beside], facing))
                yield across.shifted(starts[key], starts[beside])


def _across(own: Ids, facing: Ids) -> Borders:
    """Return the borders across the edge of a tile; both sides number their cells for themselves."""
    apart = facing.astype(np.int64) + np.where(facing >= 0, own.max(initial=-1) + 1, 0)
    found = Borders.between(own, apart.astype(np.int32))
    return found.shifted(0, -(int(own.max(initial=-1)) + 1))


class SimilarNeighbours:
    """Averages over neighbouring cells that look alike."""

    def __init__(self, borders: Borders, looks: npt.NDArray[np.float32], sigma: float) -> None:
        """Weigh a neighbour by its common border and by how much alike both cells look.

        Args:
            borders: which cells are neighbours.
            looks: (n, D) what cells are compared by, of deviation 1.
            sigma: the difference, as root mean square over D, at which a neighbour counts exp(-1/2).
        """
        one, other = borders.pairs
        difference = np.square(looks[one] - looks[other]).mean(axis=1)
        weights = np.exp(-difference / (2 * sigma**2)) * borders.lengths
        order = np.argsort(np.concatenate([one, other]), kind="stable")
        cells = np.concatenate([one, other])[order]
        self._neighbours = np.concatenate([other, one])[order]
        self._cells, self._starts = np.unique(cells, return_index=True)
        weights = np.concatenate([weights, weights])[order]
        totals = np.bincount(cells, weights, minlength=len(looks)) + 1e-12
        self._weights = (weights / totals[cells]).astype(np.float32)[:, np.newaxis]

    def mean(self, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return the weighted means (n, K) of the neighbours' values; a cell without neighbours keeps its own."""
        means = values.copy()
        if self._cells.size:
            means[self._cells] = np.add.reduceat(values[self._neighbours] * self._weights, self._starts, axis=0)
        return means
