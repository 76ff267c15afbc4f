"""Looks for the cells of the image in the view that are to be labelled next, in a thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Qt, Signal

from landseg_core.assistant.image_assistant import ImageAssistant, SuggestedView
from landseg_core.assistant.label_queue import LabelQueue, Question, QueueRequest, queue_level
from landseg_core.assistant.model_suggestion import ModelClasses
from landseg_core.assistant.suggestion import RowGroup
from landseg_core.compute.device_names import DeviceError
from landseg_core.errors import LandsegError, ModelError
from landseg_core.events import JobControl
from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.labels.regions import Position
from landseg_core.raster.tiles import TileBudget
from landseg_gui.session.assistant.cell_tiles import CellTiles, ImageCells
from landseg_gui.session.assistant.latest_work import LatestWork
from landseg_gui.session.assistant.making import Subject
from landseg_gui.session.assistant.model_suggestions import ModelSuggestions
from landseg_gui.session.assistant.other_images import MOST_IMAGES, OtherImages

if TYPE_CHECKING:
    from landseg_gui.session.session import Session

AHEAD = 3
"""Questions that are looked for at a time: the first of them while the others are still to come."""
_BUDGET = 32 * 2**20  # bytes of features: some 130 tiles, the whole image at a coarse level takes 20


@dataclass(frozen=True, eq=False)
class _Image:
    """An image with its labels, and the queue of its cells."""

    cells: ImageCells
    labels: LabelRaster
    assistant: ImageAssistant
    queue: LabelQueue


@dataclass(frozen=True, eq=False)
class _Suggester:
    """Makes the suggestions by which cells are rated: by the model in use, else by labels; in the thread."""

    subject: Subject
    schema: ClassSchema
    model: Path | None
    models: ModelSuggestions
    others: OtherImages
    coarsest: int

    def __call__(self, level: int, window: PixelWindow, control: JobControl) -> SuggestedView | None:
        """Return what is suggested for a window at a level; labels of other images count at the coarsest alone."""
        if self.model is not None:
            try:
                return self._by_model(self.model, level, window, control)
            except (ModelError, DeviceError):
                pass  # the suggestion of the view says so
        image, classes = self.subject.image, self.schema.values
        found = image.suggest(level, window, classes, (), control)
        if found is None and level == self.coarsest and (rows := self._rows(level, control)):
            found = image.suggest(level, window, classes, rows, control)
        return found

    def _by_model(self, model: Path, level: int, window: PixelWindow, control: JobControl) -> SuggestedView | None:
        header, assistant = self.models.opened(model, self.subject.image, self.subject.open_for)
        for part in assistant.missing(level, window):
            assistant.compute(part, control)
        return assistant.suggest(level, window, ModelClasses.of(header.schema, self.schema))

    def _rows(self, level: int, control: JobControl) -> list[RowGroup]:
        assert self.subject.project is not None
        self.others.compute(self.subject.project, list(self.subject.others), level, control)
        return self.others.known([entry.id for entry in self.subject.others], level)


class QuestionSearch(QObject):
    """Answers requests for the image in the view; a new one replaces the one before.

    `found`: the questions so far, the most useful first. `ended`: there are no more. `failed`: why there are none.
    """

    found = Signal(object)
    ended = Signal()
    failed = Signal(str)

    _made = Signal(object, object)
    _done = Signal(object)
    _broken = Signal(object, str)

    def __init__(self, session: Session, cells: CellTiles, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._cells = session, cells
        self._work = LatestWork("questions")
        self._image: _Image | None = None
        self._others = OtherImages()
        self._models = ModelSuggestions()
        self._asked: QueueRequest | None = None
        queued = Qt.ConnectionType.QueuedConnection  # emitted in the thread
        self._made.connect(self._take, queued)
        self._done.connect(self._take_end, queued)
        self._broken.connect(self._take_failure, queued)

    @property
    def under_way(self) -> bool:
        """Return whether there is a request without a complete answer."""
        return self._asked is not None

    def request(self, asked: Sequence[Position]) -> None:
        """Look for cells to label, none of them at a position that has been `asked` about."""
        session, image, layer = self._session.project_session, self._current(), self._session.layers.image
        project, entry = session.project, session.image
        if image is None or layer is None or project is None or entry is None:
            self.cancel()
            return
        areas = tuple(tuple((column, row) for column, row in area) for area in project.areas(entry.id))
        others = tuple(other for other in project.images if other != entry and not other.missing)[:MOST_IMAGES]
        subject = Subject(image.assistant, layer.path, project, entry, others)
        model, coarsest = self._session.model.path, queue_level(image.cells.reader.pyramid)
        suggest = _Suggester(subject, project.schema, model, self._models, self._others, coarsest)
        request = self._asked = QueueRequest(tuple(project.schema.values), areas, tuple(asked))
        self._work.begin(lambda control: self._look(request, image, suggest, control))

    def cancel(self) -> None:
        """Stop looking; what has been found and not been heard of is dropped."""
        self._asked = None
        self._work.cancel()

    def forget(self) -> None:
        """Begin anew with another image or project."""
        self.cancel()
        self._others = OtherImages()
        if self._image is not None:
            self._work.begin(lambda _control: self._models.close())
            self._image.assistant.close()
            self._image = None

    def close(self) -> None:
        """Stop, and wait for what is under way."""
        self._asked = None
        self._work.close()
        self._models.close()
        self.forget()

    def _current(self) -> _Image | None:
        """Return the image in the view, made anew for other pixels or labels."""
        cells, labels = self._cells.image_cells, self._session.project_session.labels
        image, layer = self._session.project_session.image, self._session.layers.image
        if cells is None or labels is None or image is None or layer is None:
            return None
        if self._image is None or self._image.cells is not cells or self._image.labels is not labels:
            self.forget()
            self._image = _image_of(image.name, cells, labels, layer.ground_resolution)
        return self._image

    # --- in the thread

    def _look(self, request: QueueRequest, image: _Image, suggest: _Suggester, control: JobControl) -> None:
        try:
            found: list[Question] = []
            for question in islice(image.queue.questions(request, suggest, control), AHEAD):
                found.append(question)
                control.checkpoint()
                self._made.emit(request, tuple(found))
            control.checkpoint()
            self._done.emit(request)
        except LandsegError as error:
            control.checkpoint()
            self._broken.emit(request, str(error))

    # --- in the window's thread

    def _take(self, request: QueueRequest, questions: tuple[Question, ...]) -> None:
        if request is self._asked:
            self.found.emit(questions)

    def _take_end(self, request: QueueRequest) -> None:
        if request is self._asked:
            self._asked = None
            self.ended.emit()

    def _take_failure(self, request: QueueRequest, sentence: str) -> None:
        if request is self._asked:
            self._asked = None
            self.failed.emit(sentence)


def _image_of(name: str, cells: ImageCells, labels: LabelRaster, resolution: float | None) -> _Image:
    def ids_of(key: TileKey) -> npt.NDArray[np.int32]:
        return cells.of(key).ids

    assistant = ImageAssistant(name, cells.reader, labels, ids_of, lambda: cells.scale, TileBudget(_BUDGET))
    queue = LabelQueue(assistant, cells.reader.pyramid, labels, ids_of, resolution)
    return _Image(cells, labels, assistant, queue)
