"""The command line as users call it: real processes, one generated landscape, one model trained on it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Landseg = Callable[..., "subprocess.CompletedProcess[str]"]


def run_landseg(*arguments: object, expect: int = 0, **options: object) -> subprocess.CompletedProcess[str]:
    """Run `landseg` in a process of its own; its exit code must be `expect`, and it never shows a traceback."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "error", "COLUMNS": "120"}
    done = subprocess.run(
        [sys.executable, "-m", "landseg_core.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
        env=environment,
        **options,  # type: ignore[call-overload]
    )
    assert done.returncode == expect, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture(scope="session")
def landseg() -> Landseg:
    return run_landseg


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
