"""Which project is open, and the way from one to the next: opened, worked on, saved, closed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from landseg_core.labels.classes import ClassSchema
from landseg_core.messages import N_
from landseg_core.project.project import Project
from landseg_gui.jobs.runner import JobRunner, Work
from landseg_gui.notifier import Notifier
from landseg_gui.session.project_files import ClosedProjects, OpenedProject, create_work, open_work, same_file
from landseg_gui.session.save_guard import SaveGuard
from landseg_gui.text import files_text, tr, translated

PROJECT_BUSY = N_("The project is busy: wait, or cancel the job in the Jobs panel.")


class LifeCycle(Enum):
    """The state of the project in the window.

    CLOSED: there is none, and its file is free. OPENING: one is being opened; the former, if there is one, stays open
    until it is. OPEN: there is one, and it stays. CLOSING: it is being saved and closed, with the window alive; nothing
    changes it, and no other one can be opened.
    """

    CLOSED = auto()
    OPENING = auto()
    OPEN = auto()
    CLOSING = auto()


class OpenOutcome(Enum):
    """The answer to a request to open a project: it is being opened, or why it is not."""

    UNDER_WAY = auto()
    ALREADY_OPEN = auto()
    ANOTHER_IS_OPENING = auto()
    IS_CLOSING = auto()
    FILE_IS_BEING_UPDATED = auto()


@dataclass(eq=False)
class _Opening:
    """A project that is being opened, and the files to open in it afterwards; `opened` once it has been read."""

    path: Path
    files: tuple[Path, ...]
    opened: OpenedProject | None = None


@dataclass(frozen=True)
class Arrival:
    """A project that has just come into the window: sentences about what went wrong, and files to open in it."""

    project: Project
    problems: Sequence[str]
    files: Sequence[Path]


class ProjectLifecycle(QObject):
    """One project at a time, or none. Questions open over `window`.

    `leaving` comes just before a project is saved and closed, `project_changed` when one has come or gone, and then
    `arrived` with an `Arrival`. `storing_news` brings events of the project's writer, from its thread.
    """

    leaving = Signal()
    project_changed = Signal()
    arrived = Signal(object)
    storing_news = Signal(object)

    def __init__(
        self,
        runner: JobRunner,
        closed: ClosedProjects,
        in_use: Callable[[], bool],
        notifier: Notifier,
        window: QWidget | None,
        parent: QObject | None = None,
    ) -> None:
        """Begin without a project. `in_use` returns whether something changes it just now, so that it must stay."""
        super().__init__(parent)
        self.window = window
        self.project: Project | None = None
        self.save_guard = SaveGuard(runner, notifier, self)
        self._runner, self._closed, self._in_use = runner, closed, in_use
        self._notifier = notifier
        self._opening: _Opening | None = None
        self._given_up: list[_Opening] = []
        self._closing = False

    @property
    def state(self) -> LifeCycle:
        """Return the state: always one of the four, whatever is under way."""
        if self._closing:
            return LifeCycle.CLOSING
        if self._opening is not None:
            return LifeCycle.OPENING
        return LifeCycle.OPEN if self.project else LifeCycle.CLOSED

    # --- opening

    def create(self, path: Path, schema: ClassSchema, rasters: Sequence[Path]) -> OpenOutcome:
        """Create a project with images and work on it instead of the present one."""
        work = create_work(path, schema, rasters, self.storing_news.emit)
        return self._refusal(path, ()) or self._begin(tr("Create {project}", project=path.name), path, work, ())

    def open(self, path: Path | str, files: Sequence[Path] = ()) -> OpenOutcome:
        """Open a project instead of the present one, and then `files` instead of the image that it showed last.

        Where that is impossible, the user is shown why, and `files` are not opened.
        """
        path = Path(path)
        if self._opening and same_file(path, self._opening.path):
            self._opening.files += tuple(files)
            return OpenOutcome.UNDER_WAY
        if not self._opening and not self._closing and (given_up := self._given_up_at(path)):
            given_up.files, self._opening = tuple(files), given_up  # to open it twice would lock it against itself
            self._given_up.remove(given_up)
            return OpenOutcome.UNDER_WAY
        work = open_work(path, self.storing_news.emit)
        return self._refusal(path, files) or self._begin(tr("Open {project}", project=path.name), path, work, files)

    def open_with_next(self, files: Sequence[Path]) -> bool:
        """Have files opened in the project that is being opened; False where none is."""
        if self._opening is None:
            return False
        self._opening.files += tuple(files)
        return True

    def _refusal(self, path: Path, files: Sequence[Path]) -> OpenOutcome | None:
        """Return why a project cannot be opened just now, and show it to the user; None where it can."""
        project = self.project
        names = files_text((path, *files))
        if self._closing:
            self._notifier.info(
                tr("Not opened: {files}. A project is being closed; try again afterwards.", files=names)
            )
            return OpenOutcome.IS_CLOSING
        if self._opening:
            self._notifier.info(
                tr(
                    "Not opened: {files}. {project} is being opened; try again afterwards.",
                    files=names,
                    project=self._opening.path.name,
                )
            )
            return OpenOutcome.ANOTHER_IS_OPENING
        if project and same_file(path, project.path):
            self._notifier.info(tr("{project} is already open.", project=path.name))
            return OpenOutcome.ALREADY_OPEN
        if self._closed.busy:
            self._notifier.info(
                tr("Not opened: {files}. A project file is being updated; try again afterwards.", files=names)
            )
            return OpenOutcome.FILE_IS_BEING_UPDATED
        return None

    def _begin(self, title: str, path: Path, work: Work, files: Sequence[Path]) -> OpenOutcome:
        opening = self._opening = _Opening(path, tuple(files))
        job = self._runner.start(title, work, background=True)
        job.finished.connect(partial(self._take_opened, opening))
        job.failed.connect(partial(self._show_failure, opening))
        job.ended.connect(partial(self._end_job, opening))
        return OpenOutcome.UNDER_WAY

    def _given_up_at(self, path: Path) -> _Opening | None:
        """Return the opening of a project that is still under way although nobody waits for it any more."""
        return next((opening for opening in self._given_up if same_file(path, opening.path)), None)

    def _show_failure(self, opening: _Opening, sentence: str) -> None:
        if opening is not self._opening:
            return
        if opening.files:
            files = files_text(opening.files)
            sentence = tr("{failure} Not opened either: {files}.", failure=sentence, files=files)
        self._notifier.error(sentence)

    def _take_opened(self, opening: _Opening, opened: OpenedProject) -> None:
        """Change projects soon: to close the former takes a while of events, too long for the end of a job."""
        opening.opened = opened
        if opening is self._opening:
            QTimer.singleShot(0, self, partial(self._change_projects, opening))
        else:  # nobody waits for it any more
            opened.project.close()

    def _end_job(self, opening: _Opening) -> None:
        if opening in self._given_up:
            self._given_up.remove(opening)
        if opening is self._opening and opening.opened is None:  # failed or stopped
            self._opening = None

    def _change_projects(self, opening: _Opening) -> None:
        opened = opening.opened
        if opening is not self._opening or opened is None:
            return
        obstacle = self._leave()
        self._opening = None
        if obstacle:
            opened.project.close()
            files = files_text((opening.path, *opening.files))
            self._notifier.info(tr("Not opened: {files}. {reason}", files=files, reason=obstacle))
            return
        self._set_project(opened.project)
        self.arrived.emit(Arrival(opened.project, opened.problems, opening.files))

    def _set_project(self, project: Project | None) -> None:
        self.project = project
        self.project_changed.emit()

    # --- closing

    def close(self) -> bool:
        """Close the project once all is saved; False where it stays, since it is in use, or the user wants it to.

        A project that is being opened is then not opened.
        """
        if self._closing or self.in_use:
            self._notifier.info(translated(PROJECT_BUSY))
            return False
        self._abandon_opening()
        return not self._leave()

    @property
    def in_use(self) -> bool:
        """Return whether something changes the project just now, so that it must stay."""
        return self.project is not None and self._in_use()

    def _abandon_opening(self) -> None:
        opening, self._opening = self._opening, None
        if opening and opening.opened:
            opening.opened.project.close()
        elif opening:
            self._given_up.append(opening)

    def _leave(self) -> str:
        """Save and close the project; return why it stays open, as a sentence, or an empty text."""
        project = self.project
        if project is None:
            return ""
        if self.in_use:
            return translated(PROJECT_BUSY)
        self._closing = True
        try:
            self.leaving.emit()
            if not self.save_guard.settle(project, self.window):
                return tr("{project} stays open.", project=project.path.name)
            self._close_file(project)
            return ""
        finally:
            self._closing = False

    def _close_file(self, project: Project) -> None:
        self._set_project(None)
        if problem := self.save_guard.close(project):
            self._notifier.error(problem)

    def move_to(self, path: Path) -> None:
        """Continue with the file that the whole project was saved to; the one before is closed without a question."""
        if self.project is None:
            return
        self._closing = True
        try:
            self._close_file(self.project)
        finally:
            self._closing = False
        self.open(path)


def read_only_text(project: Project) -> str:
    """Return the sentence that says why a project is read-only."""
    return tr("{project} is read-only: {reason}.", project=project.path.name, reason=project.read_only_reason)
