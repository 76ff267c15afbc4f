"""Finds regions of predictions and suggestions in the background, one after the other."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal
from shiboken6 import isValid

from landseg_core.errors import LandsegError
from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.class_match import ClassMatch
from landseg_core.labels.classes import ClassSchema
from landseg_core.project.predicted_region import predicted_region
from landseg_gui.session.acceptable import Acceptable
from landseg_gui.tools.accept_region import FoundRegion


@dataclass(frozen=True, eq=False)
class RegionQuestion:
    """Which region of a source is at a `pixel` (column, row) of the image, inside `limit`?

    `generation` says which sources were there when it was asked.
    """

    source: Acceptable
    image: RasterGrid
    schema: ClassSchema
    pixel: tuple[int, int]
    limit: PixelWindow
    generation: int = 0

    def answer(self) -> FoundRegion | None:
        """Read the source and return the region, or None where nothing is predicted.

        Raises:
            RasterError: a prediction cannot be read, or does not name its classes.
        """
        with self.source.opened(self.image, with_confidence=False) as predicted:
            found = predicted_region(predicted.values, self.pixel, self.limit)
        if found is None:
            return None
        return FoundRegion(found, int(ClassMatch(predicted.classes, self.schema).table()[found.value]))


class RegionReader(QObject):
    """Answers one question at a time; of those that come meanwhile only the newest.

    `answered` carries the question and a `FoundRegion`, None, or the error as a sentence.
    """

    answered = Signal(object, object)
    _read = Signal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._next: RegionQuestion | None = None
        self._reading = False
        self._read.connect(self._deliver)

    @property
    def busy(self) -> bool:
        """Return whether a question is being answered."""
        return self._reading

    def ask(self, question: RegionQuestion) -> None:
        """Start to answer, or have the question wait until the present one is answered."""
        if self._reading:
            self._next = question
            return
        self._reading = True
        threading.Thread(target=self._work, args=(question,), name="predicted-region", daemon=True).start()

    def _work(self, question: RegionQuestion) -> None:
        answer: FoundRegion | str | None = None
        try:
            answer = question.answer()
        except LandsegError as error:
            answer = str(error)
        finally:
            if isValid(self):
                self._read.emit(question, answer)

    def _deliver(self, question: RegionQuestion, answer: FoundRegion | str | None) -> None:
        self._reading = False
        waiting, self._next = self._next, None
        self.answered.emit(question, answer)
        if waiting is not None and not self._reading:
            self.ask(waiting)
