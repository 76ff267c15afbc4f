"""Shows training in the window: the run of the open project in its panel, and its live prediction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from landseg_core.labels.classes import ClassSchema
from landseg_core.runs.details import RunDetails
from landseg_gui.jobs.runner import Job
from landseg_gui.panels.runs.training import TrainingPanel
from landseg_gui.session.files.opening import with_colours_of
from landseg_gui.session.session import Session
from landseg_gui.workflows.training.flow import TrainFlow
from landseg_gui.workflows.training.last_run import LastRun
from landseg_gui.workflows.training.live_prediction import LivePrediction


class TrainingDisplay(QObject):
    """Has panel and live prediction follow the open project. `begun`: a run has started; `ended`: it is over."""

    begun = Signal()
    ended = Signal()

    def __init__(self, session: Session, flow: TrainFlow, panel: TrainingPanel, live: LivePrediction) -> None:
        super().__init__(panel)
        self._projects, self._flow, self._panel, self._live = session.project_session, flow, panel, live
        self._classes: ClassSchema | None = None
        self._owner: Path | None = None
        self._last_run = LastRun(self._projects, self)
        flow.started.connect(self._follow)
        flow.next_steps.connect(lambda resume, fine_tune: panel.offer_next_steps(resume=resume, fine_tune=fine_tune))
        panel.resume_wanted.connect(flow.resume)
        panel.fine_tune_wanted.connect(flow.fine_tune)
        panel.live_wanted.connect(live.set_enabled)
        live.refused.connect(panel.show_live_problem)
        self._details: RunDetails | None = None
        self._last_run.read.connect(self._show_details)
        self._last_run.none.connect(panel.show_note)
        self._projects.project_changed.connect(self._show_project)
        self._projects.editing.schema_changed.connect(self._recolour)

    def _follow(self, job: Job, schema: ClassSchema) -> None:
        self._classes, self._owner = schema, self._projects.owner
        self._panel.follow(job, schema, self._owner)
        self._live.follow(job, schema, self._owner)
        job.ended.connect(self.ended)
        self.begun.emit()

    def _show_details(self, details: RunDetails) -> None:
        self._details = details
        trained, current = details.schema, self._projects.schema
        self._panel.show_details(replace(details, schema=with_colours_of(trained, current)) if trained else details)

    def _show_project(self) -> None:
        owner, self._details = self._projects.owner, None
        self._panel.set_project(owner)
        self._live.set_project(owner)
        self._last_run.look_for([] if self._panel.follows_here else list(self._folders()))

    def _folders(self) -> Iterator[Path]:
        """Yield the folders of the runs of the open project, the newest first."""
        if self._flow.last is not None:
            yield self._flow.last
        project = self._projects.project
        yield from (run.folder for run in reversed(project.runs if project else ()))

    def _recolour(self) -> None:
        """Show the classes of the run in the current colours of its project."""
        schema = self._projects.schema
        if self._details is not None:
            self._show_details(self._details)
        if self._classes is not None and schema is not None and self._owner == self._projects.owner:
            self._classes = with_colours_of(self._classes, schema)
            self._panel.recolour(self._classes)
            self._live.recolour(self._classes)
