from __future__ import annotations

import json
import math
import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.rasters import write_raster
from support.training import RecordedRun

from landseg_core.data.training_data import TrainingData
from landseg_core.errors import LandsegError, OutputError, TrainingError
from landseg_core.events import (
    Notice,
    RunFinished,
)
from landseg_core.models.bundle import ModelBundle
from landseg_core.runs.config import TrainConfig
from landseg_core.training.learner import Learner
from landseg_core.training.trainer import Trainer

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


def metrics(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.fixture
def losses_break_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a switch that makes the loss of a step, and of all after it, NaN."""

    def switch(step: int) -> None:
        good, count = Learner.step, iter(range(1, 10**6))
        monkeypatch.setattr(
            Learner, "step", lambda self, *batch: good(self, *batch) if next(count) < step else math.nan
        )

    return switch


def test_a_loss_that_is_not_finite_ends_the_run_with_the_best_model(
    config: TrainConfig, data: TrainingData, tmp_path: Path, losses_break_at: Callable[[int], None]
) -> None:
    losses_break_at(8)
    run = RecordedRun(config, tmp_path / "run")
    result = run.fit(data)
    assert (result.reason, result.best_epoch) == ("not_finite", 1)
    assert run.events_of(RunFinished)[0].reason == "not_finite"
    assert "no longer a finite number after step 7" in run.events_of(Notice)[-1].message
    assert "NaN" not in (tmp_path / "run" / "metrics.jsonl").read_text()
    assert names(tmp_path / "run") == FILES


def test_a_loss_that_is_not_finite_at_once_leaves_nothing(
    config: TrainConfig, data: TrainingData, tmp_path: Path, losses_break_at: Callable[[int], None]
) -> None:
    losses_break_at(2)
    with pytest.raises(TrainingError, match="before a model was validated; start a new one with a lower learning rate"):
        RecordedRun(config, tmp_path / "run").fit(data)
    assert not (tmp_path / "run").exists()


def test_a_folder_in_use_is_refused(config: TrainConfig, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"is not empty; choose another, or allow overwriting \(--overwrite\)"):
        Trainer(config, tmp_path)


def test_a_file_is_no_run_folder(config: TrainConfig, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match="file cannot be written"):
        Trainer(config, tmp_path / "file")


def test_a_folder_that_cannot_be_made(config: TrainConfig, data: TrainingData, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match="cannot be written"):
        Trainer(config, tmp_path / "file" / "run").fit(data)


def test_overwriting_replaces_the_run_and_nothing_else(config: TrainConfig, data: TrainingData, tmp_path: Path) -> None:
    RecordedRun(config, tmp_path / "run").fit(data)
    (tmp_path / "run" / "notes.txt").write_text("mine")
    run = RecordedRun(config.model_copy(update={"epochs": 1}), tmp_path / "run", overwrite=True)
    run.fit(data)
    assert names(tmp_path / "run") == FILES | {"notes.txt"}
    assert len(metrics(tmp_path / "run")) == sum(event.logged for event in run.events)


def test_masks_without_labels_are_refused(
    config: TrainConfig,
    data: TrainingData,
    folders: Path,
    tmp_path: Path,
) -> None:
    for stem, size in {"a": (96, 80), "b": (70, 101)}.items():
        write_raster(folders / "masks" / f"{stem}.png", np.full(size, 255, np.uint8))
    with pytest.raises(TrainingError, match="no pixel to train on is labelled"):
        RecordedRun(config, tmp_path / "run").fit(data)
    assert not (tmp_path / "run").exists()


def test_an_image_that_vanishes_ends_the_run_with_its_sentence(
    config: TrainConfig, data: TrainingData, folders: Path, tmp_path: Path
) -> None:
    trainer = Trainer(config, tmp_path / "run")
    (folders / "images" / "b.tif").unlink()
    with pytest.raises(LandsegError, match=r"b\.tif"):
        trainer.fit(data)
    assert not (tmp_path / "run").exists()


@pytest.fixture
def limited_files() -> Iterator[Callable[[int], None]]:
    """Return a switch that lets no file grow beyond some bytes, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_the_checkpoint_and_the_model_before(
    config: TrainConfig, data: TrainingData, tmp_path: Path, limited_files: Callable[[int], None]
) -> None:
    run, saved = RecordedRun(config, tmp_path / "run"), {}

    def fill_disk() -> None:
        saved.update({path: path.read_bytes() for path in (tmp_path / "run").glob("*.safetensors")})
        limited_files(20_000)

    run.at_step[9] = fill_disk
    with pytest.raises(OutputError, match=r"(model|last)\.safetensors cannot be written: .*free some space"):
        run.fit(data)
    assert len(saved) == 2
    assert saved == {path: path.read_bytes() for path in saved}
    assert names(tmp_path / "run") == FILES - {"report.html"}
    assert ModelBundle.load(tmp_path / "run").header.training["epoch"] == 1


def test_a_full_disk_from_the_start_leaves_nothing(
    config: TrainConfig, data: TrainingData, tmp_path: Path, limited_files: Callable[[int], None]
) -> None:
    limited_files(4000)
    with pytest.raises(OutputError, match="cannot be written"):
        RecordedRun(config, tmp_path / "run").fit(data)
    assert not (tmp_path / "run").exists()
