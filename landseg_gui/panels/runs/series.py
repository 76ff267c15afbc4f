"""The numbers behind a live curve: bounded in memory and in drawing time, however long the run."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]


class ThinnedSeries:
    """Points (x, y) in the order of x; once `capacity` is full, neighbours are merged into their mean.

    So 100 000 steps cost no more to draw than some thousand, and the shape stays. A y that is not finite is left out.
    """

    def __init__(self, capacity: int = 4096) -> None:
        if capacity % 2:
            raise ValueError(f"the capacity must be even, not {capacity}")
        self._points = np.empty((capacity, 2))
        self._count = 0
        self._merged = 1  # points that one stored point stands for
        self._rightmost = -math.inf
        self._pending: list[tuple[float, float]] = []

    def add(self, x: float, y: float) -> None:
        """Add a point right of the others; those right of it are dropped: a run that rolled back does them again."""
        if not math.isfinite(y):
            return
        self.cut(x)
        self._rightmost = x
        self._pending.append((x, y))
        if len(self._pending) == self._merged:
            self._store(np.mean(self._pending, axis=0))
            self._pending.clear()

    def cut(self, x: float) -> None:
        """Drop the points from `x` on where there are any right of it."""
        if x < self._rightmost:
            self._count = int(np.searchsorted(self.x, x))
            self._rightmost = x
            self._pending.clear()

    def squeeze(self, start: float, factor: float) -> None:
        """Move all points right of `start` towards it (a factor below 1) or away from it."""
        right = self.x > start
        self.x[right] = start + factor * (self.x[right] - start)
        self._pending = [(_squeezed(x, start, factor), y) for x, y in self._pending]
        self._rightmost = _squeezed(self._rightmost, start, factor)

    def clear(self) -> None:
        """Remove all points."""
        self._count, self._merged, self._rightmost = 0, 1, -math.inf
        self._pending.clear()

    @property
    def x(self) -> Points:
        """Return the stored x, (n,)."""
        return self._points[: self._count, 0]

    @property
    def y(self) -> Points:
        """Return the stored y, (n,)."""
        return self._points[: self._count, 1]

    def __len__(self) -> int:
        return self._count

    def _store(self, point: Points) -> None:
        self._points[self._count] = point
        self._count += 1
        if self._count == len(self._points):
            self._count //= 2
            self._points[: self._count] = self._points.reshape(self._count, 2, 2).mean(axis=1)
            self._merged *= 2


def _squeezed(x: float, start: float, factor: float) -> float:
    return start + factor * (x - start) if x > start else x


class Smoother:
    """An exponential moving average without the pull of its start (Kingma and Ba, "Adam", 2015, section 3)."""

    def __init__(self, weight: float = 0.05) -> None:
        self._weight = weight
        self.clear()

    def clear(self) -> None:
        """Start again."""
        self._mean, self._seen = 0.0, 0.0

    def add(self, value: float) -> float:
        """Take the next value and return the average; values that are not finite do not count."""
        if math.isfinite(value):
            self._mean += self._weight * (value - self._mean)
            self._seen += self._weight * (1 - self._seen)
        return self._mean / self._seen if self._seen else math.nan
