"""Finds out in the background which classes a map has, and how many pixels of each, while a dialog asks about it."""

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
"""Of larger maps the classes are told without their pixels, which would take many seconds to count."""


def map_classes_work(prediction: Prediction) -> Work:
    """Return the work that finds out which classes a map has; it gives `MapClasses`."""

    def work(_on_event: OnEvent, control: JobControl) -> MapClasses:
        schema = prediction.schema or mask_schema(prediction.mask)
        with RasterSource(prediction.mask) as source:
            small = source.grid.window.pixels <= _MOST_PIXELS
        return MapClasses(schema, mask_pixels(prediction.mask, control).tolist() if small else None)

    return work


class MapReader(QObject):
    """Answers what classes a map has; only the last question is answered, and a map that cannot be read is not."""

    answered = Signal(object)

    def __init__(self, session: ProjectSession, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._job: Job | None = None

    def ask(self, prediction: Prediction) -> None:
        """Begin to find out."""
        self.cancel()
        job = self._job = self._session.start_in_background(
            tr("Classes of {prediction}", prediction=prediction.name), map_classes_work(prediction)
        )
        job.finished.connect(while_alive(self, lambda found: self._take(job, found)))

    def cancel(self) -> None:
        """Forget what was asked."""
        if self._job is not None:
            self._job.stop()
            self._job = None

    def _take(self, job: Job, found: MapClasses) -> None:
        if job is self._job:
            self._job = None
            self.answered.emit(found)
