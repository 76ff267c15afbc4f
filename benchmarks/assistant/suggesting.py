"""What the window suggests for a view, from labels of its image and of others, without the window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.assistant.clicking import Ids
from benchmarks.assistant.scenes import CLASS_COUNT, CLASSES
from benchmarks.scribbles import UNLABELLED, Mask
from landseg_core.assistant.cells import cut_cells
from landseg_core.assistant.image_assistant import OTHER_IMAGE, ImageAssistant, SuggestedView
from landseg_core.assistant.label_queue import LabelQueue, Question, QueueRequest, Suggest
from landseg_core.assistant.last_layer import LastLayer
from landseg_core.assistant.model_assistant import ModelAssistant
from landseg_core.assistant.model_suggestion import ModelClasses
from landseg_core.assistant.model_tiles import ModelTiles
from landseg_core.assistant.suggestion import RowGroup
from landseg_core.assistant.tile_pixels import ImageScale, read_tile_image
from landseg_core.events import JobControl
from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import load_classes
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.labels.regions import Position
from landseg_core.models.bundle import ModelBundle
from landseg_core.raster.pyramid.overviews import PyramidReader
from landseg_core.raster.source import RasterSource
from landseg_core.raster.tiles import TileBudget

BUDGET_BYTES = 1 << 28
LEVEL = 0


class LabelledImage(AbstractContextManager["LabelledImage"]):
    """An image with its labels, as the window has it open, at full resolution."""

    def __init__(self, path: Path) -> None:
        with ExitStack() as stack:
            source = stack.enter_context(RasterSource(path))
            self.window = source.grid.window
            self._reader = PyramidReader(source)
            stack.callback(self._reader.close)
            self._scale = ImageScale.of(source)
            self._labels = LabelRaster(self.window.width, self.window.height)
            self._cells: dict[TileKey, Ids] = {}
            self._assistant = ImageAssistant(
                path.name, self._reader, self._labels, self._cut, lambda: self._scale, TileBudget(BUDGET_BYTES)
            )
            stack.callback(self._assistant.close)
            self._suggest: Suggest | None = None
            self._queue = LabelQueue(self._assistant, self._reader.pyramid, self._labels, self._cut)
            self._undo = stack.pop_all()

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    def cells(self, view: PixelWindow) -> Ids:
        """Return the finest cell of each pixel of a view, (H, W), in all tiles other numbers; -1 without data."""
        found, count = np.full((view.height, view.width), -1, np.int32), 0
        for key in self._reader.pyramid.tiles_in(LEVEL, view):
            ids = self._cut(key)
            _copy(np.where(ids < 0, -1, ids + count), self._reader.pyramid.tile_window(key), found, view)
            count += int(ids.max(initial=-1)) + 1
        return found

    def label(self, view: PixelWindow, labels: Mask) -> None:
        """Give the pixels of a view the labels (H, W) that are not UNLABELLED."""
        edit = self._labels.begin()
        edit.put(view, labels, labels != UNLABELLED)
        edit.finish()

    def suggest(self, view: PixelWindow, others: Sequence[RowGroup] = ()) -> Mask:
        """Return what labels suggest for a view, (H, W) class values; UNLABELLED where they are too few."""
        suggested = np.full((view.height, view.width), UNLABELLED, np.uint8)
        found = self._assistant.suggest(LEVEL, view, range(CLASS_COUNT), others)
        if found is not None:
            _copy(found.values, found.window, suggested, view)
        return suggested

    def questions(self, view: PixelWindow, asked: Sequence[Position] = ()) -> Iterator[Question]:
        """Yield cells of a view whose labels help most, none of them where it has been `asked` before."""
        right, bottom = float(view.right), float(view.bottom)
        ring = ((view.x, view.y), (right, view.y), (right, bottom), (view.x, bottom))
        return self._queue.questions(QueueRequest(tuple(range(CLASS_COUNT)), (ring,), tuple(asked)), self._suggest)

    def use_model(self, bundle: ModelBundle) -> None:
        """Have the suggestions that questions follow begin with what a model predicts, as the model in use does."""
        tiles = ModelTiles(LastLayer(bundle), bundle.header, self._reader, self._cut, TileBudget(BUDGET_BYTES))
        model = ModelAssistant(self._assistant.name, tiles, self._assistant.features, self._cut, self._labels)
        self._undo.callback(model.close)
        classes = ModelClasses.of(bundle.header.schema, load_classes(CLASSES))

        def suggest(level: int, window: PixelWindow, control: JobControl) -> SuggestedView | None:
            for part in model.missing(level, window):
                model.compute(part, control)
            return model.suggest(level, window, classes)

        self._suggest = suggest

    def row_groups(self) -> list[RowGroup]:
        """Return what its labels say about other images."""
        return self._assistant.row_groups(LEVEL, OTHER_IMAGE)

    def _cut(self, key: TileKey) -> Ids:
        if key not in self._cells:
            tile = read_tile_image(self._reader, key, self._scale)
            self._cells[key] = cut_cells(tile.rgb, tile.valid).ids
        return self._cells[key]


def _copy(values: npt.NDArray[Any], window: PixelWindow, out: npt.NDArray[Any], view: PixelWindow) -> None:
    """Copy the (H, W) values of a window to where it overlaps a view."""
    if (common := window.intersection(view)) is not None:
        ours, theirs = (common.shifted(-of.x, -of.y).slices() for of in (view, window))
        out[ours] = values[theirs]
