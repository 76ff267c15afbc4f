"""Restoring a project from a backup: the dialog, the work, and opening the restored project."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QTimer

from landseg_core.project.backup.folder import Backup
from landseg_core.project.backup.restoring import backup_contents, restore
from landseg_gui.dialogs.restore import RestoreDialog
from landseg_gui.session.project_files import same_file
from landseg_gui.text import tr
from landseg_gui.workflows.flow import Flow


class RestoreFlow(Flow):
    """Restores a project from a backup and opens it; the open project is closed as for any other."""

    def open(self) -> RestoreDialog:
        """Show the backups of the open project, or of all projects where none is open."""
        path = self._projects.project.path if self._projects.project else None
        dialog = RestoreDialog(path, self._window)
        dialog.chosen.connect(self._restore)
        job = self._start(tr("Find backups"), lambda _on_event, _control: backup_contents(path))
        job.finished.connect(dialog.show_backups)
        self._open_dialog(dialog)
        return dialog

    def _restore(self, backup: Backup, path: Path) -> None:
        # The dialog is still closing, and closing a project may process events for a while.
        QTimer.singleShot(0, self, lambda: self._begin(backup, path))

    def _begin(self, backup: Backup, path: Path) -> None:
        project = self._projects.project
        is_open = project is not None and same_file(path, project.path)
        if is_open and not self._projects.lifecycle.close():
            return
        job = self._start(
            tr("Restore {project}", project=path.name),
            lambda on_event, control: restore(backup, path, on_event, control),
        )
        job.finished.connect(lambda _result: self._projects.lifecycle.open(path))
        if is_open:  # and still as it was
            job.failed.connect(lambda _sentence: self._projects.lifecycle.open(path))
            job.stopped.connect(lambda: self._projects.lifecycle.open(path))
