"""Trains a network: checks, folder, random numbers, and who listens to the loop, which is in `loop`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import torch

from landseg_core import __version__
from landseg_core.compute.devices import choose_device
from landseg_core.compute.memory import memory_as_sentence
from landseg_core.data.reader import AreaReader
from landseg_core.data.training_data import TrainingData
from landseg_core.events import Event, JobControl, OnEvent, RunFinished, ignore_event
from landseg_core.input_files import AnyPath
from landseg_core.models.header import model_path
from landseg_core.runs.config import TrainConfig
from landseg_core.runs.environment import save_environment
from landseg_core.runs.folder import MetricsLog, RunFolder, cut_log
from landseg_core.runs.parent_model import save_parent
from landseg_core.runs.preview import PreviewSource
from landseg_core.runs.report import save_report
from landseg_core.training.batches import Batches, chip_sampler
from landseg_core.training.checkpoint import image_mark, load_checkpoint_record
from landseg_core.training.loop import (
    EpochValidated,
    ParentValidated,
    Preparing,
    RolledBack,
    StoppedUnvalidated,
    TrainingLoop,
    TrainResult,
)
from landseg_core.training.preparation import check_labels, check_run_folder, config_for_few_labels
from landseg_core.training.previewer import Previewer
from landseg_core.training.run_record import ModelRecord, SampleRecord
from landseg_core.training.run_teacher import run_teacher, teacher_notices, teacher_weight
from landseg_core.training.run_validation import RunValidation, ValidationStarted
from landseg_core.training.schedule import RunClock
from landseg_core.training.start import config_with_starter
from landseg_core.training.state import RunState
from landseg_core.training.validation import ValidatedWindow

Kind = TypeVar("Kind")


class Trainer:
    """A training run in `run_folder`.

    The minutes of a run by minutes count from here, so make the trainer first and read the data then; or from
    `started`, a reading of `time.monotonic`, where loading torch is to count as well.
    """

    def __init__(
        self,
        config: TrainConfig,
        run_folder: AnyPath,
        *,
        overwrite: bool = False,
        resume: bool = False,
        started: float | None = None,
    ) -> None:
        """Check the folder; nothing is written yet.

        Raises:
            OutputError: the folder is not empty, and the run may neither overwrite nor resume.
            TrainingError: there is no run to resume, it has other settings, or a new one would write over the model
                that it starts from.
            ModelError: the checkpoint to resume from is damaged.
        """
        self._clock = RunClock(started)
        self._config, self._folder, self._resume = config, RunFolder(Path(run_folder)), resume
        check_run_folder(config, self._folder, overwrite=overwrite, resume=resume)

    def fit(
        self,
        data: TrainingData,
        on_event: OnEvent = ignore_event,
        control: JobControl | None = None,
        preview: PreviewSource | None = None,
    ) -> TrainResult:
        """Train, and return the best model by mIoU on the validation areas.

        `control` pauses, resumes and stops within one step or validation window. A stopped run can be resumed; its
        result is the best model so far, or, where no epoch was finished, the network as it is, without metrics
        (`best_miou` is None): validating it could take long, and a stop should not.
        `preview` is asked after every validation what to predict for a view on screen; see `Previewer`.
        If the loss is not finite any more, the run rolls back and goes on at a lower learning rate; where that has not
        helped twice, it ends with the best model and the reason `not_finite`.

        Raises:
            TrainingError: nothing is labelled, the run to resume was trained on other data or other pixels, or the loss
                was not finite before there was a model.
            DeviceError: the device is not available, or has too little memory.
            OutputError: a file of the run cannot be written; those written before are whole.
            RasterError: an image cannot be read.
            DatasetError: a mask cannot be used.
            JobStopped: the user asked for it before the first step; nothing is left in the folder.
        """
        device = choose_device(self._config.device)
        control = control or JobControl()
        reader = data.reader()
        check_labels(data, lambda: self._clock.checkpoint(control))
        if teacher_weight(self._config, data) and not self._resume:
            self._config = config_for_few_labels(config_with_starter(self._config, data))
        with _own_random_numbers(self._config.seed, device), memory_as_sentence(device):
            state = self._state(data, reader, device)
            self._prepare_folder(state)
            try:
                with MetricsLog(self._folder.metrics, on_event) as log:
                    return self._loop(state, reader, log, control, preview).fit()
            finally:
                self._folder.discard_if_useless()

    def _loop(
        self,
        state: RunState,
        reader: AreaReader,
        log: MetricsLog,
        control: JobControl,
        preview: PreviewSource | None,
    ) -> TrainingLoop:
        """Return the loop, with all its listeners, in the order in which they are called."""
        folder, clock, network, data = self._folder, self._clock, state.learner.network, state.data

        def checkpoint() -> None:
            clock.checkpoint(control)

        emit = Listeners()
        model = ModelRecord(state, folder, checkpoint, emit)
        samples = SampleRecord(data.schema, folder, emit)
        previewer = Previewer(network, data, preview, emit)
        emit.add(Event, log)
        emit.add(RolledBack, lambda event: log.cut(event.step, event.next_validation))
        emit.add(Preparing, model.find_provenance)
        emit.add(ParentValidated, model.save_parent)
        emit.add(ValidationStarted, samples.start)
        emit.add(ValidatedWindow, samples.add)
        for listener in (previewer.show_epoch, model.save_best, samples.finish, model.report_epoch):
            emit.add(EpochValidated, listener)
        emit.add(StoppedUnvalidated, model.save_unvalidated)
        emit.add(RunFinished, lambda _event: save_report(folder.path, emit))

        weight = teacher_weight(self._config, data)
        sampler, notices = chip_sampler(self._config, data, reader, checkpoint, with_teacher=weight > 0)
        state.notices.extend(notices)
        if weight:
            self._add_teacher(state, weight, reader, checkpoint)
        batches = Batches(sampler, reader, self._config.batch, network)
        teacher = state.learner.teacher
        validation = RunValidation(
            network,
            data,
            reader,
            emit,
            checkpoint,
            state.parent,
            previewer.longest_seconds,
            teacher.label_weight if teacher else 1.0,
        )
        return TrainingLoop(state, batches, validation, folder, clock, checkpoint, emit)

    def _add_teacher(self, state: RunState, weight: float, reader: AreaReader, checkpoint: Callable[[], None]) -> None:
        teacher = run_teacher(state, reader, self._folder.parent_model, checkpoint)
        state.learner.teacher, state.learner.teacher_weight = teacher, weight
        if teacher is not None:
            state.notices.extend(teacher_notices(state, teacher))

    def _state(self, data: TrainingData, reader: AreaReader, device: torch.device) -> RunState:
        if not self._resume:
            return RunState.fresh(self._config, data, reader, device)
        record = load_checkpoint_record(self._folder)
        record.require_same_data(data, self._folder)
        record.require_same_images(image_mark(data), self._folder)
        return RunState.saved(self._config, data, self._folder, device)

    def _prepare_folder(self, state: RunState) -> None:
        if self._resume:
            position = state.position
            self._folder.sweep(position.best_epoch, keep_recovery=not position.is_recovery_point)
            cut_log(self._folder.metrics, position.step, position.next_validation)
        else:
            self._folder.start()
            self._folder.write_config({"landseg": __version__, **self._config.model_dump(mode="json")})
            if state.parent is not None and self._config.start_model is not None:
                save_parent(self._folder, state.parent, model_path(self._config.start_model))
        save_environment(self._folder.environment, state.data, state.learner.network.device)


class Listeners:
    """Passes each event to the listeners for its kind, in the order in which they were added."""

    def __init__(self) -> None:
        self._listeners: list[tuple[type, Callable[[Any], None]]] = []

    def add(self, kind: type[Kind], listener: Callable[[Kind], None]) -> None:
        """Have `listener` get every event of `kind`."""
        self._listeners.append((kind, listener))

    def __call__(self, event: object) -> None:
        """Pass on an event; what a listener raises ends the run."""
        for kind, listener in self._listeners:
            if isinstance(event, kind):
                listener(event)


@contextmanager
def _own_random_numbers(seed: int, device: torch.device) -> Iterator[None]:
    """Seed torch inside, and leave its random numbers outside as they were."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield
