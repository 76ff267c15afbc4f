"""Makes dated backups of the open project automatically, while painting goes on."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer

from landseg_gui.jobs.runner import Job
from landseg_gui.session.project_session import ProjectSession
from landseg_gui.text import tr

_FIRST_MS = 1000
_LOOK_MS = 30_000

BACKUP_SECONDS = 600.0
"""How often a backup is made of a project that changes."""


class AutomaticBackups(QObject):
    """Makes a backup soon after a project has been opened, and every ten minutes where it has changed since.

    A failure is reported once: the project itself is safe.
    """

    def __init__(self, session: ProjectSession, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._job: Job | None = None
        self._reported: set[str] = set()
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.look)
        session.project_changed.connect(self._follow)

    def _follow(self) -> None:
        if self._job is not None:
            self._job.stop()  # it is about the former project
        if self._session.project is None:
            self._timer.stop()
        else:
            self._timer.start(_FIRST_MS)

    def look(self) -> None:
        """Start a backup where one is due."""
        self._timer.start(_LOOK_MS)
        project = self._session.project
        if (
            project is None
            or self._job is not None
            or self._session.editing.busy
            or not project.backups.is_due(BACKUP_SECONDS)
        ):
            return
        job = self._job = self._session.start_in_background(
            tr("Back up {project}", project=project.path.name), project.backups.make
        )
        job.failed.connect(self._report)
        job.ended.connect(self._end)

    def _report(self, sentence: str) -> None:
        project = self._session.project
        if project is not None and not project.fault and sentence not in self._reported:
            self._reported.add(sentence)
            self._session.show_info(sentence)

    def _end(self) -> None:
        self._job = None
