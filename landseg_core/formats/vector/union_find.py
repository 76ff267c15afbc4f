"""Pieces of regions, each in one tile, and which of them belong together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from landseg_core.labels.classes import UNLABELLED

Values = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int32]
Piece = TypeVar("Piece")


def number_pieces(values: Values) -> Numbers:
    """Return (H, W) numbers from 1: pixels of one class that share edges have the same; 0 where unlabelled."""
    numbers = np.zeros(values.shape, np.int32)
    count = 0
    for value in np.flatnonzero(np.bincount(values.ravel())):
        if value != UNLABELLED:
            found, pieces = cv2.connectedComponents((values == value).astype(np.uint8), connectivity=4)
            numbers += np.where(pieces > 0, pieces + count, 0).astype(np.int32)
            count += found - 1
    return numbers


@dataclass(frozen=True)
class Seam:
    """One side of a tile: the (N,) ids of the pieces along it (0 for none) and their class values."""

    ids: npt.NDArray[np.int64]
    values: Values

    def labelled_ids(self) -> list[int]:
        """Return the ids of the pieces along this side."""
        return np.unique(self.ids[self.values != UNLABELLED]).tolist()  # type: ignore[no-any-return]

    def common(self, other: Seam) -> Iterator[tuple[int, int]]:
        """Yield the pieces of both tiles that belong to one region, where the tiles touch."""
        same = (self.values == other.values) & (self.values != UNLABELLED)
        yield from np.unique([self.ids[same], other.ids[same]], axis=1).T.tolist()


class UnionFind(Generic[Piece]):
    """Pieces with their ids, and which of them make up one region (a disjoint-set forest: Tarjan, 1975)."""

    def __init__(self) -> None:
        self._parent: dict[int, int] = {}
        self._pieces: dict[int, list[tuple[int, Piece]]] = {}

    def add(self, piece_id: int, piece: Piece) -> None:
        """Add a piece as a region of its own."""
        self._parent[piece_id] = piece_id
        self._pieces[piece_id] = [(piece_id, piece)]

    def join(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Make one region of those that hold the pieces of each pair."""
        for pair in pairs:
            small, large = sorted((self._root(piece_id) for piece_id in pair), key=lambda root: len(self._pieces[root]))
            if small != large:
                self._parent[small] = large
                self._pieces[large] += self._pieces.pop(small)

    def take_complete(self, growing: Collection[int]) -> Iterator[list[Piece]]:
        """Yield the pieces of each region that holds none of the pieces `growing`, and remove them."""
        kept = {self._root(piece_id) for piece_id in growing}
        for root in [root for root in self._pieces if root not in kept]:
            members = self._pieces.pop(root)
            for piece_id, _ in members:
                del self._parent[piece_id]
            yield [piece for _, piece in members]

    def _root(self, piece_id: int) -> int:
        while (parent := self._parent[piece_id]) != piece_id:
            self._parent[piece_id] = self._parent[parent]  # halves the path for the next time
            piece_id = parent
        return piece_id
