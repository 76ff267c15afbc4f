"""The runs that the targets are measured by: their commands, their table, and one of them for real."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import cv2
import pytest
from support.benchmarks import run_benchmark

from benchmarks.targets import ROWS, Data, Ended, Result, lines, run_landseg

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="processes are measured as Linux does")


@pytest.fixture
def data(pictures: Path) -> Data:
    """Return the small data set."""
    return Data.in_full(pictures)


def test_a_row_has_all_seeds_and_the_median_of_each_column() -> None:
    results = [
        Result(seed, miou, accuracy, Ended(600.4 + seed, 900.0))
        for seed, miou, accuracy in ((0, 0.7, 0.8), (1, 0.6, 0.9), (2, 0.75, 0.7))
    ]
    told = lines(ROWS["unet16"], 10, results)
    assert told[0] == "| `unet16`, from scratch | 10 | 0 | 0.700 | 0.800 | 600 | 900 |"
    assert told[-1] == "| `unet16`, from scratch | 10 | **median** | 0.700 | 0.800 | 601 | 900 |"
    assert len(told) == 4


def test_scribbles_are_trained_on_and_whole_masks_judge(data: Data, tmp_path: Path) -> None:
    scribbled = data.scribbled(tmp_path / "masks")
    command = scribbled.train_command(tmp_path / "run")
    assert command[command.index("--masks") + 1] == str(tmp_path / "masks")
    judged = scribbled.evaluate_command(tmp_path / "run", tmp_path / "figures.json")
    assert judged[judged.index("--masks") + 1] == str(data.folder / "masks")
    assert (tmp_path / "masks" / "tile1_a.png").read_bytes() == (data.folder / "masks" / "tile1_a.png").read_bytes()
    drawn = cv2.imread(str(tmp_path / "masks" / "tile4_a.png"), cv2.IMREAD_UNCHANGED)
    assert 0 < (drawn != 255).mean() < 0.05


@on_linux
def test_a_command_that_fails_ends_the_measurement(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="landseg info ended with 1"):
        run_landseg(["info", str(tmp_path / "none.tif")])


@on_linux
@pytest.mark.slow
def test_a_row_for_real(data: Data, tmp_path: Path) -> None:
    length = ["--seeds", 3, "--minutes", 0.05]
    done = run_benchmark("targets", "unet16", *length, "--data", data.folder, "--out", tmp_path / "runs")
    assert done.stdout.count("\n") == 4
    assert "| `unet16`, from scratch | 0.05 | 3 | 0." in done.stdout
    figures = json.loads((tmp_path / "runs" / "unet16" / "seed-3.json").read_text())
    assert figures["pixels"] == 96 * 96
    assert "landseg train --images" in done.stderr
