"""Restoring a project from a backup: the dialog, the work, and the project that is open then."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from landseg_core.project.backup.folder import Backup
from landseg_core.project.backup.restoring import backup_contents, restore
from landseg_gui.dialogs.of_project import open_of_project
from landseg_gui.dialogs.restore import RestoreDialog
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.session.project_files import same_file
from landseg_gui.session.session import Session
from landseg_gui.text import tr


class RestoreFlow(QObject):
    """Makes a project of a backup and opens it; the one that is open is closed as it is for any other."""

    def __init__(self, session: Session, runner: JobRunner, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._runner, self._window = session, runner, window
        self._project = session.project_session

    def open(self) -> RestoreDialog:
        """Show the backups of the open project, or of all projects where none is open."""
        path = self._project.project.path if self._project.project else None
        dialog = RestoreDialog(path, self._window)
        dialog.chosen.connect(self._restore)
        job = self._runner.start(tr("Look for backups"), lambda _on_event, _control: backup_contents(path))
        job.finished.connect(dialog.show_backups)
        open_of_project(dialog, self._project.project_changed)
        return dialog

    def _restore(self, backup: Backup, path: Path) -> None:
        # The dialog is still being left; closing a project may take a while of events.
        QTimer.singleShot(0, self, lambda: self._begin(backup, path))

    def _begin(self, backup: Backup, path: Path) -> None:
        project = self._project.project
        is_open = project is not None and same_file(path, project.path)
        if is_open and not self._project.lifecycle.close():
            return
        job = self._runner.start(
            tr("Restore {path}", path=path.name), lambda on_event, control: restore(backup, path, on_event, control)
        )
        job.finished.connect(lambda _result: self._project.lifecycle.open(path))
        job.failed.connect(self._session.notifier.error)
        if is_open:  # and still as it was
            job.failed.connect(lambda _sentence: self._project.lifecycle.open(path))
            job.stopped.connect(lambda: self._project.lifecycle.open(path))
