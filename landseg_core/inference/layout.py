"""The input windows of a network, and the weight of each at every pixel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from landseg_core.geo.tiling import axis_origins, fitted_size
from landseg_core.geo.window import PixelWindow

Weights = npt.NDArray[np.float32]

MOST_OVERLAP = 128
"""px"""


@dataclass(frozen=True)
class ReceptiveField:
    """The receptive field of a network: `radius` px along an axis, on a pooling grid of `stride` px."""

    stride: int
    radius: int

    @property
    def overlap(self) -> int:
        """Return the overlap of windows in px that leaves hardly a seam in the map: see ADR 24.

        A pixel depends mostly on its surroundings: three fifths of the radius are enough, and more than `MOST_OVERLAP`
        px gain less than they cost.
        """
        return min(self.radius * 3 // 5, MOST_OVERLAP) // self.stride * self.stride

    @property
    def fade(self) -> int:
        """Return the width in px over which two windows are blended: it grows with the receptive field."""
        return self.radius // 6

    def around(self, first: int, last: int) -> tuple[int, int]:
        """Return start and stop, on the pooling grid, of what can influence the pixels from `first` up to `last`."""
        start = (first - self.radius) // self.stride * self.stride
        return start, -(-(last + self.radius) // self.stride) * self.stride


@dataclass(frozen=True, eq=False)
class AxisWindow:
    """A window along one axis: the input is `start` to `stop` px, and `weights` apply from pixel `first` on."""

    start: int
    stop: int
    first: int
    weights: Weights

    @property
    def last(self) -> int:
        """Return the first pixel after those that count."""
        return self.first + len(self.weights)

    @property
    def counted(self) -> slice:
        """Return the slice of the input pixels that count."""
        return slice(self.first - self.start, self.last - self.start)

    def cut(self, first: int, last: int, field: ReceptiveField) -> AxisWindow | None:
        """Return the window with only the pixels from `first` up to `last`, and no more context than they depend on.

        The network's scores for these pixels stay the same. None where none of them count.
        """
        first, last = max(first, self.first), min(last, self.last)
        if first >= last:
            return None
        start, stop = field.around(first, last)
        weights = self.weights[first - self.first : last - self.first]
        return AxisWindow(max(start, self.start), min(stop, self.stop), first, weights)


@dataclass(frozen=True)
class AxisSegment:
    """Pixels along an axis, from `first` up to `last`, in which the same windows count; `alone`: only one does."""

    first: int
    last: int
    alone: bool


def axis_segments(windows: Sequence[AxisWindow]) -> list[AxisSegment]:
    """Return the axis_segments that `windows` fall into, in order."""
    bounds = sorted({edge for window in windows for edge in (window.first, window.last)})
    return [
        AxisSegment(first, last, sum(window.first <= first < window.last for window in windows) == 1)
        for first, last in pairwise(bounds)
    ]


def axis_windows(length: int, size: int, overlap: int, field: ReceptiveField) -> list[AxisWindow]:
    """Return windows of up to `size` px that cover `length` px; their weights sum up to 1 at every pixel.

    Windows start on the pooling grid and end at the image's edge at the latest, where the network pads as it would for
    the whole image. Where two overlap, each pixel is taken from the window with more context around it; around the
    middle they are blended linearly, see `_left_out`.

    Raises:
        ValueError: the overlap leaves no room for a step.
    """
    size = fitted_size(length, size, overlap, field.stride)
    starts = axis_origins(length, size, overlap, field.stride)
    stops = [min(start + size, length) for start in starts]
    weights = [np.ones(stop - start) for start, stop in zip(starts, stops, strict=True)]
    for index in range(1, len(starts)):
        fade = _fade(stops[index - 1] - starts[index], field)
        weights[index][: len(fade)] *= fade
        weights[index - 1][::-1][: len(fade)] *= fade
    total = np.zeros(length)
    for start, stop, weight in zip(starts, stops, weights, strict=True):
        total[start:stop] += weight
    return [
        _trimmed(start, stop, weight / total[start:stop])
        for start, stop, weight in zip(starts, stops, weights, strict=True)
    ]


def _fade(overlap: int, field: ReceptiveField) -> npt.NDArray[np.float64]:
    """Return the weights of a window over its `overlap` px with the one before; mirrored, they are that one's."""
    left_out = _left_out(overlap, field)
    blended = overlap - 2 * left_out
    ramp = (np.arange(blended) + 0.5) / max(blended, 1)
    return np.concatenate([np.zeros(left_out), ramp, np.ones(left_out)])


def _left_out(overlap: int, field: ReceptiveField) -> int:
    """Return how many px at the border of a window do not count.

    All but `ReceptiveField.fade` px around the middle of the overlap. With an overlap of twice the radius or more,
    these are all that miss some of what they depend on; with less, at least those that miss some in one window and
    nothing in the other.
    """
    surely = min(field.radius, overlap - field.radius)
    return max(0, surely, min((overlap - field.fade) // 2, field.radius))


def _trimmed(start: int, stop: int, weights: npt.NDArray[np.float64]) -> AxisWindow:
    counting = np.flatnonzero(weights)
    first, last = int(counting[0]), int(counting[-1]) + 1
    return AxisWindow(start, stop, start + first, weights[first:last].astype(np.float32))


@dataclass(frozen=True, eq=False)
class Strip:
    """The windows, `rows` x `columns`, that make up the columns of the image from `first` up to `last`."""

    first: int
    last: int
    rows: tuple[AxisWindow, ...]
    columns: tuple[AxisWindow, ...]

    @property
    def width(self) -> int:
        """Return the columns that the strip covers, in px."""
        return self.last - self.first

    def finished_rows(self) -> Iterator[tuple[AxisWindow, int]]:
        """Yield each row of windows, and the row of the image down to which everything is finished after it."""
        ends = [*(row.first for row in self.rows[1:]), self.rows[-1].last]
        return zip(self.rows, ends, strict=True)

    def windows(self) -> Iterator[PixelWindow]:
        """Yield the input windows of the network, row by row."""
        for row in self.rows:
            for column in self.columns:
                yield PixelWindow(column.start, row.start, column.stop - column.start, row.stop - row.start)


def plan_strips(
    target: PixelWindow,
    rows: Sequence[AxisWindow],
    columns: Sequence[AxisWindow],
    field: ReceptiveField,
    max_width: int,
) -> list[Strip]:
    """Return strips, side by side, that make up `target`; none is wider than `max_width` px unless a window is.

    `rows` and `columns` are those of the whole image, so that each pixel gets the scores it has in the whole map.
    """
    cut_rows = _cut_all(rows, target.y, target.bottom, field)
    cut_columns = _cut_all(columns, target.x, target.right, field)
    cuts = [target.x, *_strip_ends(cut_columns, max_width), target.right]
    return [Strip(first, last, cut_rows, _cut_all(columns, first, last, field)) for first, last in pairwise(cuts)]


def _cut_all(windows: Sequence[AxisWindow], first: int, last: int, field: ReceptiveField) -> tuple[AxisWindow, ...]:
    cut = (window.cut(first, last, field) for window in windows)
    return tuple(window for window in cut if window is not None)


def _strip_ends(columns: Sequence[AxisWindow], max_width: int) -> Iterator[int]:
    """Yield where one strip ends and the next begins: where a window starts to count, so that few pixels repeat."""
    begin = columns[0].first
    ends = [*(column.first for column in columns[1:]), columns[-1].last]
    for this, following in pairwise(ends):
        if following - begin > max_width:
            begin = this
            yield begin
