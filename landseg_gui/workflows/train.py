"""Training from the window: the dialog, the run in its thread, and the model for use afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from landseg_core.errors import LandsegError
from landseg_core.events import JobControl, OnEvent
from landseg_core.limits import require_agreed
from landseg_core.models.header import MODEL_FILE
from landseg_core.project.snapshot import labels_of_run
from landseg_core.runs.config import TrainConfig
from landseg_core.runs.folder import RunFolder
from landseg_core.runs.preview import PreviewSource
from landseg_core.runs.report_content import read_config
from landseg_core.tasks.train import record_run
from landseg_core.training.checkpoint import resumed_config
from landseg_core.training.preparation import fine_tuned_config, run_work
from landseg_gui.dialogs.of_project import open_of_project
from landseg_gui.dialogs.requests import ProjectLabels, TrainRequest
from landseg_gui.dialogs.train import TrainDialog
from landseg_gui.form_settings import FormMemory
from landseg_gui.jobs.imports import import_undisturbed
from landseg_gui.jobs.runner import Job, JobRunner, Work
from landseg_gui.session.session import Session
from landseg_gui.text import percent
from landseg_gui.workflows.estimate import EpochEstimator, PaceMemory, PaceMeter
from landseg_gui.workflows.large_work import ask_if_large

if TYPE_CHECKING:
    from landseg_core.training.trainer import TrainResult


def training_work(request: TrainRequest, preview: PreviewSource | None = None) -> Work:
    """Return the work of a run: read the data, train, give a `TrainResult`; `preview` tells what is looked at."""

    def work(on_event: OnEvent, control: JobControl) -> TrainResult:
        import_undisturbed("pyqtgraph")  # here, so that the window need not wait for it when the curves appear
        trainers = import_undisturbed("landseg_core.training.trainer")
        config = _config(request)
        trainer = trainers.Trainer(config, request.run_folder, overwrite=request.overwrite, resume=request.resume)
        files = RunFolder(request.run_folder)
        with labels_of_run(files.path, (files.model, files.checkpoint)):
            data = request.source.load(request, config, on_event, control)
            if not request.resume:
                require_agreed(run_work(config, data, control.checkpoint), large=request.large)
            result: TrainResult = trainer.fit(data, on_event, control, preview)
            return result

    return work


def _config(request: TrainRequest) -> TrainConfig:
    """Return the settings of a run: those in its folder, which may go on on another device, or those of a new one."""
    if request.resume:
        return resumed_config(request.run_folder, {"device": request.config.device})
    return fine_tuned_config(request.config)


class TrainFlow(QObject):
    """One training run at a time. `started` brings its job and the classes that it learns.

    `can_go_on` tells, once a run has ended, whether it can be resumed, and whether a new one can start from its model.
    `preview` is asked during a run what is looked at.
    """

    started = Signal(object, object)
    can_go_on = Signal(bool, bool)

    def __init__(self, session: Session, runner: JobRunner, parent_window: QWidget | None = None) -> None:
        super().__init__(parent_window)
        self._session = session
        self._runner = runner
        self._window = parent_window
        self._job: Job | None = None
        self._folder: Path | None = None
        self._owner: Path | None = None
        self._lasts: dict[Path | None, Path] = {}
        self._reason = ""
        self.preview: PreviewSource | None = None
        self._paces = PaceMemory(FormMemory("pace"))

    @property
    def running(self) -> bool:
        """Tell whether a run is under way."""
        return self._job is not None

    @property
    def owner(self) -> Path | None:
        """Return the file of the project in which the run under way, or the last one, was started; None: in none."""
        return self._owner

    @property
    def last(self) -> Path | None:
        """Return the folder of the run that was started last in the project that is open, or without one."""
        return self._lasts.get(self._session.project_session.owner)

    def trains_in(self, folder: Path) -> bool:
        """Tell whether the run under way has this folder."""
        return self._folder is not None and self._folder.absolute() == folder.absolute()

    def open(self) -> TrainDialog | None:
        """Show the dialog, unless a run is under way."""
        if self.running:
            self._session.message.emit(f"{self._run_under_way()} is under way: stop it before you start another")
            return None
        projects = self._session.project_session
        estimator = EpochEstimator(projects, self._paces)
        dialog = TrainDialog(FormMemory("train", project=projects.project), self._window, projects.project, estimator)
        estimator.setParent(dialog)
        dialog.accepted.connect(lambda: self.start(dialog.request()))
        open_of_project(dialog, projects.project_changed)
        return dialog

    def _run_under_way(self) -> str:
        """Return in words which run is under way."""
        if self._folder is None or self._owner == self._session.project_session.owner:
            return "A training run"
        return f"The training run {self._folder.name}{_in_project(self._owner)}"

    def continue_run(self, folder: Path | None = None) -> TrainDialog | None:
        """Show the dialog to go on with the run in `folder`, or with the last one."""
        return self._open_for(folder or self.last, TrainDialog.continue_run)

    def train_further(self, folder: Path | None = None) -> TrainDialog | None:
        """Show the dialog for a new run that starts from the model in `folder`, or from that of the last one."""

        def prepare(dialog: TrainDialog, run: Path, settings: dict[str, Any]) -> None:
            dialog.train_further(run / MODEL_FILE, settings)

        return self._open_for(folder or self.last, prepare)

    def _open_for(
        self, folder: Path | None, prepare: Callable[[TrainDialog, Path, dict[str, Any]], None]
    ) -> TrainDialog | None:
        if folder is None:
            return None
        try:
            settings = _known_settings(read_config(RunFolder(folder)))
        except LandsegError as error:
            self._session.problem.emit(str(error))
            return None
        dialog = self.open()
        if dialog is not None:
            prepare(dialog, folder, settings)
        return dialog

    def start(self, request: TrainRequest) -> Job:
        """Train what `request` says."""
        job = self._runner.start(
            f"Train {request.config.model} in {request.run_folder.name}", training_work(request, self.preview)
        )
        owner = self._session.project_session.owner
        self._job, self._folder, self._owner, self._reason = job, request.run_folder, owner, ""
        self._lasts[owner] = request.run_folder
        meter = PaceMeter()
        job.reported.connect(meter.take)
        job.ended.connect(lambda: self._keep_pace(request.config, meter))
        if owner is not None and isinstance(request.source, ProjectLabels):
            job.finished.connect(lambda result: self._enter(owner, request.run_folder, result))
        job.finished.connect(self._take_model)
        job.failed.connect(self._session.problem)
        ask_if_large(job, self._window, lambda: self.start(replace(request, large=True)))
        job.stopped.connect(self._tell_stopped)
        job.ended.connect(self._forget)
        self.started.emit(job, request.schema)
        return job

    def _keep_pace(self, config: TrainConfig, meter: PaceMeter) -> None:
        if meter.pace is not None:
            self._paces.keep(meter.measured(config), meter.pace)

    def _take_model(self, result: TrainResult) -> None:
        owner, self._reason = self._owner, result.reason
        self._session.give_model(owner, Path(result.model_path))
        whose = "" if owner == self._session.project_session.owner else _in_project(owner)
        if result.best_miou is None:
            self._session.message.emit(f"The model{whose} can be used, but no epoch was finished: it is not validated")
        else:
            figures = f"mIoU {percent(result.best_miou)} in epoch {result.best_epoch}"
            self._session.message.emit(f"The model{whose} is ready to predict with: {figures}")

    def _enter(self, owner: Path, run: Path, result: TrainResult) -> None:
        """Enter a run into its project, whichever is open by now."""
        refusal = f"The run is not entered in {owner.name}"
        change = self._session.project_session.change_project
        change(owner, lambda project: record_run(project, run, result), refusal)

    def _tell_stopped(self) -> None:
        self._session.message.emit("Training stopped before there was a model")

    def _forget(self) -> None:
        folder, self._job, self._folder = self._folder, None, None
        if folder is not None and self._owner == self._session.project_session.owner:
            run = RunFolder(folder)
            resumable = run.checkpoint.is_file() and self._reason != "finished"
            self.can_go_on.emit(resumable, run.model.is_file())


def _in_project(owner: Path | None) -> str:
    return f" of {owner.name}" if owner else " of no project"


def _known_settings(config: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a run that this version knows."""
    return {name: value for name, value in config.items() if name in TrainConfig.model_fields}
