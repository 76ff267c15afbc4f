"""What the tests of benchmarks share: a small data set, and a benchmark as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Return a data set of pictures of 96 px: tile4_a and tile5_a to train on, tile1_a to validate on."""
    folder = tmp_path / "data"
    rng = np.random.default_rng(0)
    for stem in ("tile4_a", "tile5_a", "tile1_a"):
        truth = rng.integers(0, 5, (6, 6)).repeat(16, 0).repeat(16, 1).astype(np.uint8)
        for kind, pixels in (("images", 50 * truth[..., None] + np.zeros(3)), ("masks", truth)):
            (folder / kind).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(folder / kind / f"{stem}.png"), pixels.astype(np.uint8))
    (folder / "train.txt").write_text("tile4_a\ntile5_a\n")
    (folder / "val.txt").write_text("tile1_a\n")
    return folder


BenchmarkRun = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run_benchmark() -> BenchmarkRun:
    """Return what runs `python -m benchmarks.NAME` to its end, on one core; it must not fail."""

    def run(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{name}", *map(str, arguments)],
            cwd=ROOT,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done

    return run
