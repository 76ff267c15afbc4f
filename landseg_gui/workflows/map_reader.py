"""Reads the classes of a map, and counts the pixels of each, in the background while a dialog is open."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from landseg_core.events import JobControl, OnEvent
from landseg_core.labels.masks.classes import mask_schema
from landseg_core.project.acceptance import mask_pixels
from landseg_core.raster.source import RasterSource
from landseg_gui.dialogs.accept import MapClasses, Prediction
from landseg_gui.jobs.runner import Job, Work, while_alive
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


class MapReader(QObject):
    """Reads the classes of a map. Only the last question is answered, and none about a map that cannot be read."""

    answered = Signal(object)

    def __init__(self, session: ProjectSession, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._job: Job | None = None

    def ask(self, prediction: Prediction) -> None:
        """Start to read."""
        self.cancel()
        job = self._job = self._session.start_in_background(
            tr("Read classes of {prediction}", prediction=prediction.name), map_classes_work(prediction)
        )
        job.finished.connect(while_alive(self, lambda found: self._answer(job, found)))

    def cancel(self) -> None:
        """Cancel the question."""
        if self._job is not None:
            self._job.stop()
            self._job = None

    def _answer(self, job: Job, found: MapClasses) -> None:
        if job is self._job:
            self._job = None
            self.answered.emit(found)
