"""Where a label helps most: the order in which the cells of an image are to be labelled.

A label speaks for cells that look alike. The next one to ask for is the cell that stands for most of what no label
stands for yet, where cells count by how uncertain their class is: weighted facility location (Wei, Iyer, Bilmes:
"Submodularity in data subset selection and active learning", ICML 2015).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from landseg_core.assistant.cell_graph import Ids
from landseg_core.assistant.cell_table import CellTable, Rings
from landseg_core.assistant.cells import SIZES
from landseg_core.assistant.image_assistant import ImageAssistant, SuggestedView
from landseg_core.events import JobControl
from landseg_core.geo.tiling import TileKey, TilePyramid
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.labels.regions import CoarseRegion, Position, Region

MOST_PIXELS = 2_000_000
"""Px of the level at which the whole image is looked at, at most."""
QUESTION_SIDE = 5.0
"""Metres that a cell to be labelled measures at most, where that is known: larger ones hold more than one class."""
SPACING = 48
"""Px of the level of the whole image between two cells that are asked about one after the other."""

_REFERENCES = 500  # cells that stand for all
_ALIKE = 0.5  # deviations at which two cells stand for each other by exp(-1/2)
_CERTAIN = 0.1  # how much a cell counts that seems to be certain: it may be of a class that has no label yet

Floats = npt.NDArray[np.float32]
Suggest = Callable[[int, PixelWindow, JobControl], SuggestedView | None]
"""Returns what is suggested for a window, in full-resolution px, at a level; None where nothing is."""


@dataclass(frozen=True, eq=False)
class Question:
    """A cell whose class is asked for.

    Attributes:
        region: its pixels.
        position: the mean column and row of its pixels, in px of the image.
        value: the class that is suggested for it, `UNLABELLED` while none is.
        share: that of the class, from 0 to 1.
    """

    region: CoarseRegion
    position: Position
    value: int = UNLABELLED
    share: float = 0.0


@dataclass(frozen=True)
class QueueRequest:
    """What is asked for: cells to label with one of some classes.

    Attributes:
        classes: the class values that there are.
        areas: working areas in px of the image: where there are any, all cells lie in one.
        asked: positions that have been asked about, and are not to be asked about again.
    """

    classes: tuple[int, ...]
    areas: Rings = ()
    asked: tuple[Position, ...] = ()


def queue_level(pyramid: TilePyramid) -> int:
    """Return the finest level that has at most `MOST_PIXELS`; the coarsest has less in any case."""
    sizes = (pyramid.level_size(level) for level in range(pyramid.levels))
    return next(level for level, (width, height) in enumerate(sizes) if width * height <= MOST_PIXELS)


def question_level(pyramid: TilePyramid, resolution: float | None) -> int:
    """Return the level of the cells to be labelled: full resolution, or coarser where a cell stays below 5 m.

    `resolution` is the size of a pixel of the image in m, None where it is not known.
    """
    coarsest = queue_level(pyramid)
    if resolution is None:
        return 0
    return max((level for level in range(coarsest + 1) if resolution * SIZES[0] * 2**level <= QUESTION_SIDE), default=0)


class LabelQueue:
    """The cells of one image, those first whose labels help most.

    First the whole image is looked at, at a coarse level; what is found there is then refined. The same labels always
    give the same answer. For one thread at a time.
    """

    def __init__(
        self,
        assistant: ImageAssistant,
        pyramid: TilePyramid,
        labels: LabelRaster,
        cells: Callable[[TileKey], Ids],
        resolution: float | None = None,
    ) -> None:
        """Work on the image of an `assistant`, with its labels; `cells` returns those of a tile."""
        self._assistant, self._pyramid = assistant, pyramid
        self._labels, self._cells = labels, cells
        self._level = question_level(pyramid, resolution)

    def questions(
        self, request: QueueRequest, suggest: Suggest | None = None, control: JobControl | None = None
    ) -> Iterator[Question]:
        """Yield the cells to label, the most useful first; none is left where all have labels.

        The labels are those when the first one is asked for; each is worked out when it is asked for.

        Args:
            request: what is asked for.
            suggest: makes suggestions; by default, the labels of the image alone do.
            control: a request to stop is heard between tiles.

        Raises:
            JobStopped: on request.
            RasterError: the image cannot be read.
        """
        control, suggest = control or JobControl(), suggest or self._by_labels(request)
        level = queue_level(self._pyramid)
        whole = PixelWindow(0, 0, self._pyramid.width, self._pyramid.height)
        rated = self._rated(level, whole, request, suggest, control)
        if rated is None:
            return
        for row in rated.in_order(SPACING << level):
            yield self._refined(rated, row, suggest, control) if level > self._level else self._question(rated, row)

    def _by_labels(self, request: QueueRequest) -> Suggest:
        return lambda level, window, control: self._assistant.suggest(level, window, request.classes, (), control)

    def _rated(
        self, level: int, window: PixelWindow, request: QueueRequest, suggest: Suggest, control: JobControl
    ) -> RatedCells | None:
        """Return the cells of the tiles that touch a window; None where nothing is left to label."""
        keys = list(self._pyramid.tiles_in(level, window))
        found = suggest(level, window, control)
        ids, features = {}, []
        for key in keys:
            control.checkpoint()
            ids[key] = self._cells(key)
            features.append(self._assistant.features.of(key))
        table = CellTable.of(self._pyramid, ids, self._labels, request.areas)
        if not table.open.any():
            return None
        looks = _standardised([tile.features for tile in features], features[0].columns.weights)
        if found is None:
            return RatedCells(table, looks, np.empty(0, np.uint8), np.empty((len(table), 0), np.float32), request)
        shares = np.concatenate([found.suggestion.shares(key) for key in keys])
        return RatedCells(table, looks, found.suggestion.classes, shares, request)

    def _refined(self, rated: RatedCells, row: int, suggest: Suggest, control: JobControl) -> Question:
        """Return the finer cell that stands for most of a coarse one; that one itself where none in it is open."""
        coarse = self._question(rated, row)
        finer = self._rated(self._level, coarse.region.bounds, rated.request, suggest, control)
        best = finer.most_typical(coarse.region) if finer else None
        if finer is None or best is None:
            return coarse
        found = self._question(finer, best)
        return found if found.value != UNLABELLED else replace(found, value=coarse.value, share=coarse.share)

    def _question(self, rated: RatedCells, row: int) -> Question:
        key, number = rated.table.cell(row)
        corner = self._pyramid.source_window(key)
        region = CoarseRegion(corner.x, corner.y, 1 << key.level, self._cells(key) == number).trimmed()
        assert region is not None  # no cell is empty
        return Question(region, rated.table.position(row), *rated.suggested(row))


@dataclass(frozen=True, eq=False)
class RatedCells:
    """Cells, with what is known of them.

    Attributes:
        table: the n cells.
        looks: (n, F) standardised features.
        classes: (K,) class values.
        shares: (n, K) the shares of these classes that are suggested; K is 0 while nothing is.
        request: what is asked for.
    """

    table: CellTable
    looks: Floats
    classes: npt.NDArray[np.uint8]
    shares: Floats
    request: QueueRequest

    def suggested(self, row: int) -> tuple[int, float]:
        """Return the class that is suggested for a cell and its share, `UNLABELLED` and 0 where nothing is."""
        if not len(self.classes):
            return UNLABELLED, 0.0
        best = int(self.shares[row].argmax())
        return int(self.classes[best]), float(self.shares[row, best])

    def in_order(self, spacing: float) -> Iterator[int]:
        """Yield the rows of open cells, the most useful first, more than `spacing` px of the image from each other.

        They are also as far from what has been asked about.
        """
        left = self.table.open
        answered = np.zeros(len(self.table), bool)
        for position in self.request.asked:
            distances = self.table.distances(position)
            left = left & (distances > spacing)
            answered |= distances < SIZES[0] << self.table.level
        likeness, weights = self._sample()
        represented = likeness[self.table.labelled | answered].max(axis=0, initial=0)
        while left.any():
            gains = np.maximum(likeness - represented, 0) @ weights
            row = int(np.where(left, gains, -1).argmax())
            yield row
            represented = np.maximum(represented, likeness[row])
            left = left & (self.table.distances(self.table.position(row)) > spacing)

    def most_typical(self, region: Region) -> int | None:
        """Return the row of the open cell in a region that stands for most of it; None where no cell is open."""
        rows = np.flatnonzero(self.table.within(region) & self.table.inside)
        if not self.table.open[rows].any():
            return None
        gains = _likeness(self.looks[rows], self.looks[rows]) @ self._uncertainty()[rows]
        return int(rows[np.where(self.table.open[rows], gains, -1).argmax()])

    def _sample(self) -> tuple[Floats, Floats]:
        """Return (n, R): how far each cell stands for each of R cells, and (R,): how much these count.

        The R cells are a sample of those in working areas, labelled or not.
        """
        usable = np.flatnonzero(self.table.inside)
        chosen = np.random.default_rng(0).permutation(usable)[:_REFERENCES]
        return _likeness(self.looks, self.looks[chosen]), self._uncertainty()[chosen]

    def _uncertainty(self) -> Floats:
        """Return (n,) from 1 down to `_CERTAIN`, by the margin between the two best classes."""
        if len(self.classes) < 2:  # nothing is suggested yet
            return np.ones(len(self.table), np.float32)
        best = np.partition(self.shares, -2, axis=1)
        return np.asarray(1 - (1 - np.float32(_CERTAIN)) * (best[:, -1] - best[:, -2]))


def _likeness(ones: Floats, others: Floats) -> Floats:
    """Return (N, M): how far each of N cells with (N, F) looks stands for each of M others."""
    squares = np.square(ones).sum(1)[:, np.newaxis] + np.square(others).sum(1) - 2 * (ones @ others.T)
    return np.asarray(np.exp(-squares.clip(min=0) / (2 * _ALIKE**2 * ones.shape[1])), np.float32)


def _standardised(features: Sequence[Floats], weights: Floats) -> Floats:
    """Return (n, F) features of mean 0, each of the deviation that its weight says."""
    found = np.concatenate(features)
    return np.asarray((found - found.mean(axis=0)) / (found.std(axis=0) + np.float32(1e-6)) * weights)
