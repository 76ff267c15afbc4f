from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from support.training import RecordedRun

from landseg_core.data.training_data import TrainingData
from landseg_core.events import (
    EpochFinished,
    Event,
    Notice,
    RunFinished,
    RunStarted,
    StepFinished,
)
from landseg_core.geo.window import PixelWindow
from landseg_core.metrics.confusion import ConfusionMatrix
from landseg_core.models.bundle import ModelBundle
from landseg_core.runs.config import TrainConfig
from landseg_core.training import schedule, validation
from landseg_core.training.learner import Learner
from landseg_core.training.state import RunState
from landseg_core.training.validation import ValidationMetrics, Validator
from tests.support.models import with_header

"""Makes a run: (config, folder, overwrite=..., resume=...)."""
RECORDS = {
    "last.json",
    "metrics.jsonl",
    "config.json",
    "environment.json",
    "evaluation.json",
    "samples.json",
    "report.html",
}
FILES = {"model.safetensors", "last.safetensors"} | RECORDS


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


class FakeTime:
    """A clock that a test moves; it also moves a little whenever it is read."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        self.now += 1e-4
        return self.now


@pytest.fixture
def fake_time(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    """Lets each step take 0.1 s and each validation 0.5 s."""
    fake = FakeTime()
    monkeypatch.setattr(schedule, "time", fake)
    monkeypatch.setattr(validation, "time", fake)
    step, measure = Learner.step, Validator.measure

    def slow_step(self: Learner, *batch: Any) -> float:
        fake.now += 0.1
        return step(self, *batch)

    def slow_measure(self: Validator, *how: Any) -> ValidationMetrics:
        fake.now += 0.5
        return measure(self, *how)

    monkeypatch.setattr(Learner, "step", slow_step)
    monkeypatch.setattr(Validator, "measure", slow_measure)
    monkeypatch.setattr(Validator, "probe", lambda *_: 0.6)
    return fake


def by_minutes(config: TrainConfig, minutes: float) -> TrainConfig:
    return config.model_copy(update={"epochs": None, "minutes": minutes})


@pytest.mark.usefixtures("fake_time")
def test_a_run_by_minutes_ends_on_time(config: TrainConfig, data: TrainingData, tmp_path: Path) -> None:
    run = RecordedRun(by_minutes(config, 0.1), tmp_path / "run")
    result = run.fit(data)
    (end,) = run.events_of(RunFinished)
    assert result.reason == "finished"
    assert end.seconds == pytest.approx(6.0, abs=0.15)
    last = run.events_of(StepFinished)[-1]
    assert last.fraction > 0.97
    assert last.learning_rate < config.learning_rate / 100
    assert last.seconds_left == pytest.approx(6.0 - last.seconds)
    epochs = run.events_of(EpochFinished)
    assert len(epochs) == 2
    assert epochs[-1].step == last.step
    assert {epoch.val_pixels for epoch in epochs} == {90 * 75 - 64}


def test_a_validation_quicker_than_expected_leaves_time_for_more(
    config: TrainConfig,
    data: TrainingData,
    tmp_path: Path,
    fake_time: FakeTime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Validator, "probe", lambda *_: 2.9)
    run = RecordedRun(by_minutes(config, 0.1), tmp_path / "run")
    run.fit(data)
    assert len(run.events_of(EpochFinished)) == 2
    assert run.events_of(RunFinished)[0].seconds == pytest.approx(6.0, abs=0.15)


@pytest.mark.usefixtures("fake_time")
def test_the_shortest_run_takes_a_step_and_validates(config: TrainConfig, data: TrainingData, tmp_path: Path) -> None:
    run = RecordedRun(by_minutes(config, 1e-6), tmp_path / "run")
    assert run.fit(data).reason == "finished"
    assert (len(run.losses), len(run.events_of(EpochFinished))) == (1, 1)
    assert any("validating everything would take too long" in notice.message for notice in run.events_of(Notice))
    assert names(tmp_path / "run") == FILES


@pytest.mark.usefixtures("fake_time")
def test_a_run_by_minutes_is_resumed_with_the_time_it_has_left(
    config: TrainConfig, data: TrainingData, tmp_path: Path
) -> None:
    stopped = RecordedRun(by_minutes(config, 0.1), tmp_path / "run")
    stopped.at_step[10] = stopped.control.stop
    stopped.fit(data)
    resumed = RecordedRun(by_minutes(config, 0.1), tmp_path / "run", resume=True)
    resumed.fit(data)
    assert resumed.events_of(StepFinished)[0].step == 11
    assert resumed.events_of(RunFinished)[0].seconds == pytest.approx(6.0, abs=0.15)


def test_a_resumed_run_by_minutes_goes_on_where_its_schedule_was(
    config: TrainConfig, data: TrainingData, tmp_path: Path, fake_time: FakeTime
) -> None:
    """However long the break was, and however long loading takes; what it knew of validating is known still."""
    stopped = RecordedRun(by_minutes(config, 0.1), tmp_path / "run")
    stopped.at_step[10] = stopped.control.stop
    stopped.fit(data)
    fake_time.now += 1000
    resumed = RecordedRun(by_minutes(config, 0.1), tmp_path / "run", resume=True)
    fake_time.now += 3

    def take(event: Event) -> None:
        fake_time.now += 2 * isinstance(event, RunStarted)  # what comes before the first step is not training either
        resumed.events.append(event)

    resumed.trainer.fit(data, take)
    steps = stopped.events_of(StepFinished) + resumed.events_of(StepFinished)
    advances = [after.fraction - before.fraction for before, after in itertools.pairwise(steps)]
    assert advances[9] == pytest.approx(advances[8], rel=0.05)
    assert steps[10].seconds - steps[9].seconds == pytest.approx(0.1, abs=0.01)
    assert steps[-1].fraction > 0.97
    assert [notice.message for notice in resumed.events_of(Notice)] == list(data.notices)


def test_a_resumed_run_counts_the_share_that_it_counted_before(
    config: TrainConfig,
    data: TrainingData,
    tmp_path: Path,
    fake_time: FakeTime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(validation, "WINDOW_SIDE", 48)
    monkeypatch.setattr(Validator, "probe", lambda *_: 4.0)
    shares: list[float] = []
    sampled = Validator.sampled
    monkeypatch.setattr(Validator, "sampled", lambda self, share: (shares.append(share), sampled(self, share))[1])
    run = RecordedRun(by_minutes(config, 0.1), tmp_path / "run")
    run.at_step[4] = run.control.stop
    run.fit(data)
    resumed = RecordedRun(by_minutes(config, 0.1), tmp_path / "run", resume=True)
    resumed.fit(data)
    assert shares == [0.375, 0.375]
    assert [notice.message for notice in resumed.events_of(Notice)] == list(data.notices)


def test_a_run_by_minutes_that_goes_back_still_ends_on_time(
    config: TrainConfig,
    data: TrainingData,
    tmp_path: Path,
    fake_time: FakeTime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    good, count = Learner.step, iter(range(1, 10**6))
    monkeypatch.setattr(Learner, "step", lambda self, *batch: math.nan if next(count) in (5, 9) else good(self, *batch))
    run = RecordedRun(by_minutes(config, 0.1), tmp_path / "run")
    assert run.fit(data).reason == "finished"
    assert run.events_of(RunFinished)[0].seconds == pytest.approx(6.0, abs=0.15)
    assert len([notice for notice in run.events_of(Notice) if "rolls back" in notice.message]) == 2
    fractions = [step.fraction for step in run.events_of(StepFinished)]
    assert fractions == sorted(fractions)


@pytest.mark.usefixtures("fake_time")
def test_a_run_by_minutes_never_ends_early(
    config: TrainConfig, data: TrainingData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ConfusionMatrix, "miou", property(lambda _self: 0.5))
    run = RecordedRun(by_minutes(config, 0.3).model_copy(update={"patience": 1}), tmp_path / "run")
    run.fit(data)
    assert len(run.events_of(EpochFinished)) > 3
    assert run.events_of(RunFinished)[0].seconds == pytest.approx(18.0, abs=0.5)


@pytest.mark.usefixtures("fake_time")
@pytest.mark.parametrize(("probed", "notices"), [(0.4, 1), (1.0, 0)])
def test_the_start_model_is_judged_where_that_is_quick(
    config: TrainConfig,
    data: TrainingData,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    probed: float,
    notices: int,
) -> None:
    first = RecordedRun(config.model_copy(update={"epochs": 1}), tmp_path / "first").fit(data)
    bundle = with_header(first.bundle, training={})
    bundle.save(first.model_path)  # so that nothing is known of its ground
    monkeypatch.setattr(Validator, "probe", lambda *_: probed)
    going_on = by_minutes(config, 0.1).model_copy(update={"start_from": str(first.model_path)})
    run = RecordedRun(going_on, tmp_path / "run")
    run.fit(data)
    assert sum(notice.message.startswith("parent model: mIoU") for notice in run.events_of(Notice)) == notices
    assert run.events_of(RunFinished)[0].seconds == pytest.approx(6.0, abs=0.35)


def test_what_is_written_after_a_validation_is_part_of_it(
    config: TrainConfig,
    data: TrainingData,
    tmp_path: Path,
    fake_time: FakeTime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A large network takes its time to be written: as a model before the checkpoint, and in that."""
    save, save_state = ModelBundle.save, RunState.save

    def slow(good: Callable[..., None]) -> Callable[..., None]:
        def save(*what: Any) -> None:
            fake_time.now += 0.4
            good(*what)

        return save

    monkeypatch.setattr(ModelBundle, "save", slow(save))
    monkeypatch.setattr(RunState, "save", slow(save_state))
    counter = iter(range(1, 1000))
    monkeypatch.setattr(ConfusionMatrix, "miou", property(lambda _self: next(counter) / 1000))  # every epoch is best
    run = RecordedRun(by_minutes(config, 0.3), tmp_path / "run")
    run.fit(data)
    assert len(run.events_of(EpochFinished)) > 1
    assert 17.5 < run.events_of(RunFinished)[0].seconds < 18.1


@pytest.mark.usefixtures("fake_time")
def test_pauses_before_the_first_step_take_nothing_from_the_minutes(
    config: TrainConfig, data: TrainingData, tmp_path: Path, fake_time: FakeTime
) -> None:
    run = RecordedRun(by_minutes(config, 0.1), tmp_path / "run")
    pauses: list[float] = []

    def pause() -> None:
        if not run.losses:
            fake_time.now += 2.0
            pauses.append(2.0)

    run.control.checkpoint = pause
    run.fit(data)
    assert len(pauses) > 3
    assert len(run.losses) > 20
    assert run.events_of(RunFinished)[0].seconds == pytest.approx(6.0, abs=0.25)


def test_a_resumed_run_counts_the_same_pixels_where_memory_is_short(
    config: TrainConfig,
    data: TrainingData,
    tmp_path: Path,
    fake_time: FakeTime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(validation, "WINDOW_SIDE", 48)
    monkeypatch.setattr(validation, "WIDEST_MARGIN", 4)

    def probe(self: Validator, _seconds: float) -> float:
        if self.largest.pixels > 1200:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return 6.0

    counted: list[set[PixelWindow]] = []
    measure = Validator.measure

    def watched(self: Validator, *how: Any) -> ValidationMetrics:
        counted.append({window.counted for window in self._windows})
        return measure(self, *how)

    monkeypatch.setattr(Validator, "probe", probe)
    monkeypatch.setattr(Validator, "measure", watched)
    run = RecordedRun(by_minutes(config, 0.1), tmp_path / "run")
    run.at_step[4] = run.control.stop
    run.fit(data)
    assert any("validating at most" in notice.message for notice in run.events_of(Notice))
    RecordedRun(by_minutes(config, 0.1), tmp_path / "run", resume=True).fit(data)
    whole = RecordedRun(by_minutes(config, 0.1), tmp_path / "whole")
    resumed = counted[-1]
    whole.fit(data)
    assert resumed == counted[-1]
    assert len(resumed) > 1
