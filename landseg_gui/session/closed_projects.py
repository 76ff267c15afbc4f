"""Small changes to projects that are not open in the window: a run or a map of theirs has come to its end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from landseg_core.project.project import Project
from landseg_gui.jobs.runner import Job, JobRunner
from landseg_gui.session.project_files import change_closed_work

Change = Callable[[Project], None]


class ClosedProjects(QObject):
    """Makes changes one after the other, each in a job that opens the project for it alone.

    `failed` brings a sentence: what was refused, and why.
    """

    failed = Signal(str)

    def __init__(self, runner: JobRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._waiting: list[tuple[Path, Change, str]] = []
        self._job: Job | None = None

    @property
    def busy(self) -> bool:
        """Tell whether a project is being changed: it could be opened only for reading meanwhile."""
        return self._job is not None

    def change(self, path: Path, change: Change, refusal: str) -> None:
        """Change the project at `path` as soon as may be; `refusal` says what has not been done where that fails."""
        self._waiting.append((path, change, refusal))
        self._begin()

    def _begin(self) -> None:
        if self._job is not None or not self._waiting:
            return
        path, change, refusal = self._waiting.pop(0)
        job = self._job = self._runner.start(f"Update {path.name}", change_closed_work(path, change))
        job.failed.connect(lambda reason: self.failed.emit(f"{refusal}: {reason}"))
        job.ended.connect(self._end)

    def _end(self) -> None:
        self._job = None
        self._begin()
