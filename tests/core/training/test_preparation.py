"""Checks before a run begins."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from landseg_core.data.areas import LabelledArea
from landseg_core.data.training_data import TrainingData
from landseg_core.errors import JobStopped
from landseg_core.events import JobControl
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema
from landseg_core.runs.config import TrainConfig
from landseg_core.training import preparation
from landseg_core.training.preparation import (
    FEW_LABELS,
    config_for_few_labels,
    run_work,
    seconds_per_megapixel,
)

SIDE = 10_000


def area(name: str, side: int) -> LabelledArea:
    return LabelledArea(name, Path(f"{name}.tif"), Path(f"{name}_mask.tif"), PixelWindow(0, 0, side, side))


@pytest.fixture
def data(schema: ClassSchema) -> TrainingData:
    """100 Mpx to train on, and a quarter of that to validate on."""
    train, val = (area("a", SIDE),), (area("b", SIDE // 2),)
    return TrainingData(schema, train, val, (1, 2, 3), "uint8", None, ())


@pytest.fixture
def probed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Have a million pixels take a second, and remember of how many bands."""
    seen: list[int] = []

    def probe(_config: Any, bands: int, _classes: int, _checkpoint: Any) -> float:
        seen.append(bands)
        return 1.0

    monkeypatch.setattr(preparation, "seconds_per_megapixel", probe)
    return seen


def test_epochs_are_tried_for_a_moment(data: TrainingData, probed: list[int]) -> None:
    work = run_work(TrainConfig(epochs=70), data, JobControl().checkpoint)
    assert work.seconds == pytest.approx(70 * (100 + 25 / 3))
    (objection,) = work.objections()
    assert objection == "the run: about 2 h 6 min of work, more than 2 h"
    assert not list(run_work(TrainConfig(epochs=66), data, JobControl().checkpoint).objections())
    assert probed == [3, 3]


def test_minutes_are_what_the_user_says(data: TrainingData, probed: list[int]) -> None:
    work = run_work(TrainConfig(minutes=600, epochs=None), data, JobControl().checkpoint)
    assert (work.seconds, list(work.objections()), probed) == (None, [], [])


def test_a_small_run_is_not_tried(data: TrainingData, probed: list[int]) -> None:
    small = replace(data, train=(area("a", 1000),))
    assert run_work(TrainConfig(epochs=99), small, JobControl().checkpoint).seconds is None
    assert probed == []


def test_a_trial_measures_the_time_of_a_million_pixels(config: TrainConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 1000, 2))
    monkeypatch.setattr(preparation.time, "monotonic", lambda: float(next(clock)))
    calls: list[None] = []
    assert seconds_per_megapixel(config, 3, 3, lambda: calls.append(None)) == pytest.approx(2 / (2 * 32**2) * 1e6)
    assert len(calls) == 3


def test_a_trial_can_be_stopped(config: TrainConfig) -> None:
    control = JobControl()
    control.stop()
    with pytest.raises(JobStopped):
        seconds_per_megapixel(config, 3, 3, control.checkpoint)


def test_few_labels_change_the_settings_that_nobody_chose() -> None:
    assert config_for_few_labels(TrainConfig(seed=3)) == TrainConfig(seed=3, **FEW_LABELS)
    chosen = config_for_few_labels(TrainConfig(chip=512, cutmix=0.2))
    assert (chosen.chip, chosen.cutmix, chosen.batch) == (512, 0.2, FEW_LABELS["batch"])
