"""One generated landscape, and one model trained on it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.command_line import run_landseg


@pytest.fixture(scope="session")
def landscape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of `landseg sample`."""
    folder = tmp_path_factory.mktemp("landscape") / "sample"
    run_landseg("sample", "--out", folder)
    return folder


@pytest.fixture(scope="session")
def run_folder(landscape: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a short run on the landscape."""
    run = tmp_path_factory.mktemp("runs") / "run"
    data = ("--images", landscape / "images", "--masks", landscape / "masks", "--classes", landscape / "classes.json")
    lists = ("--train-list", landscape / "train.txt", "--val-list", landscape / "val.txt")
    run_landseg("train", *data, *lists, "--out", run, "--minutes", 0.25, "--chip", 128)
    return run
