"""The folds that recipes are compared on: what they leave out, their table, and one of them for real."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support.benchmarks import run_benchmark

from benchmarks.folds import FOLDS, fold_data, held_out, line
from benchmarks.targets import Data
from landseg_core.data.lists import read_list

STEMS = [f"tile{tile}_image_part_{part:03d}" for tile in (2, 4, 5, 6, 7, 8) for part in range(1, 5)]


@pytest.mark.parametrize("fold", FOLDS)
def test_what_counts_is_not_trained_on(fold: int) -> None:
    train, counted = held_out(STEMS, fold)
    assert counted
    assert sorted(train + counted) == STEMS
    assert not any(stem.startswith("tile5") for stem in counted)


def test_no_image_counts_twice() -> None:
    first, second = (held_out(STEMS, fold)[1] for fold in FOLDS)
    assert not set(first) & set(second)


def test_a_fold_knows_nothing_of_the_validation_list(pictures: Path, tmp_path: Path) -> None:
    data = fold_data(Data.in_full(pictures), 1, tmp_path / "lists")
    assert read_list(data.lists / "train.txt") == ("tile5_a",)
    assert read_list(data.lists / "val.txt") == ("tile4_a",)
    command = data.train_command(tmp_path / "run")
    assert command[command.index("--val-list") + 1] == str(tmp_path / "lists" / "val.txt")
    assert command[command.index("--images") + 1] == str(pictures / "images")


def test_a_line_tells_classes_that_have_no_figure() -> None:
    told = {"miou": 0.5, "accuracy": 0.75, "iou": {"land": 0.5, "road": None}}
    assert line(1, 0, ["cutmix=0", "dice=2"], told) == "| 1 | 0 | cutmix=0, dice=2 | 0.500 | 0.750 | 0.50 - |"
    assert "| defaults |" in line(1, 0, [], told)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="processes are measured as Linux does")
def test_a_fold_for_real(pictures: Path) -> None:
    settings = ["--set", "model=unet16", "--set", "chip=64"]
    done = run_benchmark("folds", "--folds", 1, "--epochs", 1, *settings, "--data", pictures)
    assert "| 1 | 0 | model=unet16, chip=64 | 0." in done.stdout
    assert "landseg evaluate" in done.stderr
