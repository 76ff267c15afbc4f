"""Puts overlapping windows together, keeping only the rows that further windows still overlap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from landseg_core.inference.layout import Span, Strip

Scores = npt.NDArray[np.float32]
Valid = npt.NDArray[np.bool_]

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

    def decided(self) -> BlendedRows:
        """Return the strongest class of each pixel."""
        return BlendedRows(self.top, *strongest(self.scores), self.valid.copy())

    def from_row(self, first: int) -> ScoredRows:
        """Return a copy of the rows from `first` on."""
        kept = slice(first - self.top, None)
        return ScoredRows(first, self.scores[:, kept].copy(), self.valid[kept].copy())

    def followed_by(self, rows: ScoredRows) -> ScoredRows:
        """Return these rows and those that follow on them as one."""
        scores = np.concatenate([self.scores, rows.scores], axis=1)
        return ScoredRows(self.top, scores, np.concatenate([self.valid, rows.valid]))


class StripBlender:
    """Adds up the weighted scores of a strip's windows, which come row by row of windows, in any order within a row.

    Its memory is that of one row of windows: classes x their height x the strip's width, in float32.
    """

    def __init__(self, classes: int, strip: Strip) -> None:
        height = max(len(row.weights) for row in strip.rows)
        self._left, self._top = strip.first, strip.rows[0].first
        self._scores = np.zeros((classes, height, strip.width), np.float32)
        self._valid = np.zeros((height, strip.width), np.bool_)

    def add(self, row: Span, column: Span, scores: Scores | None, valid: Valid) -> None:
        """Add a window: (K, H, W) `scores` or None where nothing is valid, (H, W) `valid`."""
        rows = slice(row.first - self._top, row.last - self._top)
        columns = slice(column.first - self._left, column.last - self._left)
        self._valid[rows, columns] = valid[row.counted, column.counted]
        if scores is None:
            return
        target, counted = self._scores[:, rows, columns], scores[:, row.counted, column.counted]
        for down, across in product(row.parts, column.parts):
            if down.alone and across.alone:
                target[:, down.place, across.place] = counted[:, down.place, across.place]
            else:
                weights = row.weights[down.place, None] * column.weights[across.place]
                target[:, down.place, across.place] += counted[:, down.place, across.place] * weights

    def finished(self, until: int) -> Iterator[ScoredRows]:
        """Yield the rows above image row `until`, which no further window touches, in batches; then forget them.

        The arrays of each batch are good until the next is asked for.
        """
        done = until - self._top
        for start in range(0, done, _BATCH_ROWS):
            batch = slice(start, min(start + _BATCH_ROWS, done))
            yield ScoredRows(self._top + start, self._scores[:, batch], self._valid[batch])
        self._top = until
        _move_up(self._scores, done)
        _move_up(self._valid, done)


def _move_up(rows: npt.NDArray[np.generic], by: int) -> None:
    """Move (..., H, W) up by `by` rows and fill up with zeros."""
    kept = rows.shape[-2] - by
    rows[..., :kept, :] = rows[..., by:, :]
    rows[..., kept:, :] = 0


def strongest(scores: Scores) -> tuple[npt.NDArray[np.uint8], Scores]:
    """Return (H, W) index and value of the largest of (K, H, W) scores; the first of equals.

    A chain of comparisons: several times as fast as an argmax along the first axis.
    """
    best = scores[0].copy()
    index = np.zeros(best.shape, np.uint8)
    for number, candidate in enumerate(scores[1:], start=1):
        # Numbers only grow, so a maximum does what a masked copy would, and quicker.
        np.maximum(index, (candidate > best) * np.uint8(number), out=index)
        np.maximum(best, candidate, out=best)
    return index, best
