"""The open project, for work in another thread: borrowed for reading, changed in the thread of the window."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal

from landseg_core.data.sources.source import OpenProject, open_read_only
from landseg_core.events import OnEvent
from landseg_core.project.project import Project
from landseg_core.tasks.train import ChangeProject
from landseg_gui.session.project_session import ProjectSession
from landseg_gui.text import capitalised, translated


def borrow(project: Project | None) -> OpenProject:
    """Return a function that gives a job `project`, with all that has been painted, and opens others for reading."""

    def open_project(file: Path) -> AbstractContextManager[Project]:
        if project is not None and project.path == file:
            return nullcontext(project)
        return open_read_only(file)

    return open_project


class BorrowedProject(QObject):
    """A `ProjectAccess` for a job that starts now, whichever project is open when it ends."""

    _change_wanted = Signal(object, object, str)

    def __init__(self, session: ProjectSession, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.open = borrow(session.project)
        self._change_wanted.connect(session.change_project, Qt.ConnectionType.QueuedConnection)

    def change(self, file: Path, change: ChangeProject, refusal: str, _on_event: OnEvent) -> None:
        """Have the session change a project; where that fails, it shows `refusal` and the reason."""
        self._change_wanted.emit(file, change, capitalised(translated(refusal)))
