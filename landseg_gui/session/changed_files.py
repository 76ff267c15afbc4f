"""What has changed outside the open project - its images, its maps - and what can be done about it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from landseg_core.events import JobControl, OnEvent
from landseg_core.project.outside.change_list import unknown_contents
from landseg_core.project.outside.changes import Change
from landseg_core.project.outside.regrid import Move, Moved
from landseg_core.project.project import Project
from landseg_core.raster.files.content import RasterContent
from landseg_gui.jobs.runner import Job, Work
from landseg_gui.text import tr

if TYPE_CHECKING:
    from landseg_gui.session.project_session import ProjectSession


@dataclass(frozen=True)
class _Looked:
    """What has changed, and the contents of images that the project did not know."""

    changes: tuple[Change, ...]
    contents: dict[int, RasterContent]


def look_work(project: Project) -> Work:
    """Return the work of comparing all files of a project with what the project knows of them."""

    def work(_on_event: OnEvent, control: JobControl) -> _Looked:
        return _Looked(project.changes(control), unknown_contents(project.images, control))

    return work


class ChangedFiles(QObject):
    """Compares the files of the project with what it knows of them, in the background; `found` brings all changes.

    `changes` are those found last. `move_planned` brings a `Move` that the user should agree to before it is made.
    """

    found = Signal(object)
    move_planned = Signal(object)

    def __init__(self, session: ProjectSession) -> None:
        super().__init__(session)
        self._session = session
        self._job: Job | None = None
        self.changes: tuple[Change, ...] = ()
        session.project_changed.connect(self._forget)

    def look(self) -> Job | None:
        """Look for what has changed; None without a project."""
        project = self._session.project
        if project is None:
            return None
        self._stop()
        job = self._job = self._session.start_in_background(tr("Look for changed files"), look_work(project))
        job.finished.connect(partial(self._take, project, job))
        return job

    def _take(self, project: Project, job: Job, looked: _Looked) -> None:
        if job is not self._job or project is not self._session.project:
            return
        if looked.contents and not project.read_only and not project.failure:
            project.record_contents(looked.contents)
        self.changes = looked.changes
        self.found.emit(self.changes)

    def _stop(self) -> None:
        job, self._job = self._job, None
        if job is not None and job.running:
            job.stop()

    def _forget(self) -> None:
        self._stop()
        self.changes = ()

    def look_after(self, job: Job | None) -> Job | None:
        """Look again once `job`, which changes the project, has ended."""
        if job is not None:
            job.ended.connect(self.look)
        return job

    def keep_grid(self, image_id: int) -> Job | None:
        """Keep an image where the project says."""
        project = self._session.project
        if project is None:
            return None
        job = self._session.editing.run(tr("Keep grid"), lambda _on_event, _control: project.keep_grid(image_id))
        return self.look_after(job)

    def plan_move(self, image_id: int) -> Job | None:
        """Move labels with their image; where that cannot be undone, `move_planned` asks first."""
        project = self._session.project
        if project is None:
            return None
        job = self._session.editing.run(
            tr("Compare label positions"), lambda _on_event, _control: project.plan_move(image_id)
        )
        if job is not None:
            job.finished.connect(self._take_plan)
        return job

    def _take_plan(self, move: Move) -> None:
        go_on = self.move if move.can_be_undone else self.move_planned.emit
        QTimer.singleShot(0, self, lambda: go_on(move))  # the job of the plan has to end first

    def move(self, move: Move) -> Job | None:
        """Move labels as planned; those that then lie outside the image are lost."""
        project = self._session.project
        if project is None:
            return None

        def work(on_event: OnEvent, control: JobControl) -> Moved:
            return project.move_labels(move, drop_outside=True, on_event=on_event, control=control)

        return self.look_after(self._session.editing.run(tr("Move labels"), work))

    def remove_map(self, prediction_id: int) -> Job | None:
        """Remove a map from the project; its file stays."""
        project = self._session.project
        if project is None:
            return None
        job = self._session.editing.run(
            tr("Remove map"), lambda _on_event, _control: project.remove_prediction(prediction_id)
        )
        return self.look_after(job)
