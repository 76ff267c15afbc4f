"""Predicting from the window: the dialog, the work in its thread, and the maps as layers and in the project."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtWidgets import QWidget

from landseg_core.events import Event, JobControl, OnEvent, Progress
from landseg_core.geo.window import PixelWindow
from landseg_core.project.project import Project
from landseg_core.tasks.predict import (
    MapFinished,
    PlannedMap,
    PredictionPlanned,
    PredictResult,
    PredictTask,
    run_predict,
)
from landseg_gui.dialogs.predict import PredictDialog
from landseg_gui.form_settings import FormSettings
from landseg_gui.jobs.imports import import_undisturbed
from landseg_gui.jobs.runner import Job, JobRunner, Work
from landseg_gui.session.project_files import entry_at, same_file
from landseg_gui.session.session import Session
from landseg_gui.text import tr
from landseg_gui.workflows.flow import Flow
from landseg_gui.workflows.large_work import ask_if_large


def prediction_job(task: PredictTask) -> Work:
    """Return the work of a task, with one progress for all of its maps."""

    def work(on_event: OnEvent, control: JobControl) -> PredictResult:
        import_undisturbed("landseg_core.inference.backends.torch_backend")
        return run_predict(task, _OverallProgress(on_event), control)

    return work


class _OverallProgress:
    """Passes events on, with the progress of each map turned into that of all of them, weighted by their pixels."""

    def __init__(self, on_event: OnEvent) -> None:
        self._on_event = on_event
        self._pixels: tuple[int, ...] = ()
        self._made = 0
        self._start = time.monotonic()

    def __call__(self, event: Event) -> None:
        if isinstance(event, PredictionPlanned):
            self._pixels, self._start = event.pixels, time.monotonic()
        self._made += isinstance(event, MapFinished)
        self._on_event(self._overall(event) if isinstance(event, Progress) else event)

    def _overall(self, event: Progress) -> Progress:
        done = sum(self._pixels[: self._made]) + self._pixels[self._made] * event.fraction
        return Progress("predicting", done, sum(self._pixels), time.monotonic() - self._start)


class PredictFlow(Flow):
    """Predictions of the open image, or of all images of the project; several may run at once."""

    def __init__(
        self,
        session: Session,
        runner: JobRunner,
        view: Callable[[], PixelWindow | None],
        window: QWidget | None = None,
    ) -> None:
        """Make a flow whose dialog offers the part of the image that `view` returns, in px; None for none."""
        super().__init__(session, runner, window)
        self._view = view

    def open(self) -> PredictDialog | None:
        """Show the dialog, if there is an image to predict."""
        raster = self._session.rasters.current
        if raster is None:
            self._notifier.info(tr("Open an image to predict first."))
            return None
        view, model = self._view(), self._session.model.path
        projects = self._projects
        saved = FormSettings("predict", project=projects.project)
        dialog = PredictDialog(raster, view, model, saved, self._window, projects.project if projects.image else None)
        dialog.accepted.connect(lambda: self.start(dialog.task()))
        self._open_dialog(dialog)
        return dialog

    def start(self, task: PredictTask) -> Job:
        """Make the maps of `task`."""
        image_at = self._projects.images.at
        task = task.model_copy(update={"maps": tuple(replace(one, image=image_at(one.raster)) for one in task.maps)})
        title = tr("Predict %n images", n=len(task.maps), one="Predict {image}", image=task.maps[0].raster.name)
        job = self._start(title, prediction_job(task))
        owner = self._projects.owner
        made: list[PlannedMap] = []
        job.reported.connect(lambda event: made.append(event.map) if isinstance(event, MapFinished) else None)
        job.reported.connect(lambda event: self._take(event, task, owner))
        ask_if_large(job, self._window, lambda: self._make_rest(task, made))
        return job

    def _make_rest(self, task: PredictTask, made: Sequence[PlannedMap]) -> None:
        """Make, as agreed, the maps that had not been made when it turned out how long they take."""
        rest = tuple(one for one in task.maps if one not in made)
        self.start(task.model_copy(update={"maps": rest, "large": True}))

    def _take(self, event: Event, task: PredictTask, owner: Path | None) -> None:
        self._notifier.notice(event)
        if isinstance(event, MapFinished):
            self._show(event, task, owner)
            if event.placed and owner is not None:
                self._record(event.map, task, owner)

    def _show(self, finished: MapFinished, task: PredictTask, owner: Path | None) -> None:
        """Show a map over its image, unless another project is open by now."""
        made, is_ours = finished.map, owner == self._projects.owner
        if owner is None or is_ours:
            self._notifier.info(tr("The map was saved as {path}.", path=made.path))
        else:
            self._notifier.info(tr("The map of {project} was saved as {path}.", project=owner.name, path=made.path))
        raster = self._session.rasters.current
        if is_ours and raster is not None and same_file(raster.path, made.raster):
            self._session.files.add_mask(made.path, finished.schema, window=task.window)

    def _record(self, made: PlannedMap, task: PredictTask, owner: Path) -> None:
        """Record the map of an image, or of a part of one, in its project."""

        def add(project: Project) -> None:
            image = entry_at(project.images, made.raster)
            if image is not None:
                project.add_prediction(image.id, made.path, made.confidence, task.model_file)

        refusal = tr("The map could not be recorded in {project}", project=owner.name)
        self._projects.change_project(owner, add, refusal)
