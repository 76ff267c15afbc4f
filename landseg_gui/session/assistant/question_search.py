"""Looks for the cells of the image in the view that are to be labelled next, in a thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Qt, Signal

from landseg_core.assistant.image_assistant import ImageAssistant
from landseg_core.assistant.label_queue import LabelQueue, Question, QueueRequest
from landseg_core.assistant.suggestion import RowGroup
from landseg_core.errors import LandsegError
from landseg_core.events import JobControl
from landseg_core.geo.tiling import TileKey
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.labels.regions import Position
from landseg_core.project.images import ImageEntry
from landseg_core.project.project import Project
from landseg_core.raster.tiles import TileBudget
from landseg_gui.session.assistant.cell_tiles import CellTiles, ImageCells
from landseg_gui.session.assistant.latest_work import LatestWork
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
class _Others:
    """The other images of a project, whose labels count while the image in the view has too few."""

    known: OtherImages
    project: Project
    entries: list[ImageEntry]

    def rows(self, level: int, control: JobControl) -> list[RowGroup]:
        """Return their labelled cells at a level; in the thread."""
        self.known.compute(self.project, self.entries, level, control)
        return self.known.known([entry.id for entry in self.entries], level)


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
        session, image = self._session.project_session, self._current()
        project, entry = session.project, session.image
        if image is None or project is None or entry is None:
            self.cancel()
            return
        areas = tuple(tuple((column, row) for column, row in area) for area in project.areas(entry.id))
        request = self._asked = QueueRequest(tuple(project.schema.values), areas, tuple(asked))
        others = [other for other in project.images if other != entry and not other.missing][:MOST_IMAGES]
        helpers = _Others(self._others, project, others)
        self._work.begin(lambda control: self._look(request, image, helpers, control))

    def cancel(self) -> None:
        """Stop looking; what has been found and not been heard of is dropped."""
        self._asked = None
        self._work.cancel()

    def forget(self) -> None:
        """Begin anew with another image or project."""
        self.cancel()
        self._others = OtherImages()
        if self._image is not None:
            self._image.assistant.close()
            self._image = None

    def close(self) -> None:
        """Stop, and wait for what is under way."""
        self._asked = None
        self._work.close()
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

    def _look(self, request: QueueRequest, image: _Image, others: _Others, control: JobControl) -> None:
        try:
            found: list[Question] = []
            for question in islice(image.queue.questions(request, others.rows, control), AHEAD):
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
