"""What a run reads is what its settings say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from landseg_core.data.loading.folders import folder_data
from landseg_core.data.loading.project import label_blocks
from landseg_core.data.sources.folders import Folders
from landseg_core.data.sources.project import ProjectLabels
from landseg_core.data.sources.source import DataSource
from landseg_core.data.training_data import TrainingData
from landseg_core.events import JobControl, ignore_event
from landseg_core.labels.classes import load_classes
from landseg_core.project.project import Project
from landseg_core.runs.config import TrainConfig
from landseg_core.tasks.train import data_options
from landseg_gui.workflows.training.borrowed_project import borrow

SCHEMA = load_classes("landcover-dubai")

SPLITS = [{"split": "images", "buffer": 0}, {"split": "blocks", "buffer": 9}]


def load(source: DataSource, config: TrainConfig, run: Path, project: Project | None = None) -> TrainingData:
    options = replace(data_options(config, borrow(project)), classes=SCHEMA, run=run)
    return source.load(options, ignore_event, JobControl())


@pytest.mark.parametrize("how", SPLITS)
def test_folders_are_split_as_the_settings_say(image_folders: Path, tmp_path: Path, how: dict[str, Any]) -> None:
    folders = image_folders / "images", image_folders / "masks"
    data = load(Folders(images=folders[0], masks=folders[1]), TrainConfig(seed=3, **how), tmp_path / "run")
    assert data == folder_data(*folders, SCHEMA, seed=3, **how)
    assert data != folder_data(*folders, SCHEMA, seed=3)


@pytest.mark.parametrize("how", SPLITS)
def test_the_labels_of_a_project_are_split_so_too(
    painted_project: Project, tmp_path: Path, how: dict[str, Any]
) -> None:
    source = ProjectLabels(project=painted_project.path)
    data = load(source, TrainConfig(chip=32, **how), tmp_path / "run", painted_project)
    blocks = label_blocks(painted_project, 0, 32, **how)
    for side in ("train", "val"):
        windows = [window for split in blocks.values() for window in getattr(split, side)]
        assert [area.window for area in getattr(data, side)] == windows


def test_a_run_that_goes_on_keeps_the_labels_that_the_earlier_one_saw(painted_project: Project, tmp_path: Path) -> None:
    source, config = ProjectLabels(project=painted_project.path), TrainConfig(chip=32)
    before = load(source, config, tmp_path / "first", painted_project)
    (tmp_path / "first" / "model.safetensors").touch()  # only its place is asked for
    going_on = config.model_copy(update={"start_from": str(tmp_path / "first"), "seed": 9})
    data = load(source, going_on, tmp_path / "second", painted_project)
    assert data.previous_labels is not None
    assert {area.window for area in data.val} == {area.window for area in before.val}
