"""The training loop."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from landseg_core.compute.memory import smaller_steps
from landseg_core.data.augment import Geometry
from landseg_core.data.chips import ChipSampler
from landseg_core.data.reader import AreaReader
from landseg_core.errors import JobStopped, TrainingError
from landseg_core.events import JobControl, Notice, OnEvent, StepFinished
from landseg_core.models.bundle import ModelBundle
from landseg_core.runs.folder import MetricsLog, RunFolder
from landseg_core.runs.preview import PreviewSource
from landseg_core.runs.samples import PictureChooser
from landseg_core.training.batches import Batches, chips_around
from landseg_core.training.previewer import Previewer
from landseg_core.training.run_record import RunRecord
from landseg_core.training.run_validation import RunValidation
from landseg_core.training.schedule import MinutesSchedule, RunClock, RunPosition, one_cycle, schedule_for
from landseg_core.training.state import RunState, run_started
from landseg_core.training.validation import Figures

CHECKPOINT_SECONDS = 60.0
"""The most training that a crash can cost."""
LEAST_RATE_SCALE = 0.25
"""A run whose loss is lost goes on at half the learning rate, but not at less than this share of it."""
EARLIEST_END = 0.5
"""No run ends early before this share of its schedule."""
START_SHARE = 0.05
"""Judging the model that a run by minutes starts from may take no more than this share of it."""
PREVIEW_SHARE = 0.5
"""A preview takes no more than this share of the time that its epoch learnt."""
_AUGMENTATION = 2
"""The purpose of random numbers, beside that of the places of chips."""


@dataclass(frozen=True)
class TrainResult:
    """The model of a run; `reason` is why it ended: `finished`, `stopped` or `not_finite` (the loss)."""

    model_path: Path
    bundle: ModelBundle
    best_epoch: int | None
    best_miou: float | None
    reason: str


class _LossNotFinite(Exception):  # noqa: N818 - it never leaves this module
    """The loss of a step, or of a validation, is no number any more."""


class TrainingRun:
    """Takes a run from where its state is to its end."""

    def __init__(
        self,
        state: RunState,
        reader: AreaReader,
        folder: RunFolder,
        clock: RunClock,
        log: MetricsLog,
        control: JobControl,
        preview: PreviewSource | None = None,
    ) -> None:
        self._state, self._config = state, state.config
        self._reader, self._folder = reader, folder
        self._clock, self._log, self._control = clock, log, control
        self._on_event: OnEvent = log
        self._sampler = self._new_sampler()
        self._batches = Batches(self._sampler, reader, state.config.batch, state.learner.network)
        self._validation = RunValidation(state.learner.network, state.data, reader, log, self._checkpoint, state.before)
        self._previewer = Previewer(state.learner.network, state.data, preview, log)
        self._steps_per_epoch = max(1, round(self._sampler.chips_per_epoch / self._config.batch))
        self._schedule = schedule_for(self._config, self._steps_per_epoch)
        self._record = RunRecord(state, folder, log)
        if state.position.step:
            clock.set(state.position.seconds)
        self._saved_at = clock.seconds

    @property
    def _position(self) -> RunPosition:
        return self._state.position

    def _new_sampler(self) -> ChipSampler:
        config, data = self._config, self._state.data
        geometry = Geometry(config.flips, config.turns, (config.scale_low, config.scale_high))
        around, notices = chips_around(config, data, self._reader, self._checkpoint)
        self._state.notices.extend(notices)
        return ChipSampler(data.train, config.chip, config.seed, geometry, around)

    def _checkpoint(self) -> None:
        """Wait while paused, without counting it; raise JobStopped where the user asked for that."""
        self._clock.checkpoint(self._control)

    def go(self) -> TrainResult:
        """Train to the end, or until stopped; see `Trainer.fit`."""
        self._tell_start()
        try:
            self._train()
        except JobStopped:
            return self._end_stopped()
        except _LossNotFinite:
            return self._end_not_finite()
        return self._end("finished")

    def _train(self) -> None:
        self._begin()
        while not self._position.finished:
            try:
                self._train_epoch()
                self._finish_epoch()
            except _LossNotFinite:
                self._go_back()

    def _begin(self) -> None:
        position = self._position
        self._record.find_ground(self._checkpoint)
        if isinstance(self._schedule, MinutesSchedule) and not position.finished:
            self._validation.reserve(position, self._schedule.total_seconds, self._previewer.longest_seconds)
        if position.step:
            self._clock.set(position.seconds)  # a run that goes on has the time it had left, however long this took
        else:
            self._judge_start()
            position.start_training(self._clock.seconds)

    def _judge_start(self) -> None:
        """Say how good the model is that the run starts from, on the ground that judges the epochs to come.

        A run by minutes does so only where that takes hardly anything from its training.
        """
        minutes = self._config.minutes
        quick = minutes is None or self._position.validation_seconds <= START_SHARE * 60 * minutes
        if self._state.before is not None and quick:
            figures, _ = self._validation.measure(self._checkpoint)
            self._on_event(Notice(f"before: mIoU {figures.matrix.miou:.3f} on the same validation areas"))

    def _go_back(self) -> None:
        """Return to the last anchor and learn more slowly from there.

        Raises:
            _LossNotFinite: that was tried before, and did not help.
        """
        if self._state.rate_scale <= LEAST_RATE_SCALE:
            raise _LossNotFinite
        lost = self._position.step
        self._state.go_back(self._folder, self._clock.seconds)
        position = self._position
        self._log.cut(position.step, position.next_validation)
        self._on_event(
            Notice(
                f"the loss is no longer a finite number after step {lost}: the run goes back to step {position.step}, "
                f"and on with {self._state.rate_scale:g} times the learning rate"
            )
        )

    def _train_epoch(self) -> None:
        with self._batches.ahead(self._position.epoch, self._position.batch) as batches:
            while not self._schedule.epoch_over(self._position):
                self._checkpoint()
                self._step(*next(batches))
                if self._position.anchored or self._clock.seconds >= self._saved_at + CHECKPOINT_SECONDS:
                    self._save_checkpoint()

    def _step(self, chips: npt.NDArray[Any], labels: npt.NDArray[np.uint8]) -> None:
        position, schedule = self._position, self._schedule
        learning_rate = self._learning_rate()
        before = schedule.fraction(position)
        seed = (self._config.seed, position.epoch, position.batch, _AUGMENTATION)
        loss = self._learn(chips, labels, learning_rate, seed)
        if math.isnan(loss):
            raise _LossNotFinite
        position.count_step(loss, self._clock.seconds)
        self._state.learner.average.follow(position.step, max(0.0, schedule.fraction(position) - before))
        self._on_event(
            StepFinished(
                epoch=position.epoch,
                step=position.step,
                train_loss=loss,
                learning_rate=learning_rate,
                fraction=schedule.fraction(position),
                seconds=position.seconds,
                seconds_left=schedule.seconds_left(position),
            )
        )

    def _learn(
        self, chips: npt.NDArray[Any], labels: npt.NDArray[np.uint8], learning_rate: float, seed: tuple[int, ...]
    ) -> float:
        """Take a step and return its loss; say so where memory does not suffice for the whole batch at once."""
        learner = self._state.learner
        before = learner.micro_batch
        loss = learner.step(chips, labels, learning_rate, seed)
        if learner.micro_batch < before:
            self._on_event(smaller_steps(learner.network.device, self._config.batch, before, learner.micro_batch))
        return loss

    def _learning_rate(self) -> float:
        """Return the learning rate of the next step."""
        highest = self._config.learning_rate * self._state.rate_scale
        return highest * one_cycle(self._schedule.fraction(self._position), self._config.warm_up)

    def _finish_epoch(self) -> None:
        """Validate, keep the model if it is the best so far, and write the checkpoint."""
        position, began = self._position, self._position.seconds
        with self._state.learner.average.in_place():
            self._record.add_epoch(*self._validate(), self._learning_rate())
        self._count_validation(began)
        # Asked only now: where validating took less than expected, a run by minutes uses the time it still has.
        position.finished = self._schedule.run_over(position) or self._out_of_patience()
        if not position.finished:
            position.start_next_epoch()
        self._save_checkpoint()
        self._count_validation(began)

    def _count_validation(self, began: float) -> None:
        """Take note of how long it took so far: with all that is written after it, so that a run ends on time."""
        position, now = self._position, self._clock.seconds
        position.validation_seconds, position.seconds = now - began, now

    def _out_of_patience(self) -> bool:
        """Tell whether too many epochs went by without a better model, and say so.

        Most of what one cycle gains comes at its end, so not before half of it; a run by minutes takes its minutes.
        """
        position, patience = self._position, self._config.patience
        if not patience or self._config.minutes is not None or self._schedule.fraction(position) < EARLIEST_END:
            return False
        if position.epoch - (position.best_epoch or position.epoch) < patience:
            return False
        self._on_event(Notice(f"no epoch of the last {patience} gave a better model: the run ends early"))
        return True

    def _validate(self) -> tuple[Figures, PictureChooser]:
        figures, pictures = self._validation.measure(self._checkpoint)
        self._position.window_halvings = self._validation.halvings
        if not math.isfinite(figures.loss):
            raise _LossNotFinite
        position = self._position
        pace = (self._clock.seconds - position.seconds) / self._validation.pixels
        # Counted as validating, so that a run by minutes ends in time.
        self._previewer.show(position.epoch, pace, PREVIEW_SHARE * position.epoch_seconds)
        self._count_validation(position.seconds)
        return figures, pictures

    def _save_checkpoint(self) -> None:
        self._state.save(self._folder)
        self._saved_at = self._clock.seconds

    def _end(self, reason: str) -> TrainResult:
        self._record.end(reason, self._clock.seconds)
        best_epoch, best_miou = self._position.best_epoch, self._position.best_miou
        bundle = ModelBundle.load(self._folder.model)
        return TrainResult(self._folder.model, bundle, best_epoch, best_miou, reason)

    def _end_stopped(self) -> TrainResult:
        position = self._position
        if not position.step:
            raise JobStopped
        position.seconds = self._clock.seconds
        self._save_checkpoint()
        if position.best_epoch is None:
            with self._state.learner.average.in_place():
                self._record.keep_unvalidated()
        return self._end("stopped")

    def _end_not_finite(self) -> TrainResult:
        position = self._position
        trouble = f"the loss is no longer a finite number after step {position.step}: the run ends"
        remedy = "start a new one with a lower learning rate"
        if position.best_epoch is None:
            self._record.end("not_finite", self._clock.seconds)
            raise TrainingError(f"{trouble} before a model was validated; {remedy}")
        self._on_event(Notice(f"{trouble} with its best model, of epoch {position.best_epoch}; {remedy}"))
        return self._end("not_finite")

    def _tell_start(self) -> None:
        self._on_event(run_started(self._state, self._steps_per_epoch))
        finished = ("the run is finished already: there is nothing to resume",) if self._position.finished else ()
        for notice in (*self._state.data.notices, *self._state.notices, *self._validation.notices, *finished):
            self._on_event(Notice(notice))
