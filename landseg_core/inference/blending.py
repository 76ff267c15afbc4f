"""Joins overlapping windows, keeping scores only where further windows still overlap."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from landseg_core.inference.layout import AxisSegment, AxisWindow, Strip, axis_segments

Scores = npt.NDArray[np.float32]
Valid = npt.NDArray[np.bool_]
Rows = TypeVar("Rows", covariant=True)

_BATCH_ROWS = 128


@dataclass(frozen=True, eq=False)
class BlendedRows:
    """Finished rows of a strip, from image row `top` on: (H, W) index and score of the strongest class, validity."""

    top: int
    index: npt.NDArray[np.uint8]
    score: Scores
    valid: Valid


@dataclass(frozen=True, eq=False)
class ScoredRows:
    """Blended rows of a strip, from row `top` on: (K, H, W) scores and (H, W) validity."""

    top: int
    scores: Scores
    valid: Valid

    @property
    def classes(self) -> int:
        """Return the number of classes."""
        return len(self.scores)

    @property
    def bottom(self) -> int:
        """Return the first row below."""
        return self.top + len(self.valid)

    def from_row(self, first: int) -> ScoredRows:
        """Return a copy of the rows from `first` on."""
        kept = slice(first - self.top, None)
        return ScoredRows(first, self.scores[:, kept].copy(), self.valid[kept].copy())

    def followed_by(self, rows: ScoredRows) -> ScoredRows:
        """Return these rows and the ones below them as one."""
        scores = np.concatenate([self.scores, rows.scores], axis=1)
        return ScoredRows(self.top, scores, np.concatenate([self.valid, rows.valid]))


class Accumulator(Protocol[Rows]):
    """Collects the final scores of some rows, piece by piece, and returns them as rows."""

    def put(self, rows: slice, columns: slice, scores: Scores) -> None:
        """Take the (K, H, W) `scores` of a piece."""

    def part(self, top: int, rows: slice, valid: Valid) -> Rows:
        """Return the collected `rows`, as the rows from image row `top` on, of which `valid` (H, W) hold data."""


Gather = Callable[[int, int, int], Accumulator[Rows]]
"""Makes an `Accumulator` for a number of classes, a height and a width."""


class ArgmaxAccumulator:
    """Keeps the class with the highest score of each pixel, and the score."""

    memory = 52 * 2**20
    """Bytes for a row of windows, which limits the width of strips."""

    def __init__(self, _classes: int, height: int, width: int) -> None:
        self._index = np.zeros((height, width), np.uint8)
        self._score = np.zeros((height, width), np.float32)

    @classmethod
    def max_width(cls, _classes: int, height: int) -> int:
        """Return how wide a strip may be, in px, whose windows are `height` px high."""
        return cls.memory // (5 * height)

    def put(self, rows: slice, columns: slice, scores: Scores) -> None:
        """Take the (K, H, W) `scores` of a piece."""
        self._index[rows, columns], self._score[rows, columns] = strongest(scores)

    def part(self, top: int, rows: slice, valid: Valid) -> BlendedRows:
        """Return `rows` as those from image row `top` on."""
        return BlendedRows(top, self._index[rows], self._score[rows], valid)


class ScoreAccumulator:
    """Keeps the scores of all classes."""

    memory = 208 * 2**20
    """As for `ArgmaxAccumulator`."""

    def __init__(self, classes: int, height: int, width: int) -> None:
        self._scores = np.zeros((classes, height, width), np.float32)

    @classmethod
    def max_width(cls, classes: int, height: int) -> int:
        """Return how wide a strip may be, in px, whose windows are `height` px high."""
        return cls.memory // (4 * classes * height)

    def put(self, rows: slice, columns: slice, scores: Scores) -> None:
        """Take the (K, H, W) `scores` of a piece."""
        self._scores[:, rows, columns] = scores

    def part(self, top: int, rows: slice, valid: Valid) -> ScoredRows:
        """Return `rows` as those from image row `top` on."""
        return ScoredRows(top, self._scores[:, rows], valid)


class StripBlender(Generic[Rows]):
    """Joins the windows of a strip, which come row by row of windows, in any order within a row.

    Scores are summed where windows are blended, and kept only there; the scores of pixels that only one window covers
    go to the accumulator immediately.
    """

    def __init__(self, classes: int, strip: Strip, gather: Gather[Rows]) -> None:
        self._classes, self._strip, self._gather = classes, strip, gather
        self._down, self._across = axis_segments(strip.rows), axis_segments(strip.columns)
        self._top = strip.rows[0].first
        self._sums: dict[tuple[AxisSegment, AxisSegment], Scores] = {}
        self._begun: tuple[Accumulator[Rows], Valid] | None = None

    def add(self, row: AxisWindow, column: AxisWindow, scores: Scores | None, valid: Valid) -> None:
        """Add a window: (K, H, W) `scores` or None where nothing is valid, (H, W) `valid`."""
        gathered, all_valid = self._begun = self._begun or self._begin(row.last - self._top)
        all_valid[self._place(row, column)] = valid[row.counted, column.counted]
        if scores is None:
            return
        for down, across in product(_within(row, self._down), _within(column, self._across)):
            part = scores[:, _slice(down, row.start), _slice(across, column.start)]
            if down.alone and across.alone:
                gathered.put(*self._place(down, across), part)
                continue
            weights = row.weights[_slice(down, row.first), None] * column.weights[_slice(across, column.first)]
            self._sums[down, across] = self._sums.get((down, across), 0) + part * weights

    def finished(self, until: int) -> Iterator[Rows]:
        """Yield the rows above image row `until`, which no further window touches, in batches; then drop them."""
        if self._begun is None:
            return
        (gathered, valid), self._begun = self._begun, None
        for place in [place for place in self._sums if place[0].last <= until]:
            gathered.put(*self._place(*place), self._sums.pop(place))
        first, self._top = self._top, until
        for top in range(first, until, _BATCH_ROWS):
            rows = slice(top - first, min(top + _BATCH_ROWS, until) - first)
            yield gathered.part(top, rows, valid[rows])

    def _begin(self, height: int) -> tuple[Accumulator[Rows], Valid]:
        size = height, self._strip.width
        return self._gather(self._classes, *size), np.zeros(size, np.bool_)

    def _place(self, down: AxisWindow | AxisSegment, across: AxisWindow | AxisSegment) -> tuple[slice, slice]:
        return _slice(down, self._top), _slice(across, self._strip.first)


def _within(span: AxisWindow, among: Sequence[AxisSegment]) -> list[AxisSegment]:
    return [stretch for stretch in among if span.first <= stretch.first < span.last]


def _slice(pixels: AxisWindow | AxisSegment, start: int) -> slice:
    return slice(pixels.first - start, pixels.last - start)


def strongest(scores: Scores) -> tuple[npt.NDArray[np.uint8], Scores]:
    """Return (H, W) index and value of the largest of (K, H, W) scores; the first of equals.

    A chain of comparisons: several times as fast as an argmax along the first axis.
    """
    best = scores[0].copy()
    index = np.zeros(best.shape, np.uint8)
    for number, candidate in enumerate(scores[1:], start=1):
        # Scores only grow, so a maximum does what a masked copy would, and faster.
        np.maximum(index, (candidate > best) * np.uint8(number), out=index)
        np.maximum(best, candidate, out=best)
    return index, best
