"""The training loop."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from landseg_core.data.augment import Geometry
from landseg_core.data.chips import ChipSampler
from landseg_core.data.reader import AreaReader
from landseg_core.errors import JobStopped, TrainingError
from landseg_core.events import EpochFinished, JobControl, Notice, OnEvent, RunFinished, RunStarted, StepFinished
from landseg_core.models.bundle import ModelBundle
from landseg_core.training.checkpoint import pixels
from landseg_core.training.chip_places import chips_around
from landseg_core.training.config import DEFAULT_EPOCHS, TrainConfig
from landseg_core.training.picture_file import keep_pictures
from landseg_core.training.pictures import PictureChooser, ValidationPictures
from landseg_core.training.prefetch import Prefetcher
from landseg_core.training.report import keep_report
from landseg_core.training.run_folder import RunFolder
from landseg_core.training.schedule import EpochSchedule, MinutesSchedule, RunClock, Schedule, one_cycle
from landseg_core.training.state import RunState
from landseg_core.training.validation import Figures, Validator

CHECKPOINT_SECONDS = 60.0
"""The most training that a crash can cost."""
PROBE_SHARE = 0.01
"""The share of a run by minutes that may go into finding out how long a validation will take."""
LONGEST_VALIDATION, SAMPLED_VALIDATION = 0.5, 0.25
"""Where one validation would take more of a run by minutes than the first, only about the second is spent on it."""
_BATCHES_AHEAD = 3
_COLOUR = 2
"""The purpose of random numbers, beside that of the places of chips."""

Batch = tuple[npt.NDArray[Any], npt.NDArray[np.uint8]]


@dataclass(frozen=True)
class TrainResult:
    """The model of a run; `reason` is why it ended: `finished`, `stopped` or `not_finite` (the loss)."""

    model_path: Path
    bundle: ModelBundle
    best_epoch: int | None
    best_miou: float | None
    reason: str


class _LossNotFinite(Exception):  # noqa: N818 - it never leaves this module
    """The loss is no number any more; the weights are those before."""


class TrainingRun:
    """Takes a run from where its state is to its end."""

    def __init__(
        self,
        state: RunState,
        reader: AreaReader,
        folder: RunFolder,
        clock: RunClock,
        on_event: OnEvent,
        control: JobControl,
    ) -> None:
        self._state, self._position, self._config = state, state.position, state.config
        self._reader, self._folder = reader, folder
        self._clock, self._on_event, self._control = clock, on_event, control
        data = state.data
        self._sampler = self._new_sampler()
        self._validator = Validator(state.learner.network, len(data.schema), data.val, reader)
        self._steps_per_epoch = max(1, round(self._sampler.chips_per_epoch / self._config.batch))
        self._schedule = _schedule(self._config, self._steps_per_epoch)
        clock.add(self._position.seconds)
        self._saved_at = clock.seconds

    def _new_sampler(self) -> ChipSampler:
        config, data = self._config, self._state.data
        geometry = Geometry(config.flips, config.turns, (config.scale_low, config.scale_high))
        around, notices = chips_around(config, data, self._reader, self._control.checkpoint)
        self._state.notices.extend(notices)
        return ChipSampler(data.train, config.chip, config.seed, geometry, around)

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
        self._reserve_validation()
        self._position.start_training(self._clock.seconds)
        while not self._position.finished:
            self._train_epoch()
            self._finish_epoch()

    def _reserve_validation(self) -> None:
        """Find out how long validating takes, and count fewer windows where a run by minutes has no time for all."""
        schedule = self._schedule
        if not isinstance(schedule, MinutesSchedule) or self._position.finished:
            return
        total = schedule.total_seconds
        seconds = self._validator.probe(PROBE_SHARE * total)
        if seconds > LONGEST_VALIDATION * total:
            share = SAMPLED_VALIDATION * total / seconds
            self._validator, seconds = self._validator.sampled(share), share * seconds
            self._on_event(
                Notice(
                    f"validating everything would take too long for a run of {total / 60:g} min: its figures count "
                    f"about {share:.1%} of the validation areas, evaluate the model for those of all"
                )
            )
        schedule.validation_seconds = seconds

    def _train_epoch(self) -> None:
        with Prefetcher(self._batches(), _BATCHES_AHEAD) as prefetched:
            batches = iter(prefetched)
            while not self._schedule.epoch_over(self._position):
                self._clock.checkpoint(self._control)
                self._step(*next(batches))
                if self._clock.seconds >= self._saved_at + CHECKPOINT_SECONDS:
                    self._save_checkpoint()

    def _batches(self) -> Iterator[Batch]:
        """Yield the epoch's batches from the next one on: each depends on seed, epoch and its number only."""
        epoch, size = self._position.epoch, self._config.batch
        for number in itertools.count(self._position.batch):
            yield self._sampler.batch(self._reader, epoch, range(number * size, (number + 1) * size))

    def _step(self, chips: npt.NDArray[Any], labels: npt.NDArray[np.uint8]) -> None:
        position, schedule = self._position, self._schedule
        learning_rate = self._learning_rate()
        before = schedule.fraction(position)
        seed = (self._config.seed, position.epoch, position.batch, _COLOUR)
        loss = self._state.learner.step(chips, labels, learning_rate, seed)
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

    def _learning_rate(self) -> float:
        return self._config.learning_rate * one_cycle(self._schedule.fraction(self._position), self._config.warm_up)

    def _finish_epoch(self) -> None:
        """Validate, keep the model if it is the best so far, and write the checkpoint."""
        position = self._position
        with self._state.learner.average.in_place():
            self._judge(self._validate())
        # Asked only now: where validating took less than expected, a run by minutes uses the time it still has.
        position.finished = self._schedule.run_over(position) or self._out_of_patience()
        if not position.finished:
            position.start_next_epoch()
        self._save_checkpoint()

    def _judge(self, figures: Figures) -> None:
        """Keep the network as it is as the model if it is the best so far."""
        position = self._position
        best = position.best_miou is None or figures.matrix.miou > position.best_miou
        if best:
            position.best_epoch, position.best_miou = position.epoch, figures.matrix.miou
            self._state.bundle(self._told(figures)).save(self._folder.model)
        self._show_pictures(keep=best)
        self._tell_epoch(figures, best=best)

    def _out_of_patience(self) -> bool:
        """Tell whether too many epochs went by without a better model, and say so."""
        position, patience = self._position, self._config.patience
        waited = position.epoch - (position.best_epoch or position.epoch)
        if not patience or waited < patience:
            return False
        self._on_event(Notice(f"no epoch of the last {patience} gave a better model: the run ends early"))
        return True

    def _show_pictures(self, *, keep: bool) -> None:
        """Tell what the validation looked like, and keep it where it is that of the best model."""
        epoch, pictures = self._position.epoch, self._pictures.chosen()
        if keep:
            keep_pictures(self._folder.pictures, epoch, pictures, self._state.data.schema)
        self._on_event(ValidationPictures(epoch, pictures))

    def _validate(self) -> Figures:
        self._pictures = PictureChooser(len(self._state.data.schema), self._validator.pixels)
        look, checkpoint = self._pictures.look, lambda: self._clock.checkpoint(self._control)
        figures = self._validator.measure("validation", self._on_event, checkpoint, look)
        if not math.isfinite(figures.loss):
            raise _LossNotFinite
        now = self._clock.seconds
        if isinstance(self._schedule, MinutesSchedule):
            self._schedule.validation_seconds = now - self._position.seconds
        self._position.seconds = now
        return figures

    def _save_checkpoint(self) -> None:
        self._state.save(self._folder)
        self._saved_at = self._clock.seconds

    def _end(self, reason: str) -> TrainResult:
        self._tell_end(reason)
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
                self._state.bundle({"miou": None}).save(self._folder.model)
        return self._end("stopped")

    def _end_not_finite(self) -> TrainResult:
        position = self._position
        trouble = f"the loss is no longer a finite number after step {position.step}: the run ends"
        remedy = "start a new one with a lower learning rate"
        if position.best_epoch is None:
            self._tell_end("not_finite")
            raise TrainingError(f"{trouble} before a model was validated; {remedy}")
        self._on_event(Notice(f"{trouble} with its best model, of epoch {position.best_epoch}; {remedy}"))
        return self._end("not_finite")

    def _tell_start(self) -> None:
        config, data, network = self._config, self._state.data, self._state.learner.network
        self._on_event(
            RunStarted(
                model=config.model,
                parameters=sum(parameter.numel() for parameter in network.model.parameters()),
                device=str(network.device),
                precision=network.precision.name,
                classes=data.schema.names,
                train_pixels=pixels(data.train),
                val_pixels=pixels(data.val),
                epochs=config.epochs,
                minutes=config.minutes,
                steps_per_epoch=self._steps_per_epoch,
                batch=config.batch,
                chip=config.chip,
                first_step=self._position.step,
            )
        )
        finished = ("the run is finished already: there is nothing to resume",) if self._position.finished else ()
        for notice in (*data.notices, *self._state.notices, *finished):
            self._on_event(Notice(notice))

    def _tell_epoch(self, figures: Figures, *, best: bool) -> None:
        position, matrix = self._position, figures.matrix
        self._on_event(
            EpochFinished(
                epoch=position.epoch,
                step=position.step,
                train_loss=position.train_loss,
                val_loss=figures.loss,
                accuracy=matrix.accuracy,
                miou=matrix.miou,
                iou=self._iou(figures),
                learning_rate=self._learning_rate(),
                seconds=position.seconds,
                best=best,
                val_pixels=matrix.pixels,
            )
        )

    def _tell_end(self, reason: str) -> None:
        position = self._position
        self._on_event(
            RunFinished(
                reason=reason,
                epoch=position.epoch,
                step=position.step,
                best_epoch=position.best_epoch,
                best_miou=position.best_miou,
                seconds=self._clock.seconds,
            )
        )
        keep_report(self._folder.path, self._on_event)

    def _told(self, figures: Figures) -> dict[str, Any]:
        """Return what the model file tells of how good its model is."""
        matrix = figures.matrix
        return {
            "miou": matrix.miou,
            "accuracy": matrix.accuracy,
            "iou": self._iou(figures),
            "val_loss": figures.loss,
            "val_pixels": matrix.pixels,
            "train_loss": self._position.train_loss,
        }

    def _iou(self, figures: Figures) -> dict[str, float | None]:
        return dict(zip(self._state.data.schema.names, figures.matrix.iou(), strict=True))


def _schedule(config: TrainConfig, steps_per_epoch: int) -> Schedule:
    if config.minutes is not None:
        return MinutesSchedule(60 * config.minutes, steps_per_epoch)
    return EpochSchedule(config.epochs or DEFAULT_EPOCHS, steps_per_epoch)
