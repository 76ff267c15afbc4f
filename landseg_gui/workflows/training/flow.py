"""Training from the window: the dialog, the run in its thread, and the trained model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from landseg_core.errors import LandsegError
from landseg_core.events import JobControl, OnEvent
from landseg_core.models.header import MODEL_FILE
from landseg_core.runs.config import TrainConfig
from landseg_core.runs.folder import RunFolder
from landseg_core.runs.preview import PreviewSource
from landseg_core.runs.report_content import read_config
from landseg_core.tasks.train import ProjectAccess, TrainTask, run_train
from landseg_gui.dialogs.train import TrainDialog
from landseg_gui.form_settings import FormSettings
from landseg_gui.jobs.imports import import_undisturbed
from landseg_gui.jobs.runner import Job, JobRunner, Work
from landseg_gui.panels.runs.run_text import metric_text
from landseg_gui.session.session import Session
from landseg_gui.text import percent, tr
from landseg_gui.workflows.flow import Flow
from landseg_gui.workflows.large_work import ask_if_large
from landseg_gui.workflows.training.borrowed_project import BorrowedProject
from landseg_gui.workflows.training.estimate import EpochEstimator, ThroughputMemory, ThroughputMeter

if TYPE_CHECKING:
    from landseg_core.metrics.comparison import Comparison
    from landseg_core.training.loop import TrainResult


def training_work(task: TrainTask, projects: ProjectAccess | None = None, preview: PreviewSource | None = None) -> Work:
    """Return the work of a run; its result is a `TrainResult`, see `run_train`."""

    def work(on_event: OnEvent, control: JobControl) -> TrainResult:
        # Here, so that the window need not wait for them; the minutes of a run count from then on.
        import_undisturbed("pyqtgraph")
        import_undisturbed("landseg_core.training.trainer")
        return run_train(task, on_event, control, projects=projects, preview=preview)

    return work


class TrainFlow(Flow):
    """One training run at a time. `started` carries its job and its classes.

    `next_steps` carries, once a run has ended, whether it can be resumed, and whether its model can be fine-tuned.
    `preview` is asked during a run for the current view.
    """

    started = Signal(object, object)
    next_steps = Signal(bool, bool)

    def __init__(
        self,
        session: Session,
        runner: JobRunner,
        window: QWidget | None = None,
        preview: PreviewSource | None = None,
    ) -> None:
        super().__init__(session, runner, window)
        self._folder: Path | None = None
        self._owner: Path | None = None
        self._lasts: dict[Path | None, Path] = {}
        self._reason = ""
        self.preview = preview
        self._throughputs = ThroughputMemory(FormSettings("pace"))

    @property
    def owner(self) -> Path | None:
        """Return the file of the project in which the current or last run was started; None: without a project."""
        return self._owner

    @property
    def last(self) -> Path | None:
        """Return the folder of the run that was started last in the open project, or without a project."""
        return self._lasts.get(self._projects.owner)

    def trains_in(self, folder: Path) -> bool:
        """Return whether the run under way has this folder."""
        return self._folder is not None and self._folder.absolute() == folder.absolute()

    def open(self) -> TrainDialog | None:
        """Show the dialog, unless a run is under way."""
        if self.running:
            self._notifier.info(self._under_way_text())
            return None
        projects = self._projects
        estimator = EpochEstimator(projects, self._throughputs)
        dialog = TrainDialog(FormSettings("train", project=projects.project), self._window, projects.project, estimator)
        estimator.setParent(dialog)
        dialog.accepted.connect(lambda: self.start(dialog.request(), dialog.config()))
        self._open_dialog(dialog)
        return dialog

    def _under_way_text(self) -> str:
        """Return a message about the run that is under way."""
        if self._folder is None or self._owner == self._projects.owner:
            return tr("A training run is under way: stop it before you start another.")
        if self._owner is None:
            return tr(
                "The training run {run}, of no project, is under way: stop it before you start another.",
                run=self._folder.name,
            )
        return tr(
            "The training run {run} of {project} is under way: stop it before you start another.",
            run=self._folder.name,
            project=self._owner.name,
        )

    def resume(self, folder: Path | None = None) -> TrainDialog | None:
        """Show the dialog to resume the run in `folder`, or the last one."""
        return self._open_for(folder or self.last, TrainDialog.resume)

    def fine_tune(self, folder: Path | None = None) -> TrainDialog | None:
        """Show the dialog to fine-tune the model in `folder`, or that of the last run."""

        def prepare(dialog: TrainDialog, run: Path, settings: dict[str, Any]) -> None:
            dialog.fine_tune(run / MODEL_FILE, settings)

        return self._open_for(folder or self.last, prepare)

    def _open_for(
        self, folder: Path | None, prepare: Callable[[TrainDialog, Path, dict[str, Any]], None]
    ) -> TrainDialog | None:
        if folder is None:
            return None
        try:
            settings = _known_settings(read_config(RunFolder(folder)))
        except LandsegError as error:
            self._notifier.error(str(error))
            return None
        dialog = self.open()
        if dialog is not None:
            prepare(dialog, folder, settings)
        return dialog

    def start(self, task: TrainTask, config: TrainConfig) -> Job:
        """Start a run; `config` has the settings that the dialog showed."""
        session, folder = self._projects, task.out
        projects = BorrowedProject(session, self)
        job = self._start(
            tr("Train {model} in {folder}", model=config.model, folder=folder.name),
            training_work(task, projects, self.preview),
        )
        owner = session.owner
        self._folder, self._owner, self._reason = folder, owner, ""
        self._lasts[owner] = folder
        meter = ThroughputMeter()
        job.reported.connect(meter.take)
        job.ended.connect(lambda: self._save_throughput(config, meter))
        job.finished.connect(lambda result: self._use_model(result, config.start_model))
        ask_if_large(job, self._window, lambda: self.start(task.model_copy(update={"large": True}), config))
        job.stopped.connect(self._report_stop)
        job.ended.connect(self._release)
        job.ended.connect(projects.deleteLater)
        self.started.emit(job, task.classes)
        return job

    def _save_throughput(self, config: TrainConfig, meter: ThroughputMeter) -> None:
        if meter.seconds_per_mpx is not None:
            self._throughputs.save(meter.measured(config), meter.seconds_per_mpx)

    def _use_model(self, result: TrainResult, parent: str | None) -> None:
        owner, self._reason = self._owner, result.reason
        beside = result.beside_parent
        if parent is not None and beside is not None and beside.is_worse and Path(parent).exists():
            self._stay_with_parent(result, Path(parent), beside)
            return
        self._session.model.give(owner, Path(result.model_path))
        model = self._model_text(owner)
        if result.best_miou is None:
            text = tr("{model} can be used, but is not validated: no epoch was finished.", model=model)
        else:
            text = tr(
                "{model} is ready to predict with: mIoU {miou} in epoch {epoch}.",
                model=model,
                miou=metric_text(result.best_miou, _estimated_interval(result)),
                epoch=result.best_epoch,
            )
        self._notifier.info(text)

    def _stay_with_parent(self, result: TrainResult, parent: Path, beside: Comparison) -> None:
        """Go on predicting with the parent model, which is better, and offer the new one."""
        owner, give = self._owner, self._session.model.give
        give(owner, parent)
        self._notifier.offer(
            tr(
                "The new model is worse than {parent} on the validation areas: mIoU {new} instead of {old}. "
                "Predictions still use {parent}; label more areas and train again.",
                parent=parent.parent.name if parent.name == MODEL_FILE else parent.stem,
                new=percent(beside.other_miou + beside.difference),
                old=percent(beside.other_miou),
            ),
            tr("Use New Model"),
            lambda: give(owner, Path(result.model_path)),
        )

    def _model_text(self, owner: Path | None) -> str:
        """Return how messages name the model of a run of the project `owner`."""
        if owner == self._projects.owner:
            return tr("The model")
        return tr("The model of {project}", project=owner.name) if owner else tr("The model of no project")

    def _report_stop(self) -> None:
        self._notifier.info(tr("Training was stopped before there was a model."))

    def _release(self) -> None:
        folder, self._folder = self._folder, None
        if folder is not None and self._owner == self._projects.owner:
            run = RunFolder(folder)
            resumable = run.checkpoint.is_file() and self._reason != "finished"
            self.next_steps.emit(resumable, run.model.is_file())


def _known_settings(config: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a run that this version knows."""
    return {name: value for name, value in config.items() if name in TrainConfig.model_fields}


def _estimated_interval(result: TrainResult) -> tuple[float, float] | None:
    """Return the interval of the model's mIoU where that is estimated from few labels."""
    found = result.bundle.header.training.get("figures", {})
    return tuple(found["miou_interval"]) if found.get("estimated") else None
