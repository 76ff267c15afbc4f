"""One generated landscape, and one model trained on it; test processes that run side by side share both."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from filelock import FileLock
from support.command_line import run_landseg


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that all processes of these tests have in common."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def landscape(shared: Path) -> Path:
    """Return the folder of `landseg sample`."""
    folder = shared / "landscape"
    with FileLock(folder.with_suffix(".lock")):
        if not folder.exists():
            run_landseg("sample", "--out", folder)
    return folder


@pytest.fixture(scope="session")
def run_folder(landscape: Path, shared: Path) -> Path:
    """Return the folder of a short run on the landscape."""
    run, finished = shared / "run", shared / "run.finished"
    data = ("--images", landscape / "images", "--masks", landscape / "masks", "--classes", landscape / "classes.json")
    lists = ("--train-list", landscape / "train.txt", "--val-list", landscape / "val.txt")
    with FileLock(run.with_suffix(".lock")):
        if not finished.exists():
            run_landseg("train", *data, *lists, "--out", run, "--minutes", 0.25, "--chip", 128)
            finished.touch()
    return run
