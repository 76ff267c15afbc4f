"""Prediction from the window: the dialog, the work in its thread, and the map as a new layer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from landseg_core.events import Event, JobControl, Notice, OnEvent
from landseg_core.labels.classes import ClassSchema
from landseg_core.output_files import made_folder
from landseg_core.raster.source import RasterSource
from landseg_gui.dialogs.memory import FormMemory
from landseg_gui.dialogs.predict import PredictDialog
from landseg_gui.jobs.imports import import_undisturbed
from landseg_gui.jobs.requests import PredictRequest
from landseg_gui.jobs.runner import Job, JobRunner, Work
from landseg_gui.jobs.view_mask import spread_over_picture
from landseg_gui.panels.wording import capitalised
from landseg_gui.session import Session


@dataclass(frozen=True)
class Prediction:
    """A finished map: its file, the mask to lay over the picture (of the same grid as that), and its classes."""

    raster: Path
    file: Path
    layer: Path
    schema: ClassSchema


def prediction_work(request: PredictRequest) -> Work:
    """Return the work of a prediction, which gives a `Prediction`."""

    def work(on_event: OnEvent, control: JobControl) -> Prediction:
        import_undisturbed("landseg_core.inference.backends")
        from landseg_core.inference.predictor import PredictOptions, predict_raster
        from landseg_core.models.bundle import ModelBundle

        bundle = ModelBundle.load(request.model)
        options = PredictOptions(
            tile=request.tile,
            overlap=request.overlap,
            device=request.device,
            window=request.window,
            confidence=request.confidence is not None,
            overwrite=request.overwrite,
        )
        with made_folder(request.mask.parent), RasterSource(request.raster) as source:
            predict_raster(bundle, source, request.mask, request.confidence, options, on_event, control)
            layer = _layer_of(request, source)
        return Prediction(request.raster, request.mask, layer, bundle.schema)

    return work


def _layer_of(request: PredictRequest, source: RasterSource) -> Path:
    if request.window is None:
        return request.mask
    return spread_over_picture(request.mask, request.window, source.grid)


class PredictFlow(QObject):
    """Predictions of the picture that is open; several may run at once."""

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
        dialog = PredictDialog(raster, view, model, FormMemory("predict"), self._window)
        dialog.accepted.connect(lambda: self.start(dialog.request()))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    def start(self, request: PredictRequest) -> Job:
        """Predict what `request` says."""
        job = self._runner.start(f"Predict {request.raster.name}", prediction_work(request))
        self._jobs = [*(other for other in self._jobs if other.running), job]
        job.finished.connect(self._show)
        job.failed.connect(self._session.problem)
        job.event.connect(self._pass_notice_on)
        return job

    def _pass_notice_on(self, event: Event) -> None:
        if isinstance(event, Notice):
            self._session.message.emit(capitalised(event.message))

    def _show(self, prediction: Prediction) -> None:
        self._session.message.emit(f"The map is in {prediction.file}")
        raster = self._session.raster
        if raster is not None and raster.path == prediction.raster:  # another picture may be open by now
            self._session.add_mask(prediction.layer, prediction.schema, prediction.file.stem)
