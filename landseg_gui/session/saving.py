"""Whether all edits are saved, for the status bar and for painting; and copies of the project."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from landseg_core.events import Event, StoringFailed, StoringResumed
from landseg_core.messages import N_
from landseg_core.project.project import Project
from landseg_gui.jobs.runner import Job, JobRunner
from landseg_gui.notifier import Notifier
from landseg_gui.session.lifecycle import ProjectLifecycle
from landseg_gui.text import as_sentence, tr, translated

_MOST_NOTICES = 5
_FAULTS = {
    "deleted": N_("Project file deleted"),
    "moved": N_("Project file missing"),
    "replaced": N_("Project file replaced"),
    "overwritten": N_("Project file overwritten"),
    "log": N_("Project file damaged"),
}
"""The text in the status bar where the project's file is not the one that was opened, by the kind of `FileFault`."""


@dataclass(frozen=True)
class SaveState:
    """Whether all edits are saved, in a few words with their explanation.

    `passing`: it changes in a moment; `failed`: something keeps edits from being saved.
    """

    text: str = ""
    tip: str = ""
    passing: bool = False
    failed: bool = False


def save_state(project: Project | None) -> SaveState:
    """Return what the status bar shows about a project; nothing without one."""
    if project is None:
        return SaveState()
    if project.fault:
        return SaveState(translated(_FAULTS[project.fault.kind]), as_sentence(project.failure or ""), failed=True)
    if project.read_only:
        return SaveState(tr("Read-only"), as_sentence(project.read_only_reason or ""))
    count = project.waiting
    if project.failure:
        text = tr("%n edits not saved", n=count, one="One edit not saved")
        return SaveState(text, as_sentence(project.failure), failed=True)
    if count:
        text = tr("Saving %n edits…", n=count, one="Saving one edit…")
        return SaveState(text, tr("Edits are saved to {path} automatically.", path=project.path), passing=True)
    return SaveState(tr("Saved"), tr("All edits are saved in {path}.", path=project.path))


class Saving(QObject):
    """Whether all edits of the open project are saved, and its copies.

    `changed`: the `state` may be another; `save_wanted`: the project's file is lost, as the sentence that comes with it
    says, and all should be saved to another one.
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
        """Return whether all edits are saved."""
        return save_state(self._lifecycle.project)

    @property
    def under_way(self) -> bool:
        """Return whether the project is being saved to another file, so that nothing may change it."""
        return self._job is not None

    def retry(self) -> None:
        """Try again to save the edits that could not be saved."""
        if project := self._lifecycle.project:
            project.retry()
            self.changed.emit()

    def save_copy(self, path: Path, *, overwrite: bool = False) -> Job | None:
        """Write a copy of the project as it is now; painting goes on meanwhile."""
        project = self._lifecycle.project
        if project is None:
            return None
        job = self._runner.start(
            tr("Copy to {file}", file=path.name),
            lambda on_event, control: project.save_copy(path, on_event, control, overwrite=overwrite),
        )
        job.failed.connect(self._notifier.error)
        job.finished.connect(lambda _result: self._notifier.info(tr("Saved a copy to {path}.", path=path)))
        return job

    def save_as(self, path: Path, *, overwrite: bool = False) -> Job | None:
        """Save all to another file, also what cannot be saved here, and continue with that; None while it is busy."""
        project = self._lifecycle.project
        if project is None or self._lifecycle.in_use:
            return None
        self._lifecycle.leaving.emit()
        job = self._job = self._runner.start(
            tr("Save {project}", project=path.name),
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
        """Show the user what keeps edits from being saved, and what to do about it."""
        project = self._lifecycle.project
        if project is None or not project.failure:
            return
        if project.fault:
            self.save_wanted.emit(
                tr(
                    "{failure} Painting is paused: choose Save As to save everything to another file.",
                    failure=as_sentence(project.failure),
                )
            )
        else:
            self._notifier.error(
                tr(
                    "{failure} Painting is paused: choose Try Again in the status bar.",
                    failure=as_sentence(project.failure),
                )
            )

    def show_damage(self) -> None:
        """Show what was found damaged since the last time, in few sentences."""
        project = self._lifecycle.project
        new = [notice for notice in project.notices if notice not in self._shown_damage] if project else []
        self._shown_damage.update(new)
        for notice in new[:_MOST_NOTICES]:
            self._notifier.error(notice)
        if len(new) > _MOST_NOTICES:
            self._notifier.error(
                tr(
                    "%n more parts of the project are damaged.",
                    n=len(new) - _MOST_NOTICES,
                    one="One more part of the project is damaged.",
                )
            )

    def _take_news(self, event: Event) -> None:
        project = self._lifecycle.project
        if project is not None and isinstance(event, StoringFailed | StoringResumed):
            if project.failure:
                self.show_failure()
            else:
                self._notifier.info(tr("{project} is back: all edits are saved in it.", project=project.path.name))
        self.show_damage()
        self.changed.emit()
