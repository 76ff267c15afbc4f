"""A run on a project's labels: copied into its folder, found again to go on, entered into the project at its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
import pytest
from support.rasters import write_raster
from support.training import RecordedRun

from landseg_core.compute.device_names import DeviceError
from landseg_core.data.sources.project import ProjectLabels
from landseg_core.errors import DatasetError, JobStopped, TrainingError
from landseg_core.events import JobControl, OnEvent, StepFinished
from landseg_core.labels.classes import ClassSchema
from landseg_core.project.project import Project
from landseg_core.runs.config import TrainConfig
from landseg_core.tasks.train import ChangeProject, TrainTask, run_train
from landseg_core.training.loop import TrainResult

COLOURS = np.array([(60, 90, 40), (40, 60, 160), (170, 170, 170)], np.uint8)


@pytest.fixture
def config(config: TrainConfig) -> TrainConfig:
    """One epoch of seven steps."""
    return config.model_copy(update={"epochs": 1, "batch": 7})


@pytest.fixture
def project(tmp_path: Path, schema: ClassSchema) -> Iterator[Project]:
    """Return a project of one image of 256 px, painted in stripes of all classes."""
    truth = np.arange(256)[:, None] // 32 % 3 * np.ones((1, 256), np.int64)
    with Project.create(tmp_path / "p.landseg", schema) as project:
        image = project.add_image(write_raster(tmp_path / "stripes.tif", COLOURS[truth].transpose(2, 0, 1)))
        edit = project.labels(image.id).begin()
        edit.put(image.grid.window, schema.value_table()[truth], np.ones((256, 256), bool))
        project.record(image.id, edit.finish(), "Paint")
        yield project


class Lent:
    """Lends a project that is open, as the window does."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def open(self, _file: Path) -> AbstractContextManager[Project]:
        return nullcontext(self._project)

    def change(self, _file: Path, change: ChangeProject, _refusal: str, _on_event: OnEvent) -> None:
        change(self._project)


def learn(
    project: Project, run: Path, config: TrainConfig, control: JobControl | None = None, **how: bool
) -> TrainResult:
    """Train on a project; `control` stops after the fifth step."""

    def listen(event: object) -> None:
        if control and isinstance(event, StepFinished) and event.step == 5:
            control.stop()

    settings = config.model_dump(exclude_defaults=True)
    task = TrainTask(out=run, source=ProjectLabels(project=project.path), settings=settings, **how)
    return run_train(task, listen, control, projects=Lent(project))


def test_a_run_is_entered_with_the_labels_it_saw(project: Project, config: TrainConfig, tmp_path: Path) -> None:
    seen = project.history.state
    result = learn(project, tmp_path / "run", config)
    edit = project.labels(1).begin()
    edit.put(project.images[0].grid.window, np.zeros((256, 256), np.uint8), np.ones((256, 256), bool))
    project.record(1, edit.finish(), "Paint over")
    (run,) = project.runs
    assert (run.folder, run.model, run.classes) == (tmp_path / "run", "tiny", project.schema.names)
    assert run.label_state == seen != project.history.state
    assert run.metrics["miou"] == result.best_miou
    assert 0 < run.metrics["accuracy"] <= 1
    assert run.metrics["epochs"] == result.best_epoch


def test_a_stopped_run_goes_on_with_the_labels_that_it_began_with(
    project: Project, config: TrainConfig, tmp_path: Path
) -> None:
    stopped = learn(project, tmp_path / "run", config, JobControl())
    assert stopped.reason == "stopped"
    before = (tmp_path / "run" / "labels" / "stripes.tif").read_bytes()
    edit = project.labels(1).begin()
    edit.put(project.images[0].grid.window, np.full((256, 256), 4, np.uint8), np.ones((256, 256), bool))
    project.record(1, edit.finish(), "Paint over")
    assert learn(project, tmp_path / "run", config, resume=True).reason == "finished"
    assert (tmp_path / "run" / "labels" / "stripes.tif").read_bytes() == before


def test_a_run_on_folders_cannot_go_on_with_a_project(
    project: Project, config: TrainConfig, tmp_path: Path, data
) -> None:
    RecordedRun(config, tmp_path / "run").fit(data)
    with pytest.raises(TrainingError, match="was not started from a project"):
        learn(project, tmp_path / "run", config, resume=True)
    assert (tmp_path / "run" / "model.safetensors").exists()
    assert not (tmp_path / "run" / "labels").exists()


def test_a_run_that_comes_to_nothing_leaves_nothing(project: Project, config: TrainConfig, tmp_path: Path) -> None:
    control = JobControl()
    control.stop()
    with pytest.raises(JobStopped):
        learn(project, tmp_path / "runs" / "run", config, control)
    assert not (tmp_path / "runs").exists()
    with pytest.raises(DeviceError, match="cuda"):
        learn(project, tmp_path / "runs" / "run", config.model_copy(update={"device": "cuda:77"}))
    assert not (tmp_path / "runs").exists()


def test_a_folder_of_the_users_own_stays(project: Project, config: TrainConfig, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    project.undo()
    with pytest.raises(DatasetError, match="no labels"):
        learn(project, tmp_path / "run", config)
    assert list((tmp_path / "run").iterdir()) == []


def test_overwriting_takes_new_labels(project: Project, config: TrainConfig, tmp_path: Path) -> None:
    learn(project, tmp_path / "run", config)
    before = (tmp_path / "run" / "labels" / "labels.json").read_bytes()
    edit = project.labels(1).begin()
    edit.put(project.images[0].grid.window, np.full((256, 256), 4, np.uint8), np.eye(256, dtype=bool))
    project.record(1, edit.finish(), "Paint over")
    learn(project, tmp_path / "run", config, overwrite=True)
    assert (tmp_path / "run" / "labels" / "labels.json").read_bytes() != before
