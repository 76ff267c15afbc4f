"""The last run of the open project, read in the background for the panel that shows it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from landseg_core.events import JobControl, OnEvent
from landseg_core.runs.catalogue import is_run
from landseg_core.runs.details import RunDetails, read_details
from landseg_gui.jobs.imports import import_undisturbed
from landseg_gui.jobs.runner import Job, Work, while_alive
from landseg_gui.session.project_session import ProjectSession
from landseg_gui.text import tr


def last_run_work(folders: Sequence[Path]) -> Work:
    """Return the work that reads the first of `folders` that holds a run; it gives a `RunDetails`, or None."""

    def work(_on_event: OnEvent, _control: JobControl) -> RunDetails | None:
        found = next(filter(is_run, folders), None)
        if found is None:
            return None
        import_undisturbed("pyqtgraph")  # here, so that the window need not wait for it when the curves appear
        return read_details(found)

    return work


class LastRun(QObject):
    """Reads the newest of some runs. `read` carries its details; `none` says, in a sentence, why there is none."""

    read = Signal(object)
    none = Signal(str)

    def __init__(self, session: ProjectSession, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._job: Job | None = None

    def look_for(self, folders: Sequence[Path]) -> None:
        """Read the first of `folders` that contains a run; an earlier search is cancelled."""
        if self._job is not None:
            self._job.stop()
            self._job = None
        if folders:
            job = self._job = self._session.start_in_background(tr("Read last training run"), last_run_work(folders))
            job.finished.connect(while_alive(self, lambda details: self._take(job, folders, details)))
            job.failed.connect(while_alive(self, lambda sentence: self._report_none(job, sentence)))

    def _take(self, job: Job, folders: Sequence[Path], details: RunDetails | None) -> None:
        if job is not self._job:  # or another project is open by now
            return
        if details is None:
            self._report_none(job, tr("The last training run is no longer in {folder}.", folder=folders[0]))
        else:
            self._job = None
            self.read.emit(details)

    def _report_none(self, job: Job, sentence: str) -> None:
        if job is self._job:
            self._job = None
            self.none.emit(sentence)
