"""Where each class lies in labelled areas, so that chips can be drawn around rare ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from landseg_core.data.areas import LabelledArea
from landseg_core.data.reader import Labels
from landseg_core.geo.window import PixelWindow

CELL = 64
"""Side in px of the squares in which classes are counted."""
_STRIP = 1024  # px, a multiple of the cell: the side of what is read at a time

Counts = npt.NDArray[np.int64]


class LabelReader(Protocol):
    """Reads labels of areas."""

    def read_labels(self, area: LabelledArea, window: PixelWindow) -> Labels:
        """Return the (H, W) class indices of a `window` inside the area, 255 where unlabelled."""
        ...


@dataclass(frozen=True)
class ClassLocations:
    """The squares of `CELL` px of the areas that hold labels.

    Attributes:
        cells: (N, 3) number of the area, x and y of the upper left pixel, in px of the image.
        ends: for each class that occurs, the cumulative (N,) counts of its pixels.
        limits: the window of each area.
    """

    cells: npt.NDArray[np.int64]
    ends: tuple[Counts, ...]
    limits: tuple[PixelWindow, ...]

    @classmethod
    def found(
        cls,
        areas: Sequence[LabelledArea],
        reader: LabelReader,
        classes: int,
        checkpoint: Callable[[], None] = lambda: None,
    ) -> ClassLocations:
        """Find the classes in the labels of `areas`; `checkpoint` is called before every read.

        Raises:
            RasterError: a mask cannot be read.
            DatasetError: a mask holds a value that no class has.
        """
        cells: list[npt.NDArray[np.int64]] = [np.zeros((0, 3), np.int64)]
        counts: list[Counts] = [np.zeros((0, classes), np.int64)]
        for number, area in enumerate(areas):
            for here in _parts(area.window):
                checkpoint()
                corners, found = _count(reader.read_labels(area, here), classes)
                cells.append(np.column_stack([np.full(len(corners), number), corners + np.array([here.x, here.y])]))
                counts.append(found)
        every, pixels = np.concatenate(cells), np.concatenate(counts)
        ends = tuple(np.cumsum(pixels[:, index]) for index in range(classes) if pixels[:, index].any())
        return cls(every, ends, tuple(area.window for area in areas))

    @property
    def pixels(self) -> int:
        """Return the labelled pixels of all classes."""
        return sum(int(ends[-1]) for ends in self.ends)

    def draw(self, rng: np.random.Generator) -> tuple[int, tuple[int, int]]:
        """Return the number of an area and a point (x, y) near a pixel of a class; all classes are equally likely."""
        ends = self.ends[int(rng.integers(len(self.ends)))]
        row = int(np.searchsorted(ends, rng.integers(ends[-1]), side="right"))
        number, x, y = self.cells[row].tolist()
        limit = self.limits[number]
        dx, dy = rng.integers(CELL, size=2).tolist()
        return number, (min(x + dx, limit.right - 1), min(y + dy, limit.bottom - 1))


def _parts(window: PixelWindow) -> Iterator[PixelWindow]:
    """Yield squares of `_STRIP` px that make up `window`, the last of each row and column smaller."""
    for y in range(window.y, window.bottom, _STRIP):
        for x in range(window.x, window.right, _STRIP):
            yield PixelWindow(x, y, min(_STRIP, window.right - x), min(_STRIP, window.bottom - y))


def _count(labels: npt.NDArray[np.uint8], classes: int) -> tuple[Counts, Counts]:
    """Return (M, 2) x and y, and (M, classes) px, of those cells of (H, W) labels that hold any."""
    rows, columns = (np.arange(length) // CELL for length in labels.shape)
    width = int(columns[-1]) + 1
    cell = rows[:, None] * width + columns
    known = labels < classes
    codes = cell[known] * classes + labels[known]
    table = np.bincount(codes, minlength=(int(cell[-1, -1]) + 1) * classes).reshape(-1, classes)
    (holding,) = np.nonzero(table.any(axis=1))
    return np.column_stack([holding % width, holding // width]) * CELL, table[holding]
