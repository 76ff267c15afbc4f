"""Bisects an image through its labels, where these are too close together to be split by blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from landseg_core.data.split.label_grid import Counts, LabelGrid
from landseg_core.data.split.label_regions import ACROSS, DOWN, LabelRegion
from landseg_core.data.split.splits import ENOUGH_PIXELS, SMALLEST_BISECTED, VALIDATION_SHARE


class _Faults(NamedTuple):
    """What is wrong with a line, the worst first; `distance` is how far the share that validates is from a fifth."""

    classes_untrained: int
    classes_unseen: int
    distance: float


class _Bisection(NamedTuple):
    """A line across an axis before pixel `line`, and which of the two parts validates."""

    faults: _Faults
    axis: int
    line: int
    validates_first: bool


def bisect(image: LabelRegion, rng: np.random.Generator) -> list[tuple[LabelRegion, bool]]:
    """Return the two parts of an image divided by the best line through its labels, and whether they validate.

    If the labels extend over less than `SMALLEST_BISECTED` px, there is one part, to be trained on. Of lines that are
    equally good, `rng` chooses one.
    """
    cells = image.cells
    if max(int(np.ptp(cells.along(axis))) + 1 for axis in (ACROSS, DOWN)) * cells.side < SMALLEST_BISECTED:
        return [(image, False)]
    bisections = [bisection for axis in (ACROSS, DOWN) for bisection in _bisections(axis, cells)]
    best = min((bisections[number] for number in rng.permutation(len(bisections))), key=lambda one: one.faults)
    first, second = image.divided(best.axis, best.line)
    return [(first, best.validates_first), (second, not best.validates_first)]


def _bisections(axis: int, cells: LabelGrid) -> Iterator[_Bisection]:
    """Yield the best line across an axis for each part that could validate; none where the labels fill one cell."""
    index = cells.along(axis)
    start = int(index.min())
    pixels = np.zeros((int(index.max()) - start + 1, cells.counts.shape[1]), np.int64)
    np.add.at(pixels, index - start, cells.counts)
    before, total = pixels.cumsum(axis=0)[:-1], pixels.sum(axis=0)
    if len(before):
        for validates_first, val in ((True, before), (False, total - before)):
            number, faults = _best(val, total)
            yield _Bisection(faults, axis, (start + number + 1) * cells.side, validates_first)


def _best(val: Counts, total: Counts) -> tuple[int, _Faults]:
    """Return the number of the best line and its faults; `val` are the (lines, K) px that validate, of (K,) `total`."""
    untrained = ((val == total) & (total > 0)).sum(axis=1)
    unseen = ((val == 0) & (total >= ENOUGH_PIXELS)).sum(axis=1)
    distance = np.abs(val.sum(axis=1) / total.sum() - VALIDATION_SHARE)
    number = int(np.lexsort((distance, unseen, untrained))[0])
    return number, _Faults(int(untrained[number]), int(unseen[number]), float(distance[number]))
