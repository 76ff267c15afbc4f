"""An estimate of how long a run will take, made in the background while the dialog is filled in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from landseg_core.data.loading.extent import Extent
from landseg_core.data.sources.source import DataOptions, DataSource
from landseg_core.events import Event, JobControl, OnEvent, RunStarted, StepFinished
from landseg_core.labels.classes import ClassSchema
from landseg_core.runs.config import TrainConfig
from landseg_core.tasks.train import data_options
from landseg_core.training.preparation import VALIDATION_SHARE
from landseg_gui.form_settings import FormSettings
from landseg_gui.jobs.imports import import_undisturbed
from landseg_gui.jobs.runner import Job, Work, while_alive
from landseg_gui.session.project_session import ProjectSession
from landseg_gui.text import percent, rough_duration, three_digits, tr, two_digits
from landseg_gui.workflows.training.borrowed_project import borrow

_WAIT_MS = 400  # the estimate starts once the user pauses
_BANDS = 3
_FIRST_STEPS = 3  # of a run: they prepare it, and are not measured
_LEAST_STEPS = 5

ThroughputKey = tuple[str, ...]


def throughput_key(config: TrainConfig) -> ThroughputKey:
    """Return what the throughput depends on."""
    return config.model, config.device, config.precision, str(config.chip), str(config.batch)


class ThroughputMemory:
    """The throughput of the last runs, in seconds per million pixels of chips, by what it depends on."""

    def __init__(self, settings: FormSettings) -> None:
        self._settings = settings

    def known(self, config: TrainConfig) -> float | None:
        """Return the throughput of the last run of this kind, or None."""
        try:
            seconds_per_mpx = float(self._settings.text("-".join(throughput_key(config))))
        except ValueError:
            return None
        return seconds_per_mpx if math.isfinite(seconds_per_mpx) and seconds_per_mpx > 0 else None

    def save(self, config: TrainConfig, seconds_per_mpx: float) -> None:
        """Save a throughput."""
        self._settings.save({"-".join(throughput_key(config)): f"{seconds_per_mpx:.4g}"})


class ThroughputMeter:
    """Measures the throughput of a run from its events: that of the steps alone, without validation."""

    def __init__(self) -> None:
        self._started: RunStarted | None = None
        self._last: StepFinished | None = None
        self._seconds, self._steps = 0.0, 0

    def take(self, event: Event) -> None:
        """Take an event of the run; only starts and steps count."""
        if isinstance(event, RunStarted):
            self._started = event
        elif isinstance(event, StepFinished):
            last, self._last = self._last, event
            if last is not None and last.epoch == event.epoch and event.step > _FIRST_STEPS:
                self._seconds, self._steps = self._seconds + event.seconds - last.seconds, self._steps + 1

    @property
    def seconds_per_mpx(self) -> float | None:
        """Return the seconds for a million pixels, or None after too few steps."""
        if self._steps < _LEAST_STEPS or self._started is None:
            return None
        return self._seconds / self._steps / (self._started.batch * self._started.chip**2) * 1e6

    def measured(self, asked: TrainConfig) -> TrainConfig:
        """Return the settings whose throughput was measured: those that ran, which may come from a run or a model."""
        ran = self._started
        return asked.model_copy(update={"model": ran.model, "batch": ran.batch, "chip": ran.chip}) if ran else asked


@dataclass(frozen=True)
class _Found:
    """The data from which the duration of a run is estimated."""

    extent: Extent
    seconds_per_mpx: float

    @property
    def epoch_seconds(self) -> float:
        return (self.extent.train + VALIDATION_SHARE * self.extent.val) / 1e6 * self.seconds_per_mpx


def estimate_work(
    source: DataSource, options: DataOptions, config: TrainConfig, classes: int, seconds_per_mpx: float | None
) -> Work:
    """Return the work that finds out how long an epoch takes; `seconds_per_mpx` is measured unless it is known."""

    def work(_on_event: OnEvent, control: JobControl) -> _Found:
        extent = source.extent(options, control)
        if seconds_per_mpx is not None:
            return _Found(extent, seconds_per_mpx)
        probe = import_undisturbed("landseg_core.training.preparation")
        return _Found(extent, probe.seconds_per_megapixel(config, _BANDS, classes, control.checkpoint))

    return work


class EpochEstimator(QObject):
    """Estimates how long a run will take; see `dialogs.train.Estimator`. Only the last question is answered."""

    answered = Signal(str)

    def __init__(self, session: ProjectSession, memory: ThroughputMemory, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._memory = session, memory
        self._question: tuple[DataSource, ClassSchema, TrainConfig] | None = None
        self._throughputs: dict[ThroughputKey, float] = {}
        self._extents: dict[tuple[Any, ...], Extent] = {}
        self._job: Job | None = None
        self._wait = QTimer(self, singleShot=True, interval=_WAIT_MS)
        self._wait.timeout.connect(self._find_out)

    def ask(self, source: DataSource, schema: ClassSchema, config: TrainConfig) -> None:
        """Start to estimate once the user pauses; an estimate that is already known is reported at once.

        An estimate that is being made continues where it answers this question, too, such as for another duration.
        """
        if self._question is not None and _matter(*self._question) == _matter(source, schema, config):
            self._question = source, schema, config
            self._report()
            return
        self.cancel()
        self._question = source, schema, config
        if self._known() is None:
            self.answered.emit(tr("Estimating the duration…"))
            self._wait.start()
        else:
            self._report()

    def cancel(self) -> None:
        """Cancel the question."""
        self._question = None
        self._wait.stop()
        if self._job is not None:
            job, self._job = self._job, None
            job.stop()

    def _known(self) -> _Found | None:
        if self._question is None:
            return None
        source, _, config = self._question
        extent, seconds_per_mpx = self._extents.get(_extent_key(source, config)), self._seconds_per_mpx(config)
        return _Found(extent, seconds_per_mpx) if extent is not None and seconds_per_mpx is not None else None

    def _seconds_per_mpx(self, config: TrainConfig) -> float | None:
        return self._throughputs.get(throughput_key(config)) or self._memory.known(config)

    def _find_out(self) -> None:
        if self._question is None:
            return
        source, schema, config = self._question
        options = data_options(config, borrow(self._session.project))
        work = estimate_work(source, options, config, len(schema), self._seconds_per_mpx(config))
        job = self._job = self._session.start_in_background(tr("Estimate duration of training"), work)
        job.finished.connect(while_alive(self, lambda found: self._take(job, found)))
        job.failed.connect(while_alive(self, lambda _sentence: self._give_up(job)))  # the run will say why

    def _take(self, job: Job, found: _Found) -> None:
        if job is not self._job or self._question is None:
            return
        self._job = None
        source, _, config = self._question
        self._extents[_extent_key(source, config)] = found.extent
        self._throughputs[throughput_key(config)] = found.seconds_per_mpx
        self._report()

    def _give_up(self, job: Job) -> None:
        if job is self._job:
            self._job = self._question = None
            self.answered.emit("")

    def _report(self) -> None:
        found = self._known()
        if found is not None and self._question is not None:
            self.answered.emit(estimate_text(found.epoch_seconds, self._question[2]))


def _matter(source: DataSource, schema: ClassSchema, config: TrainConfig) -> tuple[Any, ...]:
    """Return all parts of a question on which the estimate depends."""
    return _extent_key(source, config), throughput_key(config), len(schema)


def _extent_key(source: DataSource, config: TrainConfig) -> tuple[Any, ...]:
    return source, config.seed, config.chip, config.split, config.buffer, config.read_options


def estimate_text(epoch_seconds: float, config: TrainConfig) -> str:
    """Return in words how long a run with these settings takes, or how much of the data it covers."""
    epoch = rough_duration(epoch_seconds)
    if config.minutes is None:
        epochs = config.epochs or 1
        return tr(
            "About {epoch} per epoch; about {total} for %n epochs.",
            n=epochs,
            one="About {epoch} for 1 epoch.",
            epoch=epoch,
            total=rough_duration(epochs * epoch_seconds),
        )
    # Not in epochs: those of a run by minutes are as long as the time for validation lets them be.
    passes = 60 * config.minutes / max(epoch_seconds, 1e-9)
    minutes = tr("{minutes} min", minutes=three_digits(config.minutes))
    if passes < 1:
        return tr(
            "About {epoch} per pass over the data; {minutes} cover {share} of it.",
            epoch=epoch,
            minutes=minutes,
            share=percent(passes, decimals=0),
        )
    return tr(
        "About {epoch} per pass over the data; {minutes} make about %n passes.",
        n=two_digits(passes),
        one="About {epoch} per pass over the data; {minutes} make about one pass.",
        epoch=epoch,
        minutes=minutes,
    )
