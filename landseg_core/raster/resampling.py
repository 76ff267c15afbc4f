"""Resamples pixels to a coarser or finer grid over the same area; a value does not depend on the requested window.

Every pixel of the new grid is a weighted mean of the old ones below it, axis by axis: where the grid becomes coarser,
of all that it covers, by the length that it covers (area averaging); where it becomes finer, of the two nearest centres
(linear interpolation). Weights are computed from integers, and each pixel is summed up in one order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from landseg_core.geo.tiling import pieces
from landseg_core.geo.window import PixelWindow

PIECE_PIXELS = 1 << 24
"""Old pixels that are in memory at once; larger windows are resampled piece by piece."""
_FULL = 1 - 1e-5
"""A share of valid pixels from which on only rounding is missing to 1."""

Indices = npt.NDArray[np.int64]
Floats = npt.NDArray[np.floating[Any]]
Element = TypeVar("Element", bound=np.generic)


@dataclass(frozen=True, eq=False)
class ResampleKernel:
    """The composition of N new pixels along an axis: (K, N) indices of old pixels and their weights, which sum to 1."""

    indices: Indices
    weights: Floats

    @property
    def first(self) -> int:
        """Return the first old pixel that is needed."""
        return int(self.indices[0, 0])

    @property
    def last(self) -> int:
        """Return the first old pixel after those that are needed."""
        return int(self.indices[-1, -1]) + 1


@dataclass(frozen=True)
class AxisScale:
    """An axis of `length` px and one of `size` px over the same area."""

    length: int
    size: int

    def kernel(self, start: int, stop: int) -> ResampleKernel:
        """Return the composition of the new pixels from `start` up to `stop`."""
        new = np.arange(start, stop, dtype=np.int64)
        first, weights = self._covered(new) if self.length >= self.size else self._between(new)
        indices = first + np.arange(len(weights))[:, None]
        return ResampleKernel(indices.clip(0, self.length - 1), weights.astype(np.float32))

    def _covered(self, new: Indices) -> tuple[Indices, Floats]:
        """Return the first old pixel under each new one, and the (K, N) shares of it that the old ones cover."""
        start, whole = new * self.length, -(-self.length // self.size) + (self.length % self.size != 0)
        first = start // self.size
        old = (first + np.arange(whole)[:, None]) * self.size
        common = np.minimum(start + self.length, old + self.size) - np.maximum(start, old)
        return first, common.clip(0) / self.length

    def _between(self, new: Indices) -> tuple[Indices, Floats]:
        """Return the last old centre before each new one, and the (2, N) weights of it and of the next."""
        twice = (2 * new + 1) * self.length - self.size
        first = twice // (2 * self.size)
        after = twice / (2 * self.size) - first
        return first, np.stack([1 - after, after])

    def nearest(self, start: int, stop: int) -> Indices:
        """Return the old pixel below the centre of each new one from `start` up to `stop`."""
        return (2 * np.arange(start, stop, dtype=np.int64) + 1) * self.length // (2 * self.size)

    def placed(self, start: int, stop: int) -> tuple[int, int]:
        """Return start and stop of the new pixels whose centres are in the old ones from `start` up to `stop`."""
        first, last = (-(-(2 * self.size * edge - self.length) // (2 * self.length)) for edge in (start, stop))
        return first, last


@dataclass(frozen=True)
class GridScale:
    """Rows and columns of a grid and of another over the same area."""

    rows: AxisScale
    columns: AxisScale

    @classmethod
    def between(cls, old: tuple[int, int], new: tuple[int, int]) -> GridScale:
        """Return the scale from a grid of `old` (width, height) px to one of `new`."""
        return cls(AxisScale(old[1], new[1]), AxisScale(old[0], new[0]))

    def placed(self, window: PixelWindow) -> PixelWindow:
        """Return the window of new pixels whose centres are in `window`; at least the pixel there."""
        x, right = _at_least_one(self.columns.placed(window.x, window.right), self.columns.size)
        y, bottom = _at_least_one(self.rows.placed(window.y, window.bottom), self.rows.size)
        return PixelWindow(x, y, right - x, bottom - y)

    def needed(self, window: PixelWindow) -> PixelWindow:
        """Return the window of old pixels that a window of new ones is computed from."""
        rows, columns = self.rows.kernel(window.y, window.bottom), self.columns.kernel(window.x, window.right)
        return _between(rows, columns)

    def mean(
        self, window: PixelWindow, read: Callable[[PixelWindow], tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]]
    ) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
        """Return (C, H, W) pixels and (H, W) validity of a window of the new grid, inside it.

        `read` returns those of old windows, with invalid pixels 0. A new pixel is the mean of the valid ones below it,
        in their own type, and valid where there is one.
        """
        parts = [self._mean_piece(piece, read) for piece in self._pieces(window)]
        return np.concatenate([part[0] for part in parts], axis=1), np.concatenate([part[1] for part in parts])

    def _mean_piece(
        self, window: PixelWindow, read: Callable[[PixelWindow], tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]]
    ) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
        rows, columns = self.rows.kernel(window.y, window.bottom), self.columns.kernel(window.x, window.right)
        values, valid = read(_between(rows, columns))
        means, known = valid_means(values, valid, rows, columns)
        return as_type(means, values.dtype), known

    def nearest(self, window: PixelWindow, read: Callable[[PixelWindow], npt.NDArray[Element]]) -> npt.NDArray[Element]:
        """Return (H, W) values of a window of the new grid, inside it: those below its pixels' centres.

        `read` returns those of old windows.
        """
        return np.concatenate([self._nearest_piece(piece, read) for piece in self._pieces(window)])

    def _nearest_piece(
        self, window: PixelWindow, read: Callable[[PixelWindow], npt.NDArray[Element]]
    ) -> npt.NDArray[Element]:
        rows, columns = self.rows.nearest(window.y, window.bottom), self.columns.nearest(window.x, window.right)
        x, y = int(columns[0]), int(rows[0])
        values = read(PixelWindow(x, y, int(columns[-1]) + 1 - x, int(rows[-1]) + 1 - y))
        return values[np.ix_(rows - y, columns - x)]

    def _pieces(self, window: PixelWindow) -> Iterator[PixelWindow]:
        across, down = self.columns.length / self.columns.size, self.rows.length / self.rows.size
        height = PIECE_PIXELS / (window.width * max(1.0, across) * max(1.0, down))
        return pieces(window, window.width, max(1, int(height)))


def _at_least_one(range_: tuple[int, int], size: int) -> tuple[int, int]:
    first = min(range_[0], size - 1)
    return first, max(range_[1], first + 1)


def _between(rows: ResampleKernel, columns: ResampleKernel) -> PixelWindow:
    return PixelWindow(columns.first, rows.first, columns.last - columns.first, rows.last - rows.first)


def valid_means(
    values: npt.NDArray[Any], valid: npt.NDArray[np.bool_], rows: ResampleKernel, columns: ResampleKernel
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return the (C, H, W) means of the valid ones of (C, h, w) values, and where there are any.

    The values, 0 where they are not `valid`, begin at the first row and column that the kernels need.
    """
    sums = _weighted(values, rows, columns)
    if valid.all():
        return sums, np.ones(sums.shape[1:], np.bool_)
    share = _weighted(valid[None], rows, columns)[0]
    # Exactly 1 where all is valid, so that a pixel does not depend on whether another in its window lacks data.
    divisor = np.where((share >= _FULL) | (share <= 0), np.float32(1), share)
    return sums / divisor, share > 0


def _weighted(values: npt.NDArray[Any], rows: ResampleKernel, columns: ResampleKernel) -> Floats:
    wide = values.dtype.kind in "iuf" and values.dtype.itemsize > np.dtype(np.float32).itemsize
    exact = values.dtype.kind in "iu" and values.dtype.itemsize > np.dtype(np.uint16).itemsize
    kind = np.float64 if wide or exact else np.float32
    return _along(_along(values, rows, kind, 1), columns, kind, 2)


def _along(values: npt.NDArray[Any], kernel: ResampleKernel, kind: type[np.floating[Any]], axis: int) -> Floats:
    """Return (C, H, W) values with their rows (axis 1) or columns (axis 2) resampled by the kernel."""
    shape = (1, -1, 1) if axis == 1 else (1, 1, -1)
    total: Floats | None = None
    for indices, weights in zip(kernel.indices - kernel.first, kernel.weights, strict=True):
        part = values.take(indices, axis=axis) * weights.astype(kind).reshape(shape)
        total = part if total is None else np.add(total, part, out=total)
    assert total is not None
    return total


def as_type(values: Floats, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Return `values` in a pixel type: rounded and clipped to its range where that is an integer type."""
    if dtype.kind not in "iu":
        return values.astype(dtype, copy=False)
    limits = np.iinfo(dtype)
    return np.rint(values).clip(limits.min, limits.max).astype(dtype)
