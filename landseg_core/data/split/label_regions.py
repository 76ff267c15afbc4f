"""The parts of images that hold labels: blocks, or the two parts of a bisected image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from landseg_core.data.split.label_grid import Counts, Indices, LabelGrid
from landseg_core.geo.window import PixelWindow

Size = tuple[int, int]
"""Width and height of an image in px."""

ACROSS, DOWN = 0, 1
"""The axes: a line across the first separates left from right, one across the second upper from lower."""


@dataclass(frozen=True, eq=False)
class LabelRegion:
    """A part of an image: its bounds `limit` in px of the image, and the labelled cells in it, at least one."""

    limit: PixelWindow
    cells: LabelGrid

    @property
    def image(self) -> int:
        """Return the number of the image."""
        return int(self.cells.image[0])

    def divided(self, axis: int, line: int) -> tuple[LabelRegion, LabelRegion]:
        """Return the two parts divided by a line before pixel `line`, which is on a cell edge, with labels in both."""
        beyond = self.cells.along(axis) * self.cells.side >= line
        first, second = divided(self.limit, axis, line)
        return LabelRegion(first, self.cells.where(~beyond)), LabelRegion(second, self.cells.where(beyond))

    def windows(self, chip: int) -> list[PixelWindow]:
        """Return windows that hold the labels and what chips of `chip` px show around them, within the part.

        Chips drawn from them rarely miss the labels: gaps without labels of a chip's length or more are left out.
        """
        line = self._line_through_gap(chip)
        if line is None:
            return [self._surroundings(chip)]
        return [window for part in self.divided(*line) for window in part.windows(chip)]

    def _line_through_gap(self, chip: int) -> tuple[int, int] | None:
        """Return axis and position of a line through the widest gap between labels, if a chip fits on both sides."""
        side, gaps = self.cells.side, []
        for axis in (ACROSS, DOWN):
            starts = np.unique(self.cells.along(axis)) * side
            widths = np.diff(starts) - side
            gaps += [(int(width), axis, int(end)) for width, end in zip(widths, starts[:-1] + side, strict=True)]
        width, axis, end = max(gaps, default=(0, ACROSS, 0))
        line = end + width // 2
        if width < chip or any(_sides(half)[axis][1] < chip for half in divided(self.limit, axis, line)):
            return None
        return axis, line

    def _surroundings(self, chip: int) -> PixelWindow:
        side = self.cells.side
        spans = [
            _grown(int(index.min()) * side, (int(index.max()) + 1) * side, *limit, chip)
            for index, limit in zip(map(self.cells.along, (ACROSS, DOWN)), _sides(self.limit), strict=True)
        ]
        (x, width), (y, height) = spans
        return PixelWindow(x, y, width, height)


def _sides(window: PixelWindow) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return start and length along both axes."""
    return (window.x, window.width), (window.y, window.height)


def _grown(start: int, end: int, low: int, room: int, chip: int) -> tuple[int, int]:
    """Return start and length of an interval grown by half a chip at both ends, to at least a chip if it fits."""
    first, last = max(low, start - chip // 2), min(low + room, end + chip // 2)
    length = min(max(last - first, chip), room)
    return min(first, low + room - length), length


def divided(window: PixelWindow, axis: int, line: int) -> tuple[PixelWindow, PixelWindow]:
    """Return what lies before pixel `line` of an axis and what lies from there on."""
    if axis == ACROSS:
        return (
            PixelWindow(window.x, window.y, line - window.x, window.height),
            PixelWindow(line, window.y, window.right - line, window.height),
        )
    return (
        PixelWindow(window.x, window.y, window.width, line - window.y),
        PixelWindow(window.x, line, window.width, window.bottom - line),
    )


def counts_of(parts: Sequence[LabelRegion]) -> Counts:
    """Return the (parts, K) labelled px by class index."""
    return np.array([part.cells.counts.sum(axis=0) for part in parts], np.int64)


def blocks(part: LabelRegion, size: Size, side: int) -> list[LabelRegion]:
    """Return the blocks of `side` px (a multiple of a cell's) of the image that hold labels of a part of it.

    They are counted from the image's upper left corner. The last one of a row or column is up to half a block larger or
    smaller, so that there are no slivers.
    """
    last = [max(1, round(length / side)) - 1 for length in size]
    column, row = (np.minimum(part.cells.along(axis) * part.cells.side // side, last[axis]) for axis in (ACROSS, DOWN))
    number = row * (last[ACROSS] + 1) + column
    order = np.argsort(number, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(number[order])) + 1)
    return [_block(part, group, (int(column[group[0]]), int(row[group[0]])), last, size, side) for group in groups]


def _block(part: LabelRegion, group: Indices, index: Size, last: Sequence[int], size: Size, side: int) -> LabelRegion:
    (x, right), (y, bottom) = (
        (at * side, length if at == end else (at + 1) * side) for at, end, length in zip(index, last, size, strict=True)
    )
    limit = PixelWindow(x, y, right - x, bottom - y).intersection(part.limit)
    assert limit is not None, "labels are inside their own part"
    return LabelRegion(limit, part.cells.where(group))
