from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.training import RecordedRun

from landseg_core.data.training_data import TrainingData
from landseg_core.events import EpochFinished, Notice, StepFinished
from landseg_core.runs.config import TrainConfig
from landseg_core.training import loop as run_module
from landseg_core.training.learner import Learner
from landseg_core.training.schedule import RunPosition
from landseg_core.training.validation import ValidationMetrics, Validator

"""Makes a run: (config, folder, overwrite=..., resume=...)."""
STEPS = 7
"""The steps of an epoch."""


def roll_backs(run: Any) -> list[str]:
    return [notice.message for notice in run.events_of(Notice) if "rolls back" in notice.message]


def rate_scale(folder: Path) -> float:
    return float(json.loads((folder / "last.json").read_text())["rate_scale"])


def logged_steps(folder: Path) -> list[int]:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [line["step"] for line in lines if line["event"] == "step"]


@pytest.fixture
def losses_break_at(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a switch that makes the losses of some steps NaN, counted over all that a run does and does again."""

    def switch(*numbers: int) -> None:
        good, count = Learner.step, iter(range(1, 10**6))
        monkeypatch.setattr(
            Learner, "step", lambda self, *batch: math.nan if next(count) in numbers else good(self, *batch)
        )

    return switch


@pytest.mark.parametrize("checkpoint_seconds", [0.0, 60.0])
def test_a_lost_loss_brings_the_run_back_to_its_last_epoch_at_half_the_rate(
    checkpoint_seconds: float,
    config: TrainConfig,
    data: TrainingData,
    tmp_path: Path,
    losses_break_at: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Wherever the last checkpoint is."""
    monkeypatch.setattr(run_module, "CHECKPOINT_SECONDS", checkpoint_seconds)
    usual, run = RecordedRun(config, tmp_path / "usual"), RecordedRun(config, tmp_path / "run")
    usual.fit(data)
    losses_break_at(11)
    assert run.fit(data).reason == "finished"
    (message,) = roll_backs(run)
    assert message.startswith(
        "the loss is no longer a finite number after step 10: the run rolls back to step 7 and continues"
    )
    assert message.endswith("with 0.5 times the learning rate")
    assert logged_steps(tmp_path / "run") == list(range(1, 3 * STEPS + 1))
    rates = [step.learning_rate for step in run.events_of(StepFinished)]
    expected = [step.learning_rate for step in usual.events_of(StepFinished)]
    assert rates[:10] == expected[:10]
    assert rates[10:] == [rate / 2 for rate in expected[STEPS:]]
    assert run.losses[10] == usual.losses[STEPS]  # the same weights, and the same chips
    assert rate_scale(tmp_path / "run") == 0.5
    assert [epoch.epoch for epoch in run.events_of(EpochFinished)] == [1, 2, 3]


@pytest.mark.parametrize("checkpoint_seconds", [0.0, 60.0])
def test_in_the_first_epoch_it_goes_back_to_the_start(
    checkpoint_seconds: float,
    config: TrainConfig,
    data: TrainingData,
    tmp_path: Path,
    losses_break_at: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run_module, "CHECKPOINT_SECONDS", checkpoint_seconds)
    losses_break_at(4)
    run = RecordedRun(config, tmp_path / "run")
    run.fit(data)
    assert "after step 3: the run rolls back to step 0" in roll_backs(run)[0]
    assert run.losses[3] == run.losses[0]
    assert run.losses[4] != run.losses[1]  # its learning rate was lower
    assert logged_steps(tmp_path / "run") == list(range(1, 3 * STEPS + 1))


def test_a_long_epoch_has_recovery_checkpoints(
    config: TrainConfig,
    data: TrainingData,
    tmp_path: Path,
    losses_break_at: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("landseg_core.training.schedule.RECOVERY_STEPS", 2)
    losses_break_at(6, 8)
    run = RecordedRun(config, tmp_path / "run")
    run.fit(data)
    assert ["the run rolls back to step 4" in message for message in roll_backs(run)] == [True, True]
    assert rate_scale(tmp_path / "run") == 0.25


def test_the_third_time_it_ends(
    config: TrainConfig, data: TrainingData, tmp_path: Path, losses_break_at: Callable[..., None]
) -> None:
    losses_break_at(9, 12, 14)
    run = RecordedRun(config, tmp_path / "run")
    result = run.fit(data)
    assert (result.reason, result.best_epoch) == ("not_finite", 1)
    assert len(roll_backs(run)) == 2
    assert "after step 8: the run ends with its best model, of epoch 1" in run.events_of(Notice)[-1].message


def test_a_lost_validation_brings_it_back_too(
    config: TrainConfig, data: TrainingData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, count = Validator.measure, iter(range(1, 100))

    def measure(self: Validator, *how: Any) -> ValidationMetrics:
        metrics = good(self, *how)
        return replace(metrics, loss=math.nan) if next(count) == 2 else metrics

    monkeypatch.setattr(Validator, "measure", measure)
    run = RecordedRun(config, tmp_path / "run")
    assert run.fit(data).reason == "finished"
    assert "after step 14: the run rolls back to step 7" in roll_backs(run)[0]
    assert [epoch.epoch for epoch in run.events_of(EpochFinished)] == [1, 2, 3]


def test_time_does_not_go_back() -> None:
    now = RunPosition(epoch=4, step=50, seconds=90.0, preparation_seconds=3, validation_seconds=2, validated_share=0.5)
    there = RunPosition(epoch=2, step=20, seconds=30.0, preparation_seconds=3, best_epoch=1, best_miou=0.5)
    back = now.rolled_back(95.0, there)
    assert (back.epoch, back.step, back.best_epoch, back.seconds) == (2, 20, 1, 95.0)
    assert (back.preparation_seconds, back.validation_seconds, back.validated_share) == (3, 2, 0.5)
    assert (now.rolled_back(95.0).step, now.rolled_back(95.0).seconds) == (0, 95.0)
