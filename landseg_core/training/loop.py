"""The training loop: fit, epoch, step, validate, finish.

What a run leaves behind - log, best model, samples, previews, report - is made by listeners to the loop's events, which
`trainer` composes. An `Event` also reaches whoever started the run; the events defined here stay inside of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from landseg_core.compute.memory import smaller_steps
from landseg_core.errors import JobStopped, TrainingError
from landseg_core.events import Notice, RunFinished, StepFinished
from landseg_core.messages import N_
from landseg_core.metrics.comparison import Comparison
from landseg_core.models.bundle import ModelBundle
from landseg_core.runs.folder import RunFolder
from landseg_core.training.batches import Batches
from landseg_core.training.run_validation import RunValidation
from landseg_core.training.schedule import MinutesSchedule, RunClock, RunPosition, one_cycle, schedule_for
from landseg_core.training.state import RunState, run_started
from landseg_core.training.validation import ValidationMetrics

CHECKPOINT_SECONDS = 60.0
"""The most training that a crash can cost."""
LEAST_RATE_SCALE = 0.25
"""A run whose loss is not finite goes on at half the learning rate, but not at less than this share of it."""
EARLIEST_END = 0.5
"""No run ends early before this share of its schedule."""
PARENT_SHARE = 0.1
"""Validating the model that a run by minutes fine-tunes may take no more than this share of the run."""
_AUGMENTATION = 2
"""The purpose of random numbers, beside that of where chips are drawn."""


@dataclass(frozen=True)
class TrainResult:
    """The model of a run; `reason` is why it ended: `finished`, `stopped` or `not_finite` (the loss)."""

    model_path: Path
    bundle: ModelBundle
    best_epoch: int | None
    best_miou: float | None
    reason: str

    @property
    def beside_parent(self) -> Comparison | None:
        """Return how the model does beside the one that it was fine-tuned from; None where that was not measured."""
        return Comparison.of_record(self.bundle.header.training)


@dataclass(frozen=True)
class Preparing:
    """The first step is about to come: what takes long is done now, and counts as preparation."""


@dataclass(frozen=True)
class ParentValidated:
    """The model that the run fine-tunes is validated, on what the epochs to come are."""

    metrics: ValidationMetrics


@dataclass(frozen=True)
class EpochValidated:
    """An epoch is validated; while this is passed on, the network has the weights of the EMA, which were validated.

    `best` is whether it is the best epoch so far, `learning_rate` is that of its last step, `seconds_per_pixel`
    what validating took, and `train_seconds` what the steps of the epoch took.
    """

    epoch: int
    metrics: ValidationMetrics
    best: bool
    learning_rate: float
    seconds_per_pixel: float
    train_seconds: float


@dataclass(frozen=True)
class StoppedUnvalidated:
    """A run is stopped before its first validation; the network has the weights of the EMA."""


@dataclass(frozen=True)
class RolledBack:
    """The run is back at `step`, and validates the epoch `next_validation` next: what came after is void."""

    step: int
    next_validation: int


class _LossNotFinite(Exception):  # noqa: N818 - it never leaves this module
    """The loss of a step, or of a validation, is no longer finite."""


class TrainingLoop:
    """Takes a run from where its state is to its end.

    `checkpoint` waits while the run is paused, without counting it, and raises JobStopped where the user asked for
    that; `emit` passes events to those who listen.
    """

    def __init__(
        self,
        state: RunState,
        batches: Batches,
        validation: RunValidation,
        folder: RunFolder,
        clock: RunClock,
        checkpoint: Callable[[], None],
        emit: Callable[[object], None],
    ) -> None:
        self._state, self._config, self._learner = state, state.config, state.learner
        self._batches, self._validation, self._folder = batches, validation, folder
        self._clock, self._checkpoint, self._emit = clock, checkpoint, emit
        self._schedule = schedule_for(state.config, batches.per_epoch)
        if state.position.step:
            clock.set(state.position.seconds)
        self._saved_at = clock.seconds

    @property
    def _position(self) -> RunPosition:
        return self._state.position

    def fit(self) -> TrainResult:
        """Train to the end, or until stopped; see `Trainer.fit`."""
        self._emit_start()
        try:
            self._prepare()
            while not self._position.finished:
                try:
                    self._train_epoch()
                    self._finish_epoch()
                except _LossNotFinite:
                    self._roll_back()
        except JobStopped:
            return self._finish_stopped()
        except _LossNotFinite:
            return self._finish_not_finite()
        return self._finish("finished")

    # --- before the first step

    def _emit_start(self) -> None:
        self._emit(run_started(self._state, self._batches.per_epoch))
        finished = (N_("the run is finished already: there is nothing to resume"),) if self._position.finished else ()
        for notice in (*self._state.data.notices, *self._state.notices, *self._validation.notices, *finished):
            self._emit(Notice(notice))

    def _prepare(self) -> None:
        position = self._position
        self._emit(Preparing())
        if isinstance(self._schedule, MinutesSchedule) and not position.finished:
            self._validation.reserve(position, self._schedule.total_seconds)
        if position.step:
            self._clock.set(position.seconds)  # a run that is resumed has the time it had left, however long this took
        else:
            self._validate_parent()
            position.start_training(self._clock.seconds)

    def _validate_parent(self) -> None:
        """Report the mIoU of the parent model, on the areas that validate the epochs to come.

        A run by minutes does so only where that takes hardly any of its training time.
        """
        minutes = self._config.minutes
        quick = minutes is None or self._position.validation_seconds <= PARENT_SHARE * 60 * minutes
        if self._state.parent is not None and quick:
            metrics = self._validation.measure(self._checkpoint)
            self._emit(ParentValidated(metrics))
            self._emit(Notice(N_("parent model: mIoU {miou:.3f} on the same validation areas", miou=metrics.miou)))

    # --- an epoch

    def _train_epoch(self) -> None:
        with self._batches.ahead(self._position.epoch, self._position.batch) as batches:
            while not self._schedule.epoch_over(self._position):
                self._checkpoint()
                self._step(*next(batches))
                if self._position.is_recovery_point or self._clock.seconds >= self._saved_at + CHECKPOINT_SECONDS:
                    self._save_checkpoint()

    def _step(self, chips: npt.NDArray[Any], labels: npt.NDArray[np.uint8]) -> None:
        """Train on a batch: (N, C, S, S) native pixels and (N, S, S) class indices."""
        position, schedule = self._position, self._schedule
        learning_rate, done, micro_batch = self._learning_rate(), schedule.fraction(position), self._learner.micro_batch
        seed = (self._config.seed, position.epoch, position.batch, _AUGMENTATION)
        loss = self._learner.step(chips, labels, learning_rate, seed)
        if self._learner.micro_batch < micro_batch:
            device = self._learner.network.device
            self._emit(smaller_steps(device, self._config.batch, micro_batch, self._learner.micro_batch))
        if math.isnan(loss):
            raise _LossNotFinite
        position.count_step(loss, self._clock.seconds)
        self._learner.ema.update(position.step, max(0.0, schedule.fraction(position) - done))
        self._emit(
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

    def _learning_rate(self) -> float:
        """Return the learning rate of the next step."""
        highest = self._config.learning_rate * self._state.rate_scale
        return highest * one_cycle(self._schedule.fraction(self._position), self._config.warm_up)

    def _finish_epoch(self) -> None:
        """Validate the weights of the EMA, let listeners save the results, and save the checkpoint."""
        position, began = self._position, self._position.seconds
        with self._learner.ema.applied():
            self._validate()
        self._count_validation(began)
        # Asked only now: where validating took less than expected, a run by minutes uses the time it still has.
        position.finished = self._schedule.run_over(position) or self._out_of_patience()
        if not position.finished:
            position.start_next_epoch()
        self._save_checkpoint()
        self._count_validation(began)

    def _validate(self) -> None:
        position, began = self._position, self._position.seconds
        metrics = self._validation.measure(self._checkpoint)
        position.window_halvings = self._validation.halvings
        if not math.isfinite(metrics.loss):
            raise _LossNotFinite
        self._count_validation(began)
        # Few labels cannot say which of the epochs is best: by chance it would be one before the rate has come down.
        best = position.count_miou(metrics.miou, any_is_best=self._learner.teacher is not None)
        seconds_per_pixel = position.validation_seconds / self._validation.pixels
        rate, train_seconds = self._learning_rate(), position.epoch_seconds
        self._emit(EpochValidated(position.epoch, metrics, best, rate, seconds_per_pixel, train_seconds))

    def _count_validation(self, began: float) -> None:
        """Count how long it took so far: with all that is written after it, so that a run ends on time."""
        position, now = self._position, self._clock.seconds
        position.validation_seconds, position.seconds = now - began, now

    def _out_of_patience(self) -> bool:
        """Return whether too many epochs went by without a better model, and emit a notice if so.

        Most of what one cycle gains comes at its end, so not before half of it; a run by minutes takes its minutes.
        """
        position, patience = self._position, self._config.patience
        if not patience or self._config.minutes is not None or self._schedule.fraction(position) < EARLIEST_END:
            return False
        if position.epoch - (position.best_epoch or position.epoch) < patience:
            return False
        self._emit(
            Notice(
                N_(
                    "none of the last %n epochs gave a better model: the run ends early",
                    n=patience,
                    one="the last epoch gave no better model: the run ends early",
                )
            )
        )
        return True

    # --- checkpoints

    def _save_checkpoint(self) -> None:
        self._state.save(self._folder)
        self._saved_at = self._clock.seconds

    def _roll_back(self) -> None:
        """Return to the last recovery checkpoint and train at a lower rate from there.

        Raises:
            _LossNotFinite: this was tried before, and did not help.
        """
        if self._state.rate_scale <= LEAST_RATE_SCALE:
            raise _LossNotFinite
        lost = self._position.step
        self._state.roll_back(self._folder, self._clock.seconds)
        position = self._position
        self._emit(RolledBack(position.step, position.next_validation))
        self._emit(
            Notice(
                N_(
                    "the loss is no longer a finite number after step {lost}: the run rolls back to step {step} "
                    "and continues with {rate_scale:g} times the learning rate",
                    lost=lost,
                    step=position.step,
                    rate_scale=self._state.rate_scale,
                )
            )
        )

    # --- the end

    def _finish(self, reason: str) -> TrainResult:
        self._emit_end(reason)
        best_epoch, best_miou = self._position.best_epoch, self._position.best_miou
        bundle = ModelBundle.load(self._folder.model)
        return TrainResult(self._folder.model, bundle, best_epoch, best_miou, reason)

    def _finish_stopped(self) -> TrainResult:
        position = self._position
        if not position.step:
            raise JobStopped
        position.seconds = self._clock.seconds
        self._save_checkpoint()
        if position.best_epoch is None:
            with self._learner.ema.applied():
                self._emit(StoppedUnvalidated())
        return self._finish("stopped")

    def _finish_not_finite(self) -> TrainResult:
        position = self._position
        if position.best_epoch is None:
            self._emit_end("not_finite")
            raise TrainingError(
                N_(
                    "the loss is no longer a finite number after step {step}: the run ends before a model was "
                    "validated; start a new one with a lower learning rate",
                    step=position.step,
                )
            )
        self._emit(
            Notice(
                N_(
                    "the loss is no longer a finite number after step {step}: the run ends with its best model, of "
                    "epoch {best_epoch}; start a new one with a lower learning rate",
                    step=position.step,
                    best_epoch=position.best_epoch,
                )
            )
        )
        return self._finish("not_finite")

    def _emit_end(self, reason: str) -> None:
        position = self._position
        best = position.best_epoch, position.best_miou
        self._emit(RunFinished(reason, position.epoch, position.step, *best, self._clock.seconds))
