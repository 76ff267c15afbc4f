from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.rasters import write_raster
from support.training import RecordedRun

from landseg_core.data.loading.folders import folder_data
from landseg_core.data.training_data import TrainingData
from landseg_core.events import (
    EpochFinished,
    Event,
    Notice,
    Progress,
    RunFinished,
    RunStarted,
    StepFinished,
)
from landseg_core.labels.classes import ClassSchema, load_classes
from landseg_core.metrics.confusion import ConfusionMatrix
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.header import read_header
from landseg_core.raster.source import RasterSource
from landseg_core.runs.config import TrainConfig
from landseg_core.runs.evaluation import read_evaluation
from landseg_core.runs.folder import RunFolder
from landseg_core.runs.sample_file import read_samples
from landseg_core.runs.samples import ValidationSamples
from landseg_core.training.evaluation import evaluate
from landseg_core.training.loop import Preparing
from landseg_core.training.trainer import Listeners

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


def test_listeners_get_their_kind_of_event_in_the_order_in_which_they_were_added() -> None:
    heard: list[str] = []
    emit = Listeners()
    emit.add(Event, lambda event: heard.append(event.event))
    emit.add(Preparing, lambda _event: heard.append("preparing"))
    emit.add(Notice, lambda event: heard.append(event.message))
    emit(Preparing())
    emit(Notice("no space"))
    assert heard == ["preparing", "notice", "no space"]


def test_a_run_learns_and_leaves_its_files(config: TrainConfig, data: TrainingData, tmp_path: Path) -> None:
    run = RecordedRun(config.model_copy(update={"epochs": 8}), tmp_path / "run")
    result = run.fit(data)
    assert result.reason == "finished"
    assert result.best_miou is not None
    assert result.best_miou > 0.6
    assert names(tmp_path / "run") == FILES
    assert result.model_path == tmp_path / "run" / "model.safetensors"
    assert all(isinstance(event, Event) for event in run.events)
    assert same_weights(result.bundle, ModelBundle.load(tmp_path / "run"))
    assert np.mean(run.losses[-STEPS:]) < 0.9 * np.mean(run.losses[:STEPS])


def test_the_best_model_has_its_evaluation_beside_it_and_records_its_provenance(
    config: TrainConfig, data: TrainingData, tmp_path: Path
) -> None:
    run = RecordedRun(config, tmp_path / "run")
    result = run.fit(data)
    evaluation = json.loads((tmp_path / "run" / "evaluation.json").read_text())
    (best,) = [epoch for epoch in run.events_of(EpochFinished) if epoch.epoch == result.best_epoch]
    assert (evaluation["epoch"], evaluation["miou"], evaluation["accuracy"]) == (best.epoch, best.miou, best.accuracy)
    assert tuple(evaluation["warnings"]) == best.warnings
    assert "too few for reliable metrics" in best.warnings[-1]
    assert [image["stem"] for image in evaluation["images"]] == ["c"]
    record = result.bundle.header.training
    assert {"epoch": best.epoch} | record["figures"] == evaluation
    assert [(image["stem"], image["windows"]) for image in record["trained_on"]] == [("a", None), ("b", None)]
    assert all(record["trained_px"].values())


def test_a_class_that_is_trained_and_never_validated_is_warned_of(
    config: TrainConfig, data: TrainingData, tmp_path: Path
) -> None:
    only_land = replace(data.val[0], mask=write_raster(tmp_path / "land.png", np.full((90, 75), 1, np.uint8)))
    run = RecordedRun(config, tmp_path / "run")
    run.fit(replace(data, val=(only_land,)))
    sentence = "the accuracy of water, road cannot be measured: the validation areas have no such labels"
    assert all(sentence in epoch.warnings for epoch in run.events_of(EpochFinished))


def test_the_events_tell_the_run(config: TrainConfig, data: TrainingData, tmp_path: Path) -> None:
    run = RecordedRun(config, tmp_path / "run")
    run.fit(replace(data, notices=("mind the gap",)))
    (started,), epochs, (end,) = run.events_of(RunStarted), run.events_of(EpochFinished), run.events_of(RunFinished)
    steps = run.events_of(StepFinished)
    assert (started.model, started.device, started.precision, started.epochs, started.minutes) == (
        "tiny",
        "cpu",
        "fp32",
        3,
        None,
    )
    assert started.classes == ("land", "water", "road")
    assert [notice.message for notice in run.events_of(Notice)] == ["mind the gap"]
    assert started.steps_per_epoch == STEPS
    assert [step.step for step in steps] == list(range(1, 3 * STEPS + 1))
    assert [epoch.epoch for epoch in epochs] == [1, 2, 3]
    assert epochs[0].train_loss == pytest.approx(np.mean(run.losses[:STEPS]))
    assert steps[-1].fraction == 1
    assert [epoch.seconds for epoch in epochs] == sorted(epoch.seconds for epoch in epochs)
    best = max(epochs, key=lambda epoch: epoch.miou)
    assert (end.reason, end.step, end.best_epoch, end.best_miou) == ("finished", len(steps), best.epoch, best.miou)
    assert any(event.task == "validation" for event in run.events_of(Progress))


def test_the_log_holds_the_events(config: TrainConfig, data: TrainingData, tmp_path: Path) -> None:
    run = RecordedRun(config, tmp_path / "run")
    run.fit(data)
    logged = [event.as_dict() for event in run.events if event.logged]
    assert metrics(tmp_path / "run") == json.loads(json.dumps(logged))


def test_every_labelled_pixel_is_validated_once(config: TrainConfig, data: TrainingData, tmp_path: Path) -> None:
    run = RecordedRun(config, tmp_path / "run")
    run.fit(data)
    assert {epoch.val_pixels for epoch in run.events_of(EpochFinished)} == {90 * 75 - 64}


def test_the_best_model_is_saved_and_evaluates_as_it_validated(
    config: TrainConfig, data: TrainingData, tmp_path: Path
) -> None:
    run = RecordedRun(config, tmp_path / "run")
    result = run.fit(data)
    best = next(epoch for epoch in run.events_of(EpochFinished) if epoch.epoch == result.best_epoch)
    evaluation = evaluate(result.bundle, data.val, "cpu", precision="fp32")
    assert evaluation.miou == pytest.approx(best.miou, abs=1e-12)
    assert evaluation.accuracy == pytest.approx(best.accuracy, abs=1e-12)
    assert evaluation.iou == pytest.approx(best.iou)
    header = read_header(tmp_path / "run")
    assert header.training["epoch"] == result.best_epoch
    assert header.training["miou"] == best.miou
    assert header.training["settings"]["learning_rate"] == config.learning_rate
    assert (header.schema, header.bands, header.dtype) == (data.schema, (1, 2, 3), "uint8")
    assert header.normalisation == data.normalisation()


@pytest.mark.parametrize("precision", ["fp32", "auto"])
def test_the_same_seed_gives_the_same_losses(
    precision: str, config: TrainConfig, data: TrainingData, tmp_path: Path
) -> None:
    config = config.model_copy(update={"precision": precision, "epochs": 2})
    first, second = RecordedRun(config, tmp_path / "1"), RecordedRun(config, tmp_path / "2")
    results = [first.fit(data), second.fit(data)]
    assert first.losses == second.losses
    assert same_weights(results[0].bundle, results[1].bundle)
    other = RecordedRun(config.model_copy(update={"seed": 1}), tmp_path / "3")
    other.fit(data)
    assert other.losses != first.losses


def test_torch_keeps_its_random_numbers(config: TrainConfig, data: TrainingData, tmp_path: Path) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    RecordedRun(config.model_copy(update={"epochs": 1}), tmp_path / "run").fit(data)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.imagery
def test_learns_from_real_imagery(imagery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = imagery / "landcover_dubai"
    (tmp_path / "train.txt").write_text("\n".join((folder / "train.txt").read_text().split()[:3]))
    (tmp_path / "val.txt").write_text((folder / "val.txt").read_text().split()[0])
    data = folder_data(
        folder / "images",
        folder / "masks",
        load_classes("landcover-dubai"),
        tmp_path / "train.txt",
        tmp_path / "val.txt",
    )
    run = RecordedRun(TrainConfig(model="unet16", epochs=1, batch=4, chip=128, device="cpu"), tmp_path / "run")
    result = run.fit(data)
    assert result.best_miou is not None
    assert np.mean(run.losses[-8:]) < np.mean(run.losses[:8])
    assert result.bundle.build().radius == 107


def test_a_run_leaves_a_report_and_shows_its_validation(
    config: TrainConfig, data: TrainingData, tmp_path: Path
) -> None:
    run = RecordedRun(config, tmp_path / "run")
    result = run.fit(data)
    shown = run.events_of(ValidationSamples)
    assert [event.epoch for event in shown] == [1, 2, 3]
    (sample,) = shown[0].samples["sample"]
    assert (sample.stem, sample.window.pixels) == ("c", 90 * 75)
    saved = read_samples(tmp_path / "run" / "samples.json")
    assert saved.epoch == result.best_epoch
    assert saved.samples["best"][0].accuracy == pytest.approx(
        next(epoch for epoch in run.events_of(EpochFinished) if epoch.best and epoch.epoch == saved.epoch).accuracy
    )
    report = (tmp_path / "run" / "report.html").read_text()
    assert "finished after" in report
    assert f"{100 * result.best_miou:.1f}" in report


def test_a_resumed_run_has_its_report_made_anew(config: TrainConfig, data: TrainingData, tmp_path: Path) -> None:
    run = RecordedRun(config, tmp_path / "run")
    run.at_step[STEPS + 2] = run.control.stop
    run.fit(data)
    report = tmp_path / "run" / "report.html"
    assert "stopped early by the user" in report.read_text()
    RecordedRun(config, tmp_path / "run", resume=True).fit(data)
    assert "stopped early by the user" not in report.read_text()


def test_the_saved_samples_are_those_of_the_best_model(
    config: TrainConfig, data: TrainingData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    true_miou, spoilt = ConfusionMatrix.miou.fget, list[bool]()
    monkeypatch.setattr(ConfusionMatrix, "miou", property(lambda self: 0.0 if spoilt else true_miou(self)))
    run = RecordedRun(config, tmp_path / "run")
    run.at_step[STEPS + 1] = lambda: spoilt.append(True)
    assert run.fit(data).best_epoch == 1
    assert [event.epoch for event in run.events_of(ValidationSamples)] == [1, 2, 3]
    assert read_samples(tmp_path / "run" / "samples.json").epoch == 1


def no_better(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every epoch be as good as the first."""
    monkeypatch.setattr(ConfusionMatrix, "miou", property(lambda _self: 0.5))


def ended_early(run: Any) -> list[str]:
    return [notice.message for notice in run.events_of(Notice) if "the run ends early" in notice.message]


@pytest.mark.parametrize(("epochs", "patience", "last"), [(8, 1, 4), (8, 5, 6), (3, 0, 3), (4, 9, 4)])
def test_a_run_ends_early_in_its_second_half_only(
    config: TrainConfig,
    data: TrainingData,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    epochs: int,
    patience: int,
    last: int,
) -> None:
    no_better(monkeypatch)
    run = RecordedRun(config.model_copy(update={"epochs": epochs, "patience": patience}), tmp_path / "run")
    assert run.fit(data).reason == "finished"
    assert run.events_of(EpochFinished)[-1].epoch == last
    assert bool(ended_early(run)) == (last < epochs)


@pytest.fixture
def strokes(folders: Path, schema: ClassSchema) -> TrainingData:
    """The same images with two short strokes of each class."""
    for mask in sorted((folders / "masks").iterdir()):
        with RasterSource(mask) as source:
            values = source.read(source.grid.window)[0]
        stroke = np.full_like(values, 255)
        for value in schema.values:
            rows, columns = np.nonzero(values == value)
            for at in (len(rows) // 3, len(rows) // 2):
                stroke[rows[at : at + 6], columns[at : at + 6]] = value
        write_raster(mask, stroke)
    return folder_data(folders / "images", folders / "masks", schema, folders / "train.txt", folders / "val.txt")


def test_few_labels_are_reported_as_an_estimate_for_the_whole_images(
    config: TrainConfig, strokes: TrainingData, tmp_path: Path
) -> None:
    run = RecordedRun(config, tmp_path / "run")
    result = run.fit(strokes)
    epoch = next(event for event in reversed(run.events_of(EpochFinished)) if event.best)
    found = read_evaluation(RunFolder(tmp_path / "run").evaluation)
    assert found is not None
    assert found.estimated
    assert found.labels_miou is not None
    assert (found.miou, found.miou_interval) == (epoch.miou, epoch.miou_interval)
    assert found.miou_interval is not None
    assert found.miou_interval[0] < found.miou < found.miou_interval[1]  # type: ignore[operator]
    assert found.warnings[0].startswith("labels cover 0.5% of the images")
    assert result.bundle.header.training["miou"] == found.miou
    assert found.pixels == 36


def test_full_masks_are_counted_as_they_are(config: TrainConfig, data: TrainingData, tmp_path: Path) -> None:
    run = RecordedRun(config, tmp_path / "run")
    run.fit(data)
    found = read_evaluation(RunFolder(tmp_path / "run").evaluation)
    assert found is not None
    assert not found.estimated
    assert found.miou == max(event.miou for event in run.events_of(EpochFinished))
