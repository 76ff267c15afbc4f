"""The base of all workflows: a dialog over the window, a job, and a message where that fails."""

from __future__ import annotations

from PySide6.QtCore import QObject, SignalInstance
from PySide6.QtWidgets import QDialog, QWidget

from landseg_gui.dialogs.of_project import open_of_project
from landseg_gui.jobs.runner import Job, JobRunner, Work
from landseg_gui.session.session import Session


class Flow(QObject):
    """A dialog, the work that it asks for, and the use of its result. Dialogs open over `window`."""

    def __init__(self, session: Session, runner: JobRunner, window: QWidget | None = None) -> None:
        super().__init__(window)
        self._session, self._projects, self._notifier = session, session.project_session, session.notifier
        self._runner, self._window = runner, window
        self._jobs: list[Job] = []

    @property
    def running(self) -> bool:
        """Return whether a job is running."""
        return any(job.running for job in self._jobs)

    def _open_dialog(self, dialog: QDialog, *changed: SignalInstance) -> None:
        """Open a dialog that is cancelled when the open project changes, or by a signal of `changed`."""
        open_of_project(dialog, self._projects.project_changed, *changed)

    def _start(self, title: str, work: Work) -> Job:
        """Start work; several jobs may run at once. A message says why one failed."""
        job = self._runner.start(title, work)
        self._jobs = [*(other for other in self._jobs if other.running), job]
        job.failed.connect(self._notifier.error)
        return job
