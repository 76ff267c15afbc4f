"""The available runs: those of the project, or those in a folder; read, and deleted, in the background."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from landseg_core.errors import LandsegError
from landseg_core.events import JobControl, OnEvent
from landseg_core.project.project import Project
from landseg_core.project.run_table import RunEntry
from landseg_core.runs.catalogue import (
    RunStatus,
    RunSummary,
    newest_first,
    run_folders,
    summarise,
    summarise_entry,
)
from landseg_core.runs.deletion import delete_run
from landseg_gui.form_settings import FormSettings
from landseg_gui.jobs.imports import import_undisturbed
from landseg_gui.jobs.runner import Job, Work, while_alive
from landseg_gui.notifier import Notifier
from landseg_gui.paths import results_folder
from landseg_gui.session.project_session import ProjectSession
from landseg_gui.text import tr

Location = TypeVar("Location", Path, RunEntry)
"""Where a run can be found."""


def runs_in_folder_work(folder: Path) -> Work:
    """Return the work that reads the runs in `folder`; one that is not there yet holds none."""
    return _reading_work(lambda: run_folders(folder) if folder.exists() else [], summarise)


def runs_of_project_work(entries: Sequence[RunEntry]) -> Work:
    """Return the work that reads the runs that a project lists."""
    return _reading_work(lambda: entries, summarise_entry)


def _reading_work(find: Callable[[], Iterable[Location]], read: Callable[[Location], RunSummary]) -> Work:
    def work(_on_event: OnEvent, control: JobControl) -> list[RunSummary]:
        import_undisturbed("pyqtgraph")  # here, so that the window need not wait for it when runs are compared
        found = []
        for location in find():
            control.checkpoint()
            found.append(read(location))
        return newest_first(found)

    return work


@dataclass(frozen=True)
class Deletion:
    """The folders of runs that are gone, and a sentence for each that could not be deleted."""

    gone: tuple[Path, ...]
    troubles: tuple[str, ...]


def deletion_work(runs: Sequence[RunSummary]) -> Work:
    """Return the work that deletes runs, and returns a `Deletion`; one that is missing needs no work."""

    def work(_on_event: OnEvent, _control: JobControl) -> Deletion:
        gone, troubles = [], []
        for run in runs:
            try:
                if run.status != RunStatus.MISSING:
                    delete_run(run.folder)
                gone.append(run.folder)
            except LandsegError as error:
                troubles.append(str(error))
        return Deletion(tuple(gone), tuple(troubles))

    return work


class RunCatalogue(QObject):
    """The runs of the project that is open; without one, or where the user has chosen it, those in a folder.

    `changed`: other runs are available; `deleted` brings the folders that are gone.
    """

    changed = Signal()
    deleted = Signal(object)

    def __init__(self, session: ProjectSession, notifier: Notifier, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._notifier = session, notifier
        self._chosen: Path | None = None
        self._job: Job | None = None
        self.runs: Sequence[RunSummary] = ()

    @property
    def reading(self) -> bool:
        """Return whether the runs are being read."""
        return self._job is not None

    @property
    def folder(self) -> Path | None:
        """Return the folder that is searched, or None where it is the project's own list."""
        if self._chosen or self._session.project:
            return self._chosen
        return Path(FormSettings("train").text("runs") or results_folder("runs"))

    @property
    def title(self) -> str:
        """Return where the runs come from, as a heading."""
        project = self._session.project
        if self.folder is None and project is not None:
            return tr("Runs of {project}", project=project.path.name)
        return tr("Runs in {folder}", folder=self.folder)

    @property
    def is_elsewhere(self) -> bool:
        """Return whether the user has chosen a folder."""
        return self._chosen is not None

    def choose_folder(self, folder: Path | None) -> None:
        """Search `folder` from the next `refresh` on; None for the project, or the folder that was trained in last."""
        self._chosen = folder
        self.runs = ()

    def refresh(self) -> None:
        """Read the runs again."""
        if self._job is not None:
            self._job.stop()
        project, folder = self._session.project, self.folder
        runs = tuple(project.runs) if project else ()
        work = runs_of_project_work(runs) if folder is None else runs_in_folder_work(folder)
        job = self._job = self._session.start_in_background(tr("Read training runs"), work)
        job.finished.connect(while_alive(self, lambda runs: self._take(job, runs)))
        job.failed.connect(while_alive(self, lambda sentence: self._fail(job, sentence)))

    def _take(self, job: Job, runs: Sequence[RunSummary]) -> None:
        if job is self._job:  # or another one has been started
            self._job, self.runs = None, runs
            self.changed.emit()

    def _fail(self, job: Job, sentence: str) -> None:
        self._take(job, ())
        self._notifier.error(sentence)

    def delete(self, runs: Sequence[RunSummary]) -> None:
        """Delete runs from disk, and from the project; what cannot be deleted is reported, and stays."""
        owner = self._session.owner
        job = self._session.start_in_background(tr("Delete runs"), deletion_work(runs))
        job.finished.connect(lambda deletion: self._drop_deleted(deletion, owner))

    def _drop_deleted(self, deletion: Deletion, owner: Path | None) -> None:
        """Remove the deleted runs from the project that listed them, whichever is open now."""
        if owner is not None and deletion.gone:
            refusal = tr("{project} still lists the deleted runs.", project=owner.name)
            self._session.change_project(owner, lambda project: _drop_entries(project, deletion.gone), refusal)
        self.deleted.emit(deletion.gone)
        for sentence in deletion.troubles:
            self._notifier.error(sentence)
        self.refresh()


def _drop_entries(project: Project, gone: Sequence[Path]) -> None:
    for entry in tuple(project.runs):
        if entry.folder in gone:
            project.remove_run(entry.id)
