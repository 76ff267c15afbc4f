"""Goes back and forth in a project's history, many steps if need be, with the window alive all the way."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, QTimer, Signal

from landseg_core.errors import ProjectError
from landseg_core.project.history import Step
from landseg_core.project.project import Project
from landseg_gui.jobs.runner import Job, JobRunner
from landseg_gui.notifier import Notifier
from landseg_gui.session.step_names import shown_step
from landseg_gui.text import tr

_BUDGET_S = 0.03  # of undoing at a stretch: two frames of a screen


class HistoryWalk(QObject):
    """Undoes or redoes one step after the other until the wanted position is reached.

    Small steps are done at once, large ones in a job. `moved`: some steps are done and more follow; `ended`
    brings the last step done, or None where none was; before it, a failure is shown to the user.
    """

    moved = Signal()
    ended = Signal(object)

    def __init__(self, runner: JobRunner, notifier: Notifier, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner, self._notifier = runner, notifier
        self._project: Project | None = None
        self._target = 0
        self._last: Step | None = None
        self._job: Job | None = None

    @property
    def under_way(self) -> bool:
        """Return whether `ended` is still to come."""
        return self._project is not None

    def start(self, project: Project, position: int) -> None:
        """Walk to `position`, the number of steps that shall be done; nothing while another walk is under way."""
        if self.under_way:
            return
        self._project, self._target, self._last = project, min(max(0, position), len(project.history.steps)), None
        self._go_on()

    def _go_on(self) -> None:
        deadline = time.perf_counter() + _BUDGET_S
        step = self._next_step()
        while step is not None and not step.is_large:
            if not self._do_one():
                break
            step = self._next_step()
            if step is not None and time.perf_counter() > deadline:
                self.moved.emit()
                QTimer.singleShot(0, self, self._go_on)
                return
        if step is not None and step.is_large:
            self._start_job(step)
        else:
            self._end()

    def _next_step(self) -> Step | None:
        """Return the step to do next, or None at the end."""
        project = self._project
        if project is None or project.history.position == self._target:
            return None
        return project.history.next_undo if self._is_back() else project.history.next_redo

    def _is_back(self) -> bool:
        return self._project is not None and self._project.history.position > self._target

    def _do_one(self) -> bool:
        """Do the next step, a small one; False where it cannot be done."""
        assert self._project is not None
        try:
            done = self._project.undo() if self._is_back() else self._project.redo()
        except ProjectError as error:
            self._notifier.error(str(error))
            return False
        self._last = done or self._last
        return done is not None

    def _start_job(self, step: Step) -> None:
        assert self._project is not None
        name = shown_step(step.name)
        if self._is_back():
            move, title = self._project.undo, tr("Undo {step}", step=name)
        else:
            move, title = self._project.redo, tr("Redo {step}", step=name)
        self._job = self._runner.start(title, lambda on_event, control: move(on_event, control))
        self._job.finished.connect(self._take_step)
        self._job.failed.connect(self._notifier.error)
        self._job.ended.connect(self._leave_job)

    def _take_step(self, step: Step | None) -> None:
        if step is not None:
            self._last, self._job = step, None

    def _leave_job(self) -> None:
        """Continue where the job has done its step; after a stop or a failure the walk ends where it is."""
        if self._job is None:
            self.moved.emit()
            self._go_on()
        else:
            self._job = None
            self._end()

    def _end(self) -> None:
        last, self._project = self._last, None
        self.ended.emit(last)
