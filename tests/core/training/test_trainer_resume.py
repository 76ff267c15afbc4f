from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from support.training import RecordedRun

from landseg_core.data.training_data import TrainingData
from landseg_core.errors import JobStopped, ModelError, TrainingError
from landseg_core.events import (
    EpochFinished,
    Notice,
    RunFinished,
    RunStarted,
)
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.header import read_header
from landseg_core.raster.files.gdal import open_dataset
from landseg_core.raster.views import RasterView
from landseg_core.runs.config import TrainConfig
from landseg_core.training import loop as run_module
from landseg_core.training.checkpoint import DataFingerprint, resumed_config
from landseg_core.training.trainer import Trainer

"""Makes a run: (config, folder, overwrite=..., resume=...)."""
STEPS = 7
"""The steps of an epoch: 14760 px in chips of 32 x 32 px, two at a time."""
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


def same_weights(first: ModelBundle, second: ModelBundle) -> bool:
    return all(torch.equal(value, second.state[name]) for name, value in first.state.items())


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("stop_at", [1, STEPS, STEPS + 2])
def test_a_resumed_run_is_the_run_that_was_never_stopped(
    stop_at: int, config: TrainConfig, data: TrainingData, tmp_path: Path
) -> None:
    whole, stopped = RecordedRun(config, tmp_path / "whole"), RecordedRun(config, tmp_path / "run")
    expected = whole.fit(data)
    stopped.at_step[stop_at] = stopped.control.stop
    assert stopped.fit(data).reason == "stopped"
    resumed = RecordedRun(config, tmp_path / "run", resume=True)
    result = resumed.fit(data)
    assert stopped.losses + resumed.losses == whole.losses
    assert same_weights(result.bundle, expected.bundle)
    assert (result.best_epoch, result.best_miou) == (expected.best_epoch, expected.best_miou)
    assert [epoch.miou for epoch in stopped.events_of(EpochFinished) + resumed.events_of(EpochFinished)] == [
        epoch.miou for epoch in whole.events_of(EpochFinished)
    ]
    assert [line["step"] for line in metrics(tmp_path / "run") if line["event"] == "step"] == list(
        range(1, len(whole.losses) + 1)
    )


def test_a_run_that_was_killed_goes_on_from_its_checkpoint(
    config: TrainConfig, data: TrainingData, tmp_path: Path
) -> None:
    whole = RecordedRun(config, tmp_path / "whole")
    whole.fit(data)

    def crash() -> None:
        raise ZeroDivisionError

    killed = RecordedRun(config, tmp_path / "run")
    killed.at_step[9] = crash
    with pytest.raises(ZeroDivisionError):
        killed.fit(data)
    resumed = RecordedRun(config, tmp_path / "run", resume=True)
    resumed.fit(data)
    assert resumed.events_of(RunStarted)[0].first_step == STEPS
    assert killed.losses[:STEPS] + resumed.losses == whole.losses
    assert [line["train_loss"] for line in metrics(tmp_path / "run") if line["event"] == "step"] == whole.losses


def test_checkpoints_come_during_long_epochs(
    config: TrainConfig, data: TrainingData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_module, "CHECKPOINT_SECONDS", 0.0)
    steps: list[int] = []

    def look() -> None:
        steps.append(json.loads((tmp_path / "run" / "last.json").read_text())["position"]["step"])

    run = RecordedRun(config, tmp_path / "run")
    run.at_step = {2: look, 3: look, 4: look}
    run.fit(data)
    assert steps == [1, 2, 3]


def test_a_finished_run_has_nothing_to_resume(config: TrainConfig, data: TrainingData, tmp_path: Path) -> None:
    first = RecordedRun(config, tmp_path / "run").fit(data)
    again = RecordedRun(config, tmp_path / "run", resume=True)
    result = again.fit(data)
    assert not again.losses
    assert (result.reason, result.best_miou) == ("finished", first.best_miou)
    assert sum("finished already" in notice.message for notice in again.events_of(Notice)) == 1


def test_a_stop_gives_the_best_model_so_far(config: TrainConfig, data: TrainingData, tmp_path: Path) -> None:
    run = RecordedRun(config, tmp_path / "run")
    run.at_step[8] = run.control.stop
    result = run.fit(data)
    assert len(run.losses) == 8
    assert (result.reason, result.best_epoch) == ("stopped", 1)
    assert result.best_miou == run.events_of(EpochFinished)[0].miou
    assert run.events_of(RunFinished)[0].reason == "stopped"
    assert names(tmp_path / "run") == FILES | {"anchor.safetensors"}


def test_a_stop_before_the_first_validation_gives_the_network_as_it_is(
    config: TrainConfig, data: TrainingData, tmp_path: Path
) -> None:
    run = RecordedRun(config, tmp_path / "run")
    run.at_step[2] = run.control.stop
    result = run.fit(data)
    assert (result.reason, result.best_epoch, result.best_miou) == ("stopped", None, None)
    assert read_header(tmp_path / "run").training["miou"] is None
    assert names(tmp_path / "run") == FILES - {"samples.json", "evaluation.json"}
    assert "Not validated" in (tmp_path / "run" / "report.html").read_text()
    (tmp_path / "run" / "model.safetensors").unlink()
    again = RecordedRun(config, tmp_path / "run", resume=True)
    again.trainer.fit(data, lambda _: again.control.stop(), again.control)  # as soon as it reports its start
    assert len(read_header(tmp_path / "run").training["trained_on"]) == 2


def test_a_stop_during_validation(config: TrainConfig, data: TrainingData, tmp_path: Path) -> None:
    run = RecordedRun(config, tmp_path / "run")
    run.at_step[2 * STEPS] = run.control.stop
    assert run.fit(data).best_epoch == 1
    assert (len(run.losses), len(run.events_of(EpochFinished))) == (2 * STEPS, 1)
    resumed = RecordedRun(config, tmp_path / "run", resume=True)
    resumed.fit(data)
    assert [epoch.epoch for epoch in resumed.events_of(EpochFinished)] == [2, 3]


def test_a_stop_before_the_first_step_leaves_nothing(config: TrainConfig, data: TrainingData, tmp_path: Path) -> None:
    run = RecordedRun(config, tmp_path / "deep" / "run")
    run.control.stop()
    with pytest.raises(JobStopped):
        run.fit(data)
    assert not (tmp_path / "deep" / "run").exists()


def test_a_pause_holds_the_run_until_it_is_resumed(config: TrainConfig, data: TrainingData, tmp_path: Path) -> None:
    run, paused = RecordedRun(config, tmp_path / "run"), threading.Event()
    run.at_step[3] = lambda: (run.control.pause(), paused.set())  # type: ignore[assignment]
    worker = threading.Thread(target=run.fit, args=(data,))
    worker.start()
    assert paused.wait(60)
    worker.join(0.3)
    assert worker.is_alive()
    assert len(run.losses) == 3
    run.control.resume()
    worker.join(60)
    assert len(run.losses) == 3 * STEPS


def test_no_thread_is_left(config: TrainConfig, data: TrainingData, tmp_path: Path) -> None:
    before = threading.active_count()
    for number, stop_at in enumerate([4, 10**9]):
        run = RecordedRun(config.model_copy(update={"epochs": 1}), tmp_path / str(number))
        run.at_step[stop_at] = run.control.stop
        run.fit(data)
    assert threading.active_count() == before


@pytest.mark.parametrize("folder", ["none", "."])
def test_a_folder_without_a_run_cannot_be_resumed(folder: str, config: TrainConfig, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"holds no run that can be resumed \(last.safetensors is missing\)"):
        Trainer(config, tmp_path / folder, resume=True)


def test_a_run_with_other_settings_is_not_resumed(config: TrainConfig, data: TrainingData, tmp_path: Path) -> None:
    RecordedRun(config, tmp_path / "run").fit(data)
    other = config.model_copy(update={"batch": 4, "device": "auto"})
    with pytest.raises(TrainingError, match=r"other settings \(batch was 2, now 4\); resume it with its own"):
        Trainer(other, tmp_path / "run", resume=True)


@pytest.mark.parametrize("other", [{"split": "images"}, {"buffer": 0}])
def test_a_run_split_otherwise_is_not_resumed(
    config: TrainConfig, data: TrainingData, tmp_path: Path, other: dict[str, object]
) -> None:
    RecordedRun(config, tmp_path / "run").fit(data)
    with pytest.raises(TrainingError, match=r"other settings \((split was blocks, now images|buffer was 64, now 0)\)"):
        Trainer(config.model_copy(update=other), tmp_path / "run", resume=True)


@pytest.mark.parametrize(
    "view", [RasterView((3, 1, 2)), RasterView((), (80, 96), (160, 192)), RasterView((), (80, 96), (161, 192))]
)
def test_a_run_that_reads_an_image_otherwise_is_not_resumed(data: TrainingData, view: RasterView) -> None:
    a, b = data.train
    other = replace(data, train=(replace(a, view=view), b))
    assert DataFingerprint.of(other).sha256 != DataFingerprint.of(data).sha256
    named = replace(data, train=(replace(a, view=RasterView(data.bands)), b))
    assert DataFingerprint.of(named) == DataFingerprint.of(data)


@pytest.mark.parametrize("side", ["train", "val"])
def test_a_run_on_other_labels_of_the_same_areas_is_other_data(data: TrainingData, side: str) -> None:
    first, *rest = getattr(data, side)
    moved = replace(first, class_px=(first.class_px[0] - 1, first.class_px[1] + 1, first.class_px[2]))
    assert DataFingerprint.of(replace(data, **{side: (moved, *rest)})) != DataFingerprint.of(data)


def test_a_run_on_other_data_is_not_resumed(config: TrainConfig, data: TrainingData, tmp_path: Path) -> None:
    RecordedRun(config, tmp_path / "run").fit(data)
    before = (tmp_path / "run" / "metrics.jsonl").read_bytes()
    with pytest.raises(TrainingError, match="trained on other data"):
        RecordedRun(config, tmp_path / "run", resume=True).fit(replace(data, train=data.train[:1]))
    assert (tmp_path / "run" / "metrics.jsonl").read_bytes() == before


def test_a_run_is_not_resumed_on_images_exported_anew(config: TrainConfig, data: TrainingData, tmp_path: Path) -> None:
    RecordedRun(config, tmp_path / "run").fit(data)
    before = (tmp_path / "run" / "metrics.jsonl").read_bytes()
    with open_dataset(data.val[0].image, mode="r+") as image:
        image.write(image.read() ^ 1)
    with pytest.raises(TrainingError, match="have changed since it began; restore the former files"):
        RecordedRun(config, tmp_path / "run", resume=True).fit(data)
    assert (tmp_path / "run" / "metrics.jsonl").read_bytes() == before


def test_a_damaged_checkpoint_is_refused(config: TrainConfig, data: TrainingData, tmp_path: Path) -> None:
    RecordedRun(config, tmp_path / "run").fit(data)
    checkpoint = tmp_path / "run" / "last.safetensors"
    checkpoint.write_bytes(checkpoint.read_bytes()[:-1])
    with pytest.raises(ModelError, match=r"last\.safetensors is damaged"):
        Trainer(config, tmp_path / "run", resume=True)


def test_a_checkpoint_is_no_model(config: TrainConfig, data: TrainingData, tmp_path: Path) -> None:
    RecordedRun(config, tmp_path / "run").fit(data)
    with pytest.raises(ModelError, match="was not written by landseg for this purpose"):
        read_header(tmp_path / "run" / "last.safetensors")


def test_a_run_goes_on_with_its_own_settings(config: TrainConfig, data: TrainingData, tmp_path: Path) -> None:
    RecordedRun(config.model_copy(update={"epochs": 1}), tmp_path / "run").fit(data)
    own = config.model_copy(update={"epochs": 1})
    assert resumed_config(tmp_path / "run", {}) == own
    given = {"chip": 32, "batch": None, "epochs": 1, "device": "auto"}
    assert resumed_config(tmp_path / "run", given) == own.model_copy(update={"device": "auto"})


@pytest.mark.parametrize(
    ("given", "trouble"),
    [
        ({"chip": 64}, r"other settings \(chip was 32, now 64\)"),
        ({"minutes": 2.0}, r"epochs was 1, now None; minutes was None, now 2\.0"),
        ({"batch": 0}, "batch: must be at least"),
        ({"epochs": 1, "minutes": 2.0}, "either a number of epochs or a number of minutes"),
    ],
)
def test_settings_that_are_given_and_differ_are_refused(
    given: dict[str, Any], trouble: str, config: TrainConfig, data: TrainingData, tmp_path: Path
) -> None:
    run = RecordedRun(config.model_copy(update={"epochs": 1}), tmp_path / "run")
    run.at_step[1] = run.control.stop
    run.fit(data)
    with pytest.raises(TrainingError, match=trouble):
        resumed_config(tmp_path / "run", given)


def test_there_are_no_settings_without_a_run(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="holds no run that can be resumed"):
        resumed_config(tmp_path, {})
