"""Prediction from the window: the dialog, the work in its thread, and the maps as layers and in the project."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from landseg_core.events import Event, JobControl, OnEvent, Progress
from landseg_core.inference.backends.memory import TrialMemory
from landseg_core.inference.compatibility import require_fit
from landseg_core.inference.options import PredictOptions
from landseg_core.inference.work import prediction_work
from landseg_core.labels.classes import ClassSchema
from landseg_core.limits import WorkSize, all_together, require_agreed
from landseg_core.output_files import check_free, made_folder
from landseg_core.project.project import Project
from landseg_core.raster.source import RasterSource
from landseg_gui.dialogs.of_project import open_of_project
from landseg_gui.dialogs.predict import PredictDialog
from landseg_gui.dialogs.requests import PredictAllRequest, PredictRequest
from landseg_gui.form_settings import FormMemory
from landseg_gui.jobs.imports import import_undisturbed
from landseg_gui.jobs.runner import Job, JobRunner, Work
from landseg_gui.session.project_files import entry_at, same_file
from landseg_gui.session.session import Session
from landseg_gui.workflows.large_work import ask_if_large

if TYPE_CHECKING:
    from landseg_core.models.bundle import ModelBundle


@dataclass(frozen=True)
class MapFinished(Event):
    """A map is there: its request, and its classes.

    `tells_its_place`: its file alone says where in the picture it lies.
    """

    event: ClassVar[str] = "map_finished"
    request: PredictRequest
    schema: ClassSchema
    tells_its_place: bool


def predictions_work(maps: Sequence[PredictRequest]) -> Work:
    """Return the work of maps by one model, one after the other.

    A `MapFinished` tells of each map when it is there, and the map stays, whatever becomes of those after it.
    """

    def work(on_event: OnEvent, control: JobControl) -> None:
        bundle = _load_model(maps[0].model)
        works = [_checked_work(bundle, request) for request in maps]
        require_agreed(all_together(works, f"the maps of {len(works)} images"), large=maps[0].large)
        overall = _OverallProgress("predicting", [work.pixels for work in works], on_event)
        for number, request in enumerate(maps):
            on_event(_predict(bundle, request, overall.listener(number), control))

    return work


def _load_model(path: Path) -> ModelBundle:
    import_undisturbed("landseg_core.inference.backends.torch_backend")
    from landseg_core.models.bundle import ModelBundle

    return ModelBundle.load(path)


def _checked_work(bundle: ModelBundle, request: PredictRequest) -> WorkSize:
    """Return what a map takes; refuse before any work what could not be read, predicted or written."""
    with request.open_raster(bundle) as source:
        require_fit(bundle, source, request.bands)
        for path in (request.mask, request.confidence):
            if path and path.parent.exists():
                check_free(path, overwrite=request.overwrite)
        return prediction_work(bundle, source, _options(request), request.mask.parent, TrialMemory.of_user())


def _options(request: PredictRequest) -> PredictOptions:
    return PredictOptions(
        tile=request.tile,
        overlap=request.overlap,
        device=request.device,
        window=request.window,
        confidence=request.confidence is not None,
        overwrite=request.overwrite,
        bands=request.bands,
        resolution=request.resolution,
        quarter_turns=request.quarter_turns,
        backend=request.backend,
        precision=request.precision,
        large=request.large,
    )


def _predict(bundle: ModelBundle, request: PredictRequest, on_event: OnEvent, control: JobControl) -> MapFinished:
    from landseg_core.inference.predictor import predict_raster

    options = _options(request)
    with made_folder(request.mask.parent), request.open_raster(bundle) as source:
        predict_raster(bundle, source, request.mask, request.confidence, options, on_event, control)
        with RasterSource(request.mask) as written:
            tells_its_place = source.grid.place_of(written.grid) is not None
        return MapFinished(request, bundle.schema, tells_its_place)


class _OverallProgress:
    """Makes the progress of pieces of work, one after the other, that of the whole; `sizes` weigh the pieces."""

    def __init__(self, task: str, sizes: Sequence[int], on_event: OnEvent) -> None:
        self._task, self._sizes, self._on_event = task, sizes, on_event
        self._start = time.monotonic()

    def listener(self, number: int) -> OnEvent:
        """Return what the piece `number` tells its events to."""
        before, own, total = sum(self._sizes[:number]), self._sizes[number], sum(self._sizes)

        def on_event(event: Event) -> None:
            if isinstance(event, Progress):
                done = before + own * event.fraction
                event = Progress(self._task, done, total, time.monotonic() - self._start)
            self._on_event(event)

        return on_event


class PredictFlow(QObject):
    """Predictions of the picture that is open, or of all images of the project; several may run at once."""

    def __init__(self, session: Session, runner: JobRunner, parent_window: QWidget | None = None) -> None:
        super().__init__(parent_window)
        self._session = session
        self._runner = runner
        self._window = parent_window
        self._jobs: list[Job] = []

    @property
    def running(self) -> bool:
        """Tell whether a prediction is under way."""
        return any(job.running for job in self._jobs)

    def open(self) -> PredictDialog | None:
        """Show the dialog, if there is a picture to predict."""
        raster = self._session.raster
        if raster is None:
            self._session.message.emit("Open an orthophoto first: a prediction needs a picture")
            return None
        view, model = self._session.view_window(), self._session.model_path
        projects = self._session.project_session
        memory = FormMemory("predict", project=projects.project)
        dialog = PredictDialog(raster, view, model, memory, self._window, projects.project if projects.image else None)
        dialog.accepted.connect(lambda: self.start(dialog.request()))
        open_of_project(dialog, projects.project_changed)
        return dialog

    def start(self, request: PredictRequest | PredictAllRequest) -> Job:
        """Predict what `request` says."""
        asked = request.maps if isinstance(request, PredictAllRequest) else (request,)
        maps = [replace(one, image=self._session.project_session.image_at(one.raster)) for one in asked]
        title = f"Predict {maps[0].raster.name}" if len(maps) == 1 else f"Predict {len(maps)} images"
        job = self._runner.start(title, predictions_work(maps))
        owner = self._session.project_session.owner
        self._jobs = [*(other for other in self._jobs if other.running), job]
        made: list[PredictRequest] = []
        job.reported.connect(lambda event: made.append(event.request) if isinstance(event, MapFinished) else None)
        job.reported.connect(lambda event: self._take(event, owner))
        job.failed.connect(self._session.problem)
        ask_if_large(job, self._window, lambda: self._go_on(maps, made))
        return job

    def _go_on(self, maps: Sequence[PredictRequest], made: Sequence[PredictRequest]) -> None:
        """Predict, as agreed, the maps that were not made before it was known how long they take."""
        rest = tuple(replace(one, large=True) for one in maps if one not in made)
        self.start(PredictAllRequest(rest))

    def _take(self, event: Event, owner: Path | None) -> None:
        self._session.tell_notice(event)
        if isinstance(event, MapFinished):
            self._show(event, owner)
            if event.tells_its_place and owner is not None:
                self._enter(event.request, owner)

    def _show(self, finished: MapFinished, owner: Path | None) -> None:
        """Show a map over the picture that it is of, unless another project has that by now."""
        request = finished.request
        is_ours = owner == self._session.project_session.owner
        where = f" of {owner.name}" if owner and not is_ours else ""
        self._session.message.emit(f"The map{where} is in {request.mask}")
        raster = self._session.raster
        if is_ours and raster is not None and same_file(raster.path, request.raster):
            self._session.add_mask(request.mask, finished.schema, place=request.window)

    def _enter(self, request: PredictRequest, owner: Path) -> None:
        """Enter the map of an image, or of a part of one, into its project."""

        def add(project: Project) -> None:
            image = entry_at(project.images, request.raster)
            if image is not None:
                project.add_prediction(image.id, request.mask, request.confidence, request.model)

        refusal = f"The map is not entered in {owner.name}"
        self._session.project_session.change_project(owner, add, refusal)
