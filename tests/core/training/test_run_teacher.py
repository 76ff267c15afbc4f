"""Whole runs on few labels: with a teacher, from nothing and from a parent model."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from support.rasters import write_raster
from support.training import RecordedRun, landscape

from landseg_core.data.loading.folders import folder_data
from landseg_core.data.training_data import TrainingData
from landseg_core.labels.classes import UNLABELLED, ClassSchema
from landseg_core.runs.config import TrainConfig
from landseg_core.training.checkpoint import resumed_config
from landseg_core.training.loop import TrainResult
from landseg_core.training.validation import ValidationMetrics


@pytest.fixture
def few(tmp_path: Path, schema: ClassSchema) -> TrainingData:
    """Two images with a label on one pixel of thirty, and one to validate on."""
    rng, root = np.random.default_rng(3), tmp_path / "few"
    for stem in "abc":
        pixels, truth = landscape(rng, 96, 96)
        truth[rng.random(truth.shape) > (1.0 if stem == "c" else 1 / 30)] = UNLABELLED
        write_raster(root / "images" / f"{stem}.tif", pixels)
        write_raster(root / "masks" / f"{stem}.png", schema.value_table()[truth])
    (root / "train.txt").write_text("a\nb\n")
    (root / "val.txt").write_text("c\n")
    return folder_data(root / "images", root / "masks", schema, root / "train.txt", root / "val.txt")


def trained(config: TrainConfig, data: TrainingData, run: Path, stop_at: int | None = None, **how: bool) -> TrainResult:
    recorded = RecordedRun(config, run, **how)
    if stop_at is not None:
        recorded.at_step[stop_at] = recorded.control.stop
    return recorded.fit(data)


def assert_same_weights(one: TrainResult, other: TrainResult) -> None:
    for name, value in one.bundle.state.items():
        np.testing.assert_array_equal(other.bundle.state[name].numpy(), value.numpy())


@pytest.mark.parametrize("fine_tunes", [False, True])
def test_a_run_with_a_teacher_is_resumed_to_the_bit(
    few: TrainingData, config: TrainConfig, tmp_path: Path, fine_tunes: bool
) -> None:
    if fine_tunes:
        trained(config.model_copy(update={"epochs": 1, "seed": 1}), few, tmp_path / "parent")
        config = config.model_copy(update={"start_from": str(tmp_path / "parent")})
    whole = trained(config, few, tmp_path / "whole")
    trained(config, few, tmp_path / "cut", stop_at=4)
    shutil.rmtree(tmp_path / "parent", ignore_errors=True)  # the run has a copy of the model
    resumed = trained(resumed_config(tmp_path / "cut", {}), few, tmp_path / "cut", resume=True)
    assert_same_weights(whole, resumed)


def test_a_teacher_makes_a_difference(few: TrainingData, config: TrainConfig, tmp_path: Path) -> None:
    taught = trained(config, few, tmp_path / "taught")
    alone = trained(config.model_copy(update={"teacher_weight": 0.0}), few, tmp_path / "alone")
    with pytest.raises(AssertionError):
        assert_same_weights(taught, alone)


def test_the_last_epoch_is_the_model_where_few_labels_cannot_say_which_is_best(
    few: TrainingData, config: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ValidationMetrics, "miou", property(lambda _self: 0.5))
    assert trained(config, few, tmp_path / "taught").best_epoch == config.epochs
    alone = config.model_copy(update={"teacher_weight": 0.0})
    assert trained(alone, few, tmp_path / "alone").best_epoch == 1
