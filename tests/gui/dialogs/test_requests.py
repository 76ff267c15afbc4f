"""What a request reads is what its settings say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from landseg_core.data.loading.folders import folder_data
from landseg_core.data.loading.project import label_blocks
from landseg_core.events import JobControl, ignore_event
from landseg_core.labels.classes import load_classes
from landseg_core.project.project import Project
from landseg_core.runs.config import TrainConfig
from landseg_gui.dialogs.requests import Folders, ProjectLabels, TrainRequest

SCHEMA = load_classes("landcover-dubai")

SPLITS = [{"split": "images", "buffer": 0}, {"split": "blocks", "buffer": 9}]


@pytest.mark.parametrize("how", SPLITS)
def test_folders_are_split_as_the_settings_say(image_folders: Path, tmp_path: Path, how: dict[str, Any]) -> None:
    folders = image_folders / "images", image_folders / "masks"
    config = TrainConfig(seed=3, **how)
    request = TrainRequest(Folders(*folders), SCHEMA, config, tmp_path / "run")
    data = request.source.load(request, config, ignore_event, JobControl())
    assert data == folder_data(*folders, SCHEMA, seed=3, **how)
    assert data != folder_data(*folders, SCHEMA, seed=3)


@pytest.mark.parametrize("how", SPLITS)
def test_the_labels_of_a_project_are_split_so_too(
    painted_project: Project, tmp_path: Path, how: dict[str, Any]
) -> None:
    config = TrainConfig(chip=32, **how)
    request = TrainRequest(ProjectLabels(painted_project), painted_project.schema, config, tmp_path / "run")
    data = request.source.load(request, config, ignore_event, JobControl())
    blocks = label_blocks(painted_project, 0, 32, **how)
    for side in ("train", "val"):
        windows = [window for split in blocks.values() for window in getattr(split, side)]
        assert [area.window for area in getattr(data, side)] == windows


def test_a_run_that_goes_on_keeps_the_labels_that_the_earlier_one_saw(painted_project: Project, tmp_path: Path) -> None:
    config = TrainConfig(chip=32)
    first = TrainRequest(ProjectLabels(painted_project), painted_project.schema, config, tmp_path / "first")
    before = first.source.load(first, config, ignore_event, JobControl())
    (tmp_path / "first" / "model.safetensors").touch()  # only its place is asked for
    going_on = config.model_copy(update={"start_from": str(tmp_path / "first"), "seed": 9})
    second = TrainRequest(ProjectLabels(painted_project), painted_project.schema, going_on, tmp_path / "second")
    data = second.source.load(second, going_on, ignore_event, JobControl())
    assert data.earlier is not None
    assert {area.window for area in data.val} == {area.window for area in before.val}
