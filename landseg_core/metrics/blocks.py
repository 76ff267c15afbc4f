"""Counts pixels block by block: errors of neighbouring pixels depend on each other, those of blocks hardly do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from landseg_core.data.areas import LabelledArea
from landseg_core.geo.window import PixelWindow
from landseg_core.metrics.confusion import ConfusionMatrix

BLOCK_SIDES = (512, 256)
"""Sides of a block in px, the preferred one first: much larger than a house or a tree crown, so that the errors of
blocks are independent."""
ENOUGH_BLOCKS = 50
"""Smaller blocks are used where there are fewer of the preferred ones."""
MOST_BLOCKS = 4096
MOST_BYTES = 1 << 26
"""Larger blocks are used where there would be more, or where their matrices would need more memory."""

BlockKey = tuple[int, int, int]
"""The number of an image, and row and column of a block in it."""


@dataclass(frozen=True)
class BlockCounts:
    """The confusion matrices of the blocks that hold labelled pixels.

    Attributes:
        counts: (B, K, K) int64, rows truth, columns prediction.
        image: (B,) number of the image that a block lies in.
        stems: the images by number.
        side: of a block in px; the last of a row or a column is up to a half larger or smaller.
    """

    counts: npt.NDArray[np.int64]
    image: npt.NDArray[np.int64]
    stems: tuple[str, ...]
    side: int

    @property
    def matrix(self) -> ConfusionMatrix:
        """Return the matrix of all blocks together."""
        whole = ConfusionMatrix(self.counts.shape[-1])
        whole.counts += self.counts.sum(axis=0)
        return whole

    def by_image(self) -> list[tuple[str, npt.NDArray[np.int64]]]:
        """Return stem and (K, K) counts of each image that holds labelled pixels."""
        return [(self.stems[number], self.counts[self.image == number].sum(axis=0)) for number in np.unique(self.image)]


class _ImageBlocks:
    """The blocks of one image: counted from the corner of its areas' bounding box, none of them narrow."""

    def __init__(self, number: int, windows: Sequence[PixelWindow], side: int) -> None:
        self._number, self._side = number, side
        self._x, self._y = min(window.x for window in windows), min(window.y for window in windows)
        self._right, self._bottom = max(w.right for w in windows), max(w.bottom for w in windows)
        self._columns, self._rows = _count(self._right - self._x, side), _count(self._bottom - self._y, side)

    def keys_in(self, window: PixelWindow) -> Iterator[BlockKey]:
        """Yield the blocks that `window` touches."""
        for row in _touched(window.y - self._y, window.bottom - self._y, self._side, self._rows):
            for column in _touched(window.x - self._x, window.right - self._x, self._side, self._columns):
                yield self._number, row, column

    def window(self, key: BlockKey) -> PixelWindow:
        """Return a block in px of its image, at the resolution at which it is read."""
        _, row, column = key
        x, y = self._x + column * self._side, self._y + row * self._side
        right = self._right if column == self._columns - 1 else x + self._side
        bottom = self._bottom if row == self._rows - 1 else y + self._side
        return PixelWindow(x, y, right - x, bottom - y)


def _count(length: int, side: int) -> int:
    return max(1, round(length / side))


def _touched(start: int, end: int, side: int, count: int) -> range:
    return range(min(start // side, count - 1), min((end - 1) // side, count - 1) + 1)


class BlockGrid:
    """The blocks of some areas, in px of the images at the resolution of reading; no block spans two images."""

    def __init__(self, areas: Iterable[LabelledArea], side: int) -> None:
        windows: dict[Path, list[PixelWindow]] = {}
        stems: dict[Path, str] = {}
        for area in areas:
            windows.setdefault(area.image, []).append(area.window)
            stems.setdefault(area.image, area.stem)
        self.side, self.stems = side, tuple(stems.values())
        self._images = {path: _ImageBlocks(n, own, side) for n, (path, own) in enumerate(windows.items())}

    def parts(self, area: LabelledArea, window: PixelWindow) -> Iterator[tuple[BlockKey, PixelWindow]]:
        """Yield the blocks that overlap a window of an area, each with the overlap in px of its view."""
        blocks = self._images[area.image]
        for key in blocks.keys_in(window):
            part = blocks.window(key).intersection(window)
            if part is not None:
                yield key, part

    def count(self, areas: Iterable[LabelledArea]) -> int:
        """Return how many blocks the areas touch."""
        return len({key for area in areas for key, _ in self.parts(area, area.window)})


def block_grid(areas: Sequence[LabelledArea], classes: int) -> BlockGrid:
    """Return blocks of the preferred side, or smaller ones where these are few, or larger ones where they are many."""
    most = max(1, min(MOST_BLOCKS, MOST_BYTES // (8 * classes**2)))
    grid = BlockGrid(areas, BLOCK_SIDES[0])
    number = grid.count(areas)
    if number < ENOUGH_BLOCKS:
        smaller = BlockGrid(areas, BLOCK_SIDES[-1])
        return smaller if smaller.count(areas) <= most else grid
    while number > max(most, len(grid.stems)):  # one for each image is the fewest there can be
        grid = BlockGrid(areas, 2 * grid.side)
        number = grid.count(areas)
    return grid


class BlockTally:
    """Counts pixels by block, true and predicted class, window by window."""

    def __init__(self, grid: BlockGrid, classes: int) -> None:
        self._grid, self._classes = grid, classes
        self._matrices: dict[BlockKey, ConfusionMatrix] = {}

    def add(
        self,
        area: LabelledArea,
        window: PixelWindow,
        truth: npt.NDArray[np.uint8],
        prediction: npt.NDArray[np.uint8],
    ) -> None:
        """Count the (H, W) class indices of a `window` (in px of the area's view); see `ConfusionMatrix.add`."""
        if truth.shape != (window.height, window.width):
            raise ValueError(f"truth is {truth.shape}, its window {window}")
        for key, part in self._grid.parts(area, window):
            inside = part.shifted(-window.x, -window.y).slices()
            matrix = self._matrices.setdefault(key, ConfusionMatrix(self._classes))
            matrix.add(truth[inside], prediction[inside])

    def counts(self) -> BlockCounts:
        """Return what was counted; blocks without a labelled pixel are left out."""
        held = {key: matrix.counts for key, matrix in sorted(self._matrices.items()) if matrix.counts.any()}
        shape = (len(held), self._classes, self._classes)
        counts = np.array(list(held.values()), np.int64).reshape(shape)
        image = np.array([number for number, _, _ in held], np.int64)
        return BlockCounts(counts, image, self._grid.stems, self._grid.side)
