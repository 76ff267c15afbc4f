"""What the dialog for accepting says of a source, found out in the background while it is open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

from landseg_core.assistant.suggested_map import AcceptableCounts, acceptable_counts
from landseg_core.events import JobControl, OnEvent
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.labels.masks.classes import mask_schema
from landseg_core.project.acceptance import mask_pixels
from landseg_core.raster.source import RasterSource
from landseg_gui.dialogs.accept import MapClasses
from landseg_gui.jobs.runner import Job, Work, while_alive
from landseg_gui.session.acceptable import Prediction, ShownSuggestion
from landseg_gui.session.project_session import ProjectSession
from landseg_gui.text import tr

_MOST_PIXELS = 2**28
"""Pixels of larger maps are not counted: that would take many seconds."""


def map_classes_work(prediction: Prediction) -> Work:
    """Return the work that reads the classes of a map; its result is a `MapClasses`."""

    def work(_on_event: OnEvent, control: JobControl) -> MapClasses:
        schema = prediction.schema or mask_schema(prediction.mask)
        with RasterSource(prediction.mask) as source:
            small = source.grid.window.pixels <= _MOST_PIXELS
        return MapClasses(schema, mask_pixels(prediction.mask, control).tolist() if small else None)

    return work


def counts_work(labels: LabelRaster, view: PixelWindow, locked: frozenset[int]) -> Callable[[ShownSuggestion], Work]:
    """Return what makes the work that counts what a suggestion would label in a view, as `AcceptableCounts`."""

    def work_on(suggestion: ShownSuggestion) -> Work:
        def work(_on_event: OnEvent, _control: JobControl) -> AcceptableCounts:
            return acceptable_counts(suggestion.found, labels, view, locked)

        return work

    return work_on


class MapReader(QObject):
    """Reads what is to know of a source. Only the last question is answered, and none about what cannot be read."""

    answered = Signal(object)

    def __init__(
        self, session: ProjectSession, work: Callable[[Any], Work] = map_classes_work, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._work = session, work
        self._job: Job | None = None

    def ask(self, source: Any) -> None:
        """Start to read."""
        self.cancel()
        job = self._job = self._session.start_in_background(tr("Read {source}", source=source.name), self._work(source))
        job.finished.connect(while_alive(self, lambda found: self._answer(job, found)))

    def cancel(self) -> None:
        """Cancel the question."""
        if self._job is not None:
            self._job.stop()
            self._job = None

    def _answer(self, job: Job, found: MapClasses | AcceptableCounts) -> None:
        if job is self._job:
            self._job = None
            self.answered.emit(found)
