"""Fine-tuning: a run on a project that starts from the model of an earlier one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from support.rasters import write_raster

from landseg_core.compute.device_names import DeviceError
from landseg_core.compute.devices import precision_for
from landseg_core.data.loading.project import SPLIT_IGNORED, labels_for_run, project_data
from landseg_core.data.training_data import TrainingData
from landseg_core.errors import JobStopped
from landseg_core.events import JobControl, Notice, StepFinished
from landseg_core.labels.classes import ClassSchema
from landseg_core.models.bundle import ModelBundle
from landseg_core.project.project import Project
from landseg_core.project.snapshot import labels_of_run
from landseg_core.raster.source import RasterSource
from landseg_core.runs.config import TrainConfig
from landseg_core.runs.folder import RunFolder
from landseg_core.training.loop import TrainResult
from landseg_core.training.network import Network
from landseg_core.training.preparation import fine_tuned_config
from landseg_core.training.trainer import Trainer

SIDE = 768  # nine blocks of 256 px
COLOURS = np.array([(60, 90, 40), (40, 60, 160), (170, 170, 170), (120, 60, 140)])
"""Of land, water and road, and of a moor, which is land too; the first labels leave it out."""
MOOR = (slice(512, SIDE), slice(0, SIDE))


def scene() -> tuple[np.ndarray, np.ndarray]:
    """Return (3, S, S) pixels and (S, S) class indices: squares of three classes, and below them the moor, land."""
    rng = np.random.default_rng(4)
    truth = rng.integers(0, 3, (24, 24)).repeat(32, 0).repeat(32, 1)
    look = truth.copy()
    truth[MOOR], look[MOOR] = 0, 3
    pixels = (COLOURS[look] + rng.normal(0, 10, (SIDE, SIDE, 3))).clip(0, 255).astype(np.uint8)
    return pixels.transpose(2, 0, 1), truth.astype(np.uint8)


@pytest.fixture
def project(tmp_path: Path, schema: ClassSchema) -> Iterator[Project]:
    """Return a project of one image, all labelled but for the moor."""
    pixels, truth = scene()
    with Project.create(tmp_path / "p.landseg", schema) as project:
        project.add_image(write_raster(tmp_path / "scene.tif", pixels))
        paint(project, truth, np.arange(SIDE)[:, None] < 512)
        yield project


def paint(project: Project, truth: np.ndarray, where: np.ndarray) -> None:
    edit = project.labels(1).begin()
    values = project.schema.value_table()[truth]
    edit.put(project.images[0].grid.window, values, np.broadcast_to(where, truth.shape).copy())
    project.record(1, edit.finish(), "Paint")


def correct_the_moor(project: Project) -> None:
    """Paint a stroke over the moor; the rest of it stays without labels."""
    where = np.zeros((SIDE, SIDE), bool)
    where[580:660, 40:720] = True
    paint(project, scene()[1], where)


@pytest.fixture
def config(config: TrainConfig) -> TrainConfig:
    return config.model_copy(update={"epochs": 1, "batch": 4, "chip": 64, "colour_jitter": 0.0, "blur": 0.0})


def learn(
    project: Project, run: Path, config: TrainConfig, stop_at: int | None = None, **how: bool
) -> tuple[TrainResult, TrainingData, list[str]]:
    """Train as the command line does; return also the data and the notices."""
    control, notices = JobControl(), []

    def listen(event: object) -> None:
        if isinstance(event, Notice):
            notices.append(event.message)
        if isinstance(event, StepFinished) and event.step == stop_at:
            control.stop()

    config = fine_tuned_config(config)
    trainer = Trainer(config, run, **how)
    files = RunFolder(run)
    with labels_of_run(run, (files.model, files.checkpoint)):
        labels = labels_for_run(project, run, resume=how.get("resume", False), start_from=config.start_from)
        data = project_data(labels, config.seed, config.chip)
        return trainer.fit(data, listen, control), data, notices


def mapped(model: Path, image: Path) -> np.ndarray:
    """Return the (H, W) class indices that a model gives an image."""
    import torch

    bundle = ModelBundle.load(model)
    device = torch.device("cpu")
    network = Network(bundle.build(), bundle.header.normalisation, device, precision_for(device, "fp32"))
    network.model.eval()
    with RasterSource(image) as source, torch.inference_mode():
        return network.logits(source.read(source.grid.window)[None])[0].argmax(0).numpy()


@pytest.fixture
def first(project: Project, config: TrainConfig, tmp_path: Path) -> TrainResult:
    return learn(project, tmp_path / "first", config)[0]


@pytest.fixture
def fine_tuning(config: TrainConfig, first: TrainResult, tmp_path: Path) -> TrainConfig:
    """Return the settings of a short run that goes on from the first."""
    return config.model_copy(update={"epochs": 2, "learning_rate": 0.004, "start_from": str(tmp_path / "first")})


@pytest.mark.slow
def test_a_correction_moves_the_map_and_leaves_the_rest(
    project: Project, config: TrainConfig, fine_tuning: TrainConfig, tmp_path: Path
) -> None:
    truth = scene()[1]
    first, *_ = learn(project, tmp_path / "first", config.model_copy(update={"epochs": 3}), overwrite=True)
    correct_the_moor(project)
    second, _, notices = learn(project, tmp_path / "second", fine_tuning)
    before, after = (mapped(result.model_path, tmp_path / "scene.tif") for result in (first, second))
    assert (before[MOOR] == 0).mean() < 0.5  # the moor looked like something else
    assert (after[MOOR] == 0).mean() > 0.9
    rest = np.arange(SIDE) < 500
    assert (after == before)[rest].mean() > 0.95
    assert (after == truth)[rest].mean() > (before == truth)[rest].mean() - 0.02
    assert any("training pixels were labelled since" in text and "50% of the chips" in text for text in notices)


@pytest.mark.slow
def test_ground_that_the_first_run_trained_on_does_not_validate(
    project: Project, config: TrainConfig, fine_tuning: TrainConfig, tmp_path: Path
) -> None:
    correct_the_moor(project)
    labels = labels_for_run(project, tmp_path / "fresh", resume=False)
    assert project_data(labels, config.seed, config.chip).previous_labels is None
    trained = [_Box(*box) for box in _parts(tmp_path / "first", validates=False)]
    _, data, _ = learn(project, tmp_path / "second", fine_tuning.model_copy(update={"seed": 11}))
    assert data.previous_labels is not None
    assert not any(box.meets(area.window) for box in trained for area in data.val)
    third = fine_tuning.model_copy(update={"start_from": str(tmp_path / "second"), "seed": 5})
    shutil.rmtree(tmp_path / "first")  # the second one knows all that the first did
    _, data, notices = learn(project, tmp_path / "third", third)
    assert not any(box.meets(area.window) for box in trained for area in data.val)
    assert any("nothing was labelled since" in text for text in notices)


class _Box:
    def __init__(self, x: int, y: int, width: int, height: int) -> None:
        self.left, self.top, self.right, self.bottom = x, y, x + width, y + height

    def meets(self, window) -> bool:
        across = window.x < self.right and self.left < window.right
        return across and window.y < self.bottom and self.top < window.bottom


def _parts(run: Path, *, validates: bool) -> list[list[int]]:
    record = json.loads((run / "labels" / "split.json").read_text())
    return [part["window"] for part in record["parts"] if part["validates"] is validates]


@pytest.mark.slow
def test_it_is_resumed_to_the_bit_without_the_first_run(
    project: Project, fine_tuning: TrainConfig, tmp_path: Path
) -> None:
    correct_the_moor(project)
    whole, *_ = learn(project, tmp_path / "whole", fine_tuning)
    learn(project, tmp_path / "cut", fine_tuning, stop_at=3)
    paint(project, scene()[1], np.ones((1, 1), bool))  # labels painted since are no part of it
    ended, *_ = learn(project, tmp_path / "cut", fine_tuning, resume=True)
    assert ended.reason == "finished"
    for name, value in whole.bundle.state.items():
        np.testing.assert_array_equal(ended.bundle.state[name].numpy(), value.numpy())


def test_a_run_that_comes_to_nothing_leaves_nothing(project: Project, fine_tuning: TrainConfig, tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="cuda"):
        learn(project, tmp_path / "second", fine_tuning.model_copy(update={"device": "cuda:77"}))
    assert not (tmp_path / "second").exists()
    control = JobControl()
    control.stop()
    with pytest.raises(JobStopped), labels_of_run(tmp_path / "second", ()):
        labels_for_run(project, tmp_path / "second", resume=False, start_from=str(tmp_path / "first"), control=control)
    assert not (tmp_path / "second").exists()


@pytest.mark.slow
def test_a_fresh_run_over_a_continued_one_forgets_what_was_before(
    project: Project, config: TrainConfig, fine_tuning: TrainConfig, tmp_path: Path
) -> None:
    correct_the_moor(project)
    learn(project, tmp_path / "run", fine_tuning)
    assert (tmp_path / "run" / "labels" / "before" / "scene.tif").exists()
    _, data, _ = learn(project, tmp_path / "run", config.model_copy(update={"epochs": 1}), overwrite=True)
    assert data.previous_labels is None
    assert not (tmp_path / "run" / "labels" / "before").exists()


def test_the_split_of_the_settings_is_ignored_with_a_notice(
    project: Project, fine_tuning: TrainConfig, tmp_path: Path
) -> None:
    labels = labels_for_run(project, tmp_path / "second", resume=False, start_from=fine_tuning.start_from)
    assert SPLIT_IGNORED not in project_data(labels, 0, 64).notices
    assert project_data(labels, 0, 64, split="images").notices.count(SPLIT_IGNORED) == 1


def test_the_labels_of_another_project_count_for_nothing(
    project: Project, fine_tuning: TrainConfig, tmp_path: Path, schema: ClassSchema
) -> None:
    pixels, truth = scene()
    with Project.create(tmp_path / "other.landseg", schema) as other:
        other.add_image(write_raster(tmp_path / "elsewhere.tif", pixels))
        paint(other, truth, np.ones((1, 1), bool))
        _, data, notices = learn(other, tmp_path / "second", fine_tuning)
    assert data.previous_labels is None
    assert any("has no saved labels of these images" in text for text in notices)


def test_new_labels_in_validation_areas_only_validate(
    project: Project, fine_tuning: TrainConfig, tmp_path: Path
) -> None:
    (x, y, _, _), *_ = _parts(tmp_path / "first", validates=True)
    where = np.zeros((SIDE, SIDE), bool)
    where[y + 90 : y + 120, x + 90 : x + 120] = True
    paint(project, (scene()[1] + 1) % 3, where)
    *_, notices = learn(project, tmp_path / "second", fine_tuning)
    assert any(
        "all 900 pixels that were labelled since" in text and "lie in validation areas" in text for text in notices
    )
