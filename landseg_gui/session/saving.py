"""Whether all is on disk, for the status bar and for whoever wants to paint; and copies of the project."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from landseg_core.events import Event, StoringFailed, StoringResumed
from landseg_core.project.project import Project
from landseg_gui.jobs.runner import Job, JobRunner
from landseg_gui.notifier import Notifier
from landseg_gui.session.lifecycle import ProjectLifecycle
from landseg_gui.session.save_guard import edits
from landseg_gui.text import capitalised, tr

_MOST_NOTICES = 5
_FAULTS = {
    "deleted": "Project file deleted",
    "moved": "Project file is missing",
    "replaced": "Project file replaced",
    "overwritten": "Project file overwritten",
    "log": "Project file damaged",
}
"""What the status bar says where the project's file is not the one that was opened, by the kind of `FileFault`."""


@dataclass(frozen=True)
class SaveState:
    """How safe the edits are, in a few words with their explanation.

    `passing`: it changes by itself in a moment; `failed`: something keeps edits from being stored.
    """

    text: str = ""
    tip: str = ""
    passing: bool = False
    failed: bool = False


def save_state(project: Project | None) -> SaveState:
    """Return what the status bar says about a project; nothing without one."""
    if project is None:
        return SaveState()
    if project.fault:
        return SaveState(_FAULTS[project.fault.kind], capitalised(project.failure or ""), failed=True)
    if project.read_only:
        return SaveState(tr("Read-only"), capitalised(project.read_only_reason or ""))
    if project.failure:
        return SaveState(
            tr("Not stored: {edits}", edits=edits(project.waiting)), capitalised(project.failure), failed=True
        )
    if project.waiting:
        return SaveState(
            tr("Storing…"), tr("{edits} on the way to the disk", edits=edits(project.waiting)), passing=True
        )
    return SaveState(tr("All on disk"), tr("Every edit is stored in {path}", path=project.path))


class Saving(QObject):
    """How safe the edits of the open project are, and its copies.

    `changed`: the `state` may be another; `save_wanted`: the project's file is lost, by the sentence that comes with
    it, and all should be saved to another one.
    """

    changed = Signal()
    save_wanted = Signal(str)

    def __init__(self, lifecycle: ProjectLifecycle, runner: JobRunner, notifier: Notifier) -> None:
        super().__init__(lifecycle)
        self._lifecycle, self._runner, self._notifier = lifecycle, runner, notifier
        self._job: Job | None = None
        self._shown_damage: set[str] = set()
        lifecycle.project_changed.connect(self._shown_damage.clear)
        # The news come from the thread of the project's writer.
        lifecycle.storing_news.connect(self._take_news, Qt.ConnectionType.QueuedConnection)

    @property
    def state(self) -> SaveState:
        """Return how safe the edits are."""
        return save_state(self._lifecycle.project)

    @property
    def under_way(self) -> bool:
        """Tell whether the project is being saved to another file, so that nothing may change it."""
        return self._job is not None

    def retry(self) -> None:
        """Try again to store the edits that could not be stored."""
        if project := self._lifecycle.project:
            project.retry()
            self.changed.emit()

    def save_copy(self, path: Path, *, overwrite: bool = False) -> Job | None:
        """Write a copy of the project as it is now; painting goes on meanwhile."""
        project = self._lifecycle.project
        if project is None:
            return None
        job = self._runner.start(
            tr("Copy to {path}", path=path.name),
            lambda on_event, control: project.save_copy(path, on_event, control, overwrite=overwrite),
        )
        job.failed.connect(self._notifier.error)
        job.finished.connect(lambda _result: self._notifier.info(tr("Copied to {path}", path=path)))
        return job

    def save_as(self, path: Path, *, overwrite: bool = False) -> Job | None:
        """Write all to another file, also what cannot be stored, and go on in that; None where something is at work."""
        project = self._lifecycle.project
        if project is None or self._lifecycle.in_use:
            return None
        self._lifecycle.leaving.emit()
        job = self._job = self._runner.start(
            tr("Save {path}", path=path.name),
            lambda on_event, control: project.save_as(path, on_event, control, overwrite=overwrite),
        )
        job.failed.connect(self._notifier.error)
        # The job has to end first: closing a file takes a while of events.
        job.finished.connect(lambda _result: QTimer.singleShot(0, self, partial(self._move_to, path, project)))
        job.ended.connect(self._end)
        return job

    def _end(self) -> None:
        self._job = None
        self.changed.emit()

    def _move_to(self, path: Path, former: Project) -> None:
        if former is self._lifecycle.project:
            self._lifecycle.move_to(path)

    def show_failure(self) -> None:
        """Tell the user what keeps edits from being stored, and what to do about it."""
        project = self._lifecycle.project
        if project is None or not project.failure:
            return
        if project.fault:
            sentence = (
                f"{capitalised(project.failure)}. Painting waits: choose Save As to write all of it to another file"
            )
            self.save_wanted.emit(sentence)
        else:
            self._notifier.error(
                tr("{failure}. Painting waits until then: choose Try again in the status bar", failure=project.failure)
            )

    def show_damage(self) -> None:
        """Tell what was found damaged since the user was told last, in few sentences."""
        project = self._lifecycle.project
        new = [notice for notice in project.notices if notice not in self._shown_damage] if project else []
        self._shown_damage.update(new)
        for notice in new[:_MOST_NOTICES]:
            self._notifier.error(capitalised(notice))
        if len(new) > _MOST_NOTICES:
            self._notifier.error(
                tr("And {value} more parts of the project are damaged", value=len(new) - _MOST_NOTICES)
            )

    def _take_news(self, event: Event) -> None:
        project = self._lifecycle.project
        if project is not None and isinstance(event, StoringFailed | StoringResumed):
            if project.failure:
                self.show_failure()
            else:
                self._notifier.info(
                    tr("{path} is at its place again: every edit is stored there", path=project.path.name)
                )
        self.show_damage()
        self.changed.emit()
