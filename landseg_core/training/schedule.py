"""How long a run is, how it is divided into epochs, and the course of its learning rate."""

from __future__ import annotations

import dataclasses
import math
import time
from typing import Annotated, Protocol

import pydantic

from landseg_core.events import JobControl
from landseg_core.runs.config import DEFAULT_EPOCHS, TrainConfig

START_FACTOR, END_FACTOR = 1 / 25, 1 / 250_000
"""The learning rate at the start and the end of a run, as a share of the highest."""

LEAST_EPOCHS = 12
"""A run by minutes is validated about this often, however large the data set is."""
VALIDATION_RATIO = 4.0
"""An epoch of a run by minutes trains at least this many times as long as its validation takes: at most 20 % of it."""
RECOVERY_STEPS = 2000
"""In an epoch of many steps there is a recovery checkpoint after each so many; another is at its end."""
RESERVE_FACTOR = 1.1
"""Time reserved for the last validation of a run by minutes, as a multiple of the previous one."""
ENDING_SECONDS, ENDING_SHARE = 3.0, 0.01
"""Time reserved for what comes after it, such as the report: seconds, and at most this share of the run."""


def one_cycle(fraction: float, warm_up: float) -> float:
    """Return the learning rate at `fraction` (0-1) of a run, as a share of the highest.

    A half cosine up in the first `warm_up` (0-1) of the run, and one down in the rest. Smith, Topin:
    "Super-convergence", 2018; the factors are those of torch's OneCycleLR. A function of the fraction done, so that
    a run by the clock completes its cycle like a run by steps.
    """
    if fraction < warm_up:
        return _half_cosine(START_FACTOR, 1.0, fraction / warm_up)
    return _half_cosine(1.0, END_FACTOR, min(1.0, (fraction - warm_up) / max(1e-9, 1 - warm_up)))


def _half_cosine(start: float, end: float, fraction: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * fraction)) / 2


class RunClock:
    """The seconds that a run has worked since `start` (by `time.monotonic`; now for None); pauses do not count."""

    def __init__(self, start: float | None = None) -> None:
        self._start = time.monotonic() if start is None else start

    @property
    def seconds(self) -> float:
        """Return the seconds worked so far."""
        return time.monotonic() - self._start

    def set(self, seconds: float) -> None:
        """Set it to `seconds` now."""
        self._start = time.monotonic() - seconds

    def checkpoint(self, control: JobControl) -> None:
        """Wait while paused, without counting it.

        Raises:
            JobStopped: the user asked to stop.
        """
        before = time.monotonic()
        try:
            control.checkpoint()
        finally:
            self._start += time.monotonic() - before


_Count = Annotated[int, pydantic.Field(ge=0, le=2**53)]
_Seconds = Annotated[float, pydantic.Field(ge=0, le=2**53)]


@dataclasses.dataclass
class RunPosition:
    """How far a run is; a checkpoint holds it. `epoch` counts from 1 and is the one under way.

    `batch`, `loss_sum` and `epoch_seconds` belong to that epoch; `seconds` are those of the whole run, the first
    `preparation_seconds` of which went by before the first step. A run by minutes counts `validated_share` of the
    validation windows, which takes `validation_seconds`: an estimate at first, then measured. These windows were
    halved `window_halvings` times, for lack of memory.
    """

    epoch: _Count = 1
    batch: _Count = 0
    step: _Count = 0
    loss_sum: Annotated[float, pydantic.Field(allow_inf_nan=False)] = 0.0
    epoch_seconds: _Seconds = 0.0
    seconds: _Seconds = 0.0
    preparation_seconds: _Seconds = 0.0
    validation_seconds: _Seconds = 0.0
    validated_share: Annotated[float, pydantic.Field(ge=0, le=1)] = 1.0
    window_halvings: Annotated[int, pydantic.Field(ge=0, le=64)] = 0
    best_epoch: _Count | None = None
    best_miou: Annotated[float, pydantic.Field(ge=0, le=1)] | None = None
    finished: bool = False

    @property
    def train_loss(self) -> float:
        """Return the mean loss of the epoch's batches so far."""
        return self.loss_sum / self.batch if self.batch else math.nan

    @property
    def is_recovery_point(self) -> bool:
        """Return whether a run whose loss is not finite may roll back to here; this never depends on the clock."""
        return self.finished or self.batch % RECOVERY_STEPS == 0

    @property
    def next_validation(self) -> int:
        """Return the first epoch that is not validated yet."""
        return self.epoch + self.finished

    def start_training(self, seconds: float) -> None:
        """Count the time until now as preparation: the first step begins `seconds` after the run began."""
        self.preparation_seconds = self.seconds = seconds

    def rolled_back(self, seconds: float, to: RunPosition | None = None) -> RunPosition:
        """Return the position `to`, by default that before the first step, but `seconds` after the run began.

        Time does not go back, and measured durations stay.
        """
        return dataclasses.replace(
            to or RunPosition(),
            seconds=seconds,
            preparation_seconds=self.preparation_seconds,
            validation_seconds=self.validation_seconds,
            validated_share=self.validated_share,
            window_halvings=self.window_halvings,
        )

    def count_step(self, loss: float, seconds: float) -> None:
        """Count an optimiser step that ended `seconds` after the run began."""
        self.batch += 1
        self.step += 1
        self.loss_sum += loss
        self.epoch_seconds += seconds - self.seconds
        self.seconds = seconds

    def count_miou(self, miou: float, *, any_is_best: bool = False) -> bool:
        """Count the validation of the epoch, and return whether it is the best so far, which `any_is_best` says."""
        # A run that was killed may have saved the model of this epoch already, but not what belongs to it.
        best = any_is_best or self.best_epoch == self.epoch or self.best_miou is None or miou > self.best_miou
        if best:
            self.best_epoch, self.best_miou = self.epoch, miou
        return best

    def start_next_epoch(self) -> None:
        """Count the epoch under way as done."""
        self.epoch += 1
        self.batch, self.loss_sum, self.epoch_seconds = 0, 0.0, 0.0


class Schedule(Protocol):
    """Decides, from a run's position, when an epoch and the run are over."""

    def fraction(self, position: RunPosition) -> float:
        """Return the share of the training that is done, 0-1."""
        ...

    def seconds_left(self, position: RunPosition) -> float | None:
        """Return the time that the run still takes, None before that is known."""
        ...

    def epoch_over(self, position: RunPosition) -> bool:
        """Return whether the epoch under way has no more steps; it is then validated."""
        ...

    def run_over(self, position: RunPosition) -> bool:
        """Return whether the run takes no more steps."""
        ...


@dataclasses.dataclass(frozen=True)
class EpochSchedule:
    """A run of `epochs`, each of `steps_per_epoch`."""

    epochs: int
    steps_per_epoch: int

    def fraction(self, position: RunPosition) -> float:
        """Return the share of the steps that is done."""
        return position.step / (self.epochs * self.steps_per_epoch)

    def seconds_left(self, position: RunPosition) -> float | None:
        """Return the time left at the speed so far."""
        done = self.fraction(position)
        return position.seconds * (1 - done) / done if done else None

    def epoch_over(self, position: RunPosition) -> bool:
        """Return whether all steps of the epoch are done."""
        return position.batch >= self.steps_per_epoch

    def run_over(self, position: RunPosition) -> bool:
        """Return whether all steps of all epochs are done."""
        return position.step >= self.epochs * self.steps_per_epoch


@dataclasses.dataclass(frozen=True)
class MinutesSchedule:
    """A run that is over, last validation included, after `total_seconds`.

    An epoch is a pass over the data, or a twelfth of the run where a pass takes longer; and longer than that where
    validating would take more than a fifth of the time.
    """

    total_seconds: float
    steps_per_epoch: int

    def fraction(self, position: RunPosition) -> float:
        """Return the share of the training time that is over."""
        start = position.preparation_seconds
        whole = self._training_end(position) - start
        return min(1.0, (position.seconds - start) / whole) if whole > 0 else 1.0

    def seconds_left(self, position: RunPosition) -> float | None:
        """Return the rest of the minutes."""
        return max(0.0, self.total_seconds - position.seconds)

    def epoch_over(self, position: RunPosition) -> bool:
        """Return whether the epoch is long enough, and enough time left for another that is worth validating."""
        if self.run_over(position):
            return True
        spent = position.epoch_seconds
        passed = position.batch >= self.steps_per_epoch or spent >= self.total_seconds / LEAST_EPOCHS
        left = self._training_end(position) - position.seconds - position.validation_seconds
        return passed and spent >= VALIDATION_RATIO * position.validation_seconds and left >= spent / 2

    def run_over(self, position: RunPosition) -> bool:
        """Return whether another step would end too late; the first step is always taken."""
        step_seconds = position.epoch_seconds / max(1, position.batch)
        return position.step > 0 and position.seconds + step_seconds / 2 >= self._training_end(position)

    def _training_end(self, position: RunPosition) -> float:
        """Return the second of the run at which the last validation has to begin."""
        ending = min(ENDING_SECONDS, ENDING_SHARE * self.total_seconds)
        return self.total_seconds - ending - RESERVE_FACTOR * position.validation_seconds


def schedule_for(config: TrainConfig, steps_per_epoch: int) -> Schedule:
    """Return the schedule of a run with these settings."""
    if config.minutes is not None:
        return MinutesSchedule(60 * config.minutes, steps_per_epoch)
    return EpochSchedule(config.epochs or DEFAULT_EPOCHS, steps_per_epoch)
