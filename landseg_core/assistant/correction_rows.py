"""Pixels that a correction is fitted to: labelled ones, and random ones for replay."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from landseg_core.assistant.corrections import LastLayerRows
from landseg_core.errors import LandsegError
from landseg_core.events import Notice, OnEvent
from landseg_core.geo.rectangles import merged
from landseg_core.geo.tiling import pieces
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.class_match import ClassMatch, class_list
from landseg_core.labels.classes import UNLABELLED
from landseg_core.messages import N_
from landseg_core.models.compatibility import alpha_for, check_compatible
from landseg_core.project.images import ImageEntry, open_image
from landseg_core.project.snapshot import present_images
from landseg_core.raster.source import RasterSource
from landseg_core.raster.views import PixelView, pixel_view, size_at
from landseg_core.runs.provenance import TrainedImage, trained_image

if TYPE_CHECKING:
    from landseg_core.assistant.last_layer import LastLayer
    from landseg_core.models.header import BundleHeader
    from landseg_core.project.project import Project

MOST_LABELLED = 10_000
"""Labelled pixels that a correction is fitted to: about so many at most, drawn at random."""
MOST_WINDOWS = 256
"""Windows with labels that the network runs on, at most."""
REPLAY_PIXELS, REPLAY_WINDOWS = 2_000, 24
"""Pixels for which the correction should keep the model's opinion, and windows that they lie in."""
CONTEXT = 128
"""Px around the pixels wanted that the network sees as well."""
_LABEL_SIDE, _REPLAY_SIDE = 512, 256
"""Sides of the windows in px, as the model reads them."""
_BLOCK = 32
"""Side in px of the squares that are recorded as trained on where they hold a label."""

Positions = npt.NDArray[np.intp]
Coordinates = npt.NDArray[np.floating]
ClassTable = npt.NDArray[np.uint8]
"""(256,) from class values of a project to class indices of a model, 255 for others."""


def class_table(project: Project, header: BundleHeader, on_event: OnEvent) -> ClassTable:
    """Return the class indices of the model for the values of the project; a `Notice` names those without one."""
    match = ClassMatch(project.schema, header.schema)
    if match.without_counterpart:
        names = class_list(item.name for item in match.without_counterpart)
        on_event(Notice(N_("labels of classes that the model does not predict do not count: {names}", names=names)))
    table: ClassTable = header.schema.index_table()[match.table()]
    return table


@dataclass(frozen=True, eq=False)
class ModelImage:
    """An image of a project as a model reads it: `view` has its bands and its ground resolution."""

    entry: ImageEntry
    source: RasterSource
    bands: tuple[int, ...]
    view: PixelView

    @property
    def scale(self) -> float:
        """Return how many px of the view are as wide as one of the image."""
        return self.view.grid.width / self.source.grid.width

    def side(self, pixels: int) -> int:
        """Return how many px of the image are as wide as so many of the view, one at least."""
        return max(1, int(pixels / self.scale))

    def record(self, blocks: Sequence[PixelWindow]) -> TrainedImage:
        """Return what is recorded as trained on, in px of the image."""
        return trained_image(self.source, self.entry.name, self.bands, merged(blocks))


Part = tuple[ModelImage, PixelWindow]
"""A window of an image, in px of the image."""


def usable_images(project: Project, header: BundleHeader, opened: ExitStack, on_event: OnEvent) -> Iterator[ModelImage]:
    """Yield the images that the model can be used on, open until `opened` ends; a `Notice` says why others are not."""
    for entry in present_images(project, on_event):
        try:
            source = opened.enter_context(open_image(entry, alpha_for(header, entry.path)))
            bands = check_compatible(header, source)
        except LandsegError as error:
            on_event(Notice(N_("{image} is left out: {error}", image=entry.name, error=error)))
            continue
        size = size_at(source.grid, source.grid.ground_resolution(), header.ground_resolution_m)
        yield ModelImage(entry, source, bands, pixel_view(source, bands, size))


def labelled_windows(project: Project, images: Sequence[ModelImage], classes: ClassTable) -> list[Part]:
    """Return windows that may hold labels of the `classes`, in px of their images: a random choice of too many."""
    every = [
        (image, piece)
        for image in images
        if labelled_pixels(project, image, classes)
        for window in _painted(project, image)
        for piece in pieces(window, image.side(_LABEL_SIDE), image.side(_LABEL_SIDE))
    ]
    chosen = np.random.default_rng(0).permutation(len(every))[:MOST_WINDOWS]
    return [every[number] for number in sorted(chosen.tolist())]


def _painted(project: Project, image: ModelImage) -> Iterator[PixelWindow]:
    pyramid = project.labels(image.entry.id).pyramid
    yield from map(pyramid.tile_window, project.tile_keys(image.entry.id))


def labelled_pixels(project: Project, image: ModelImage, classes: ClassTable) -> int:
    """Return how many px of an image have labels of the `classes`."""
    counts = project.class_pixels(image.entry.id)
    return sum(pixels for value, pixels in counts.items() if classes[value] != UNLABELLED)


def replay_windows(images: Sequence[ModelImage]) -> Iterator[Part]:
    """Yield windows at random positions, in px of their images; larger images get more of them."""
    dice = np.random.default_rng(0)
    areas = np.array([image.source.grid.window.pixels for image in images], float)
    for number in dice.choice(len(images), REPLAY_WINDOWS, p=areas / areas.sum()).tolist():
        image, grid = images[number], images[number].source.grid
        width, height = (min(length, image.side(_REPLAY_SIDE)) for length in (grid.width, grid.height))
        x, y = int(dice.integers(grid.width - width + 1)), int(dice.integers(grid.height - height + 1))
        yield image, PixelWindow(x, y, width, height)


class RowReader:
    """Collects the pixels that a correction is fitted to; `share` of the labelled ones are drawn.

    Attributes:
        blocks: by the id of the image, the squares of it that hold labels.
    """

    def __init__(self, layer: LastLayer, project: Project, classes: ClassTable, share: float) -> None:
        self._layer, self._project, self._classes, self._share = layer, project, classes, share
        self._dice = np.random.default_rng(0)
        self._labelled: list[LastLayerRows] = []
        self._replay: list[LastLayerRows] = []
        self._indices: list[npt.NDArray[np.int64]] = []
        self.blocks: dict[int, list[PixelWindow]] = defaultdict(list)

    @property
    def is_empty(self) -> bool:
        """Return whether there is no labelled pixel with data."""
        return not any(map(len, self._labelled))

    @property
    def labelled(self) -> LastLayerRows:
        """Return the labelled pixels, of which there must be some."""
        return LastLayerRows.joined(self._labelled)

    @property
    def class_indices(self) -> npt.NDArray[np.int64]:
        """Return the class index of each labelled pixel."""
        return np.concatenate(self._indices)

    @property
    def replay(self) -> LastLayerRows:
        """Return the pixels for replay."""
        return LastLayerRows.joined([self._labelled[0].chosen(slice(0)), *self._replay])

    def read_labels(self, image: ModelImage, window: PixelWindow) -> None:
        """Read labelled pixels of a window."""
        indices = self._read(image, window)
        rows, columns = np.nonzero(indices != UNLABELLED)
        self.blocks[image.entry.id] += _blocks(window, rows, columns)
        drawn = self._dice.random(len(rows)) < self._share
        rows, columns = rows[drawn], columns[drawn]
        if len(rows):
            found, there = self._at(image, window, rows, columns)
            self._labelled.append(found)
            self._indices.append(indices[rows, columns][there].astype(np.int64))

    def read_replay(self, image: ModelImage, window: PixelWindow) -> None:
        """Read pixels of a window that have no label, for replay."""
        count = -(-REPLAY_PIXELS // REPLAY_WINDOWS)
        rows, columns = (self._dice.integers(length, size=count) for length in (window.height, window.width))
        free = self._read(image, window)[rows, columns] == UNLABELLED
        if free.any():
            self._replay.append(self._at(image, window, rows[free], columns[free])[0])

    def _read(self, image: ModelImage, window: PixelWindow) -> ClassTable:
        return self._classes[self._project.labels(image.entry.id).read(window)]

    def _at(
        self, image: ModelImage, window: PixelWindow, rows: Positions, columns: Positions
    ) -> tuple[LastLayerRows, npt.NDArray[np.bool_]]:
        """Return the last layer at pixels of a window, without those that have no data, and which have."""
        x, y = ((offset + position + 0.5) * image.scale for offset, position in ((window.x, columns), (window.y, rows)))
        seen = _seen(x, y, image.view, self._layer.stride)
        pixels, valid = image.view.read(seen)
        x, y = x - seen.x, y - seen.y
        there = valid[_whole(y, seen.height), _whole(x, seen.width)]
        return self._layer.rows(pixels, x[there], y[there]), there


def _blocks(window: PixelWindow, rows: Positions, columns: Positions) -> list[PixelWindow]:
    """Return the squares of a grid over the image, as far as they are in `window`, that hold pixels of it."""
    found = np.unique(np.stack([(window.y + rows) // _BLOCK, (window.x + columns) // _BLOCK]), axis=1)
    squares = (PixelWindow(column * _BLOCK, row * _BLOCK, _BLOCK, _BLOCK) for row, column in found.T.tolist())
    return [inside for square in squares if (inside := square.intersection(window)) is not None]


def _seen(x: Coordinates, y: Coordinates, view: PixelView, stride: int) -> PixelWindow:
    """Return the window of a view with `CONTEXT` around positions; it begins on the network's pooling grid."""
    left, top = (max(0, int(values.min() - CONTEXT) // stride * stride) for values in (x, y))
    right = min(view.grid.width, int(x.max()) + 1 + CONTEXT)
    bottom = min(view.grid.height, int(y.max()) + 1 + CONTEXT)
    return PixelWindow(left, top, right - left, bottom - top)


def _whole(values: Coordinates, length: int) -> Positions:
    return values.astype(np.intp).clip(0, length - 1)
