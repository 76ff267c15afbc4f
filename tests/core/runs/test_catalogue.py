from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.runs import write_evaluation, write_model, write_run

from landseg_core.errors import TrainingError
from landseg_core.runs.catalogue import (
    RunStatus,
    differing_settings,
    folder_size,
    is_run,
    list_runs,
    summarise,
)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = write_run(tmp_path / "runs" / "one")
    write_evaluation(folder)
    return folder


def test_a_summary_has_what_a_list_shows(run: Path) -> None:
    summary = summarise(run)
    assert (summary.name, summary.model, summary.status, summary.epoch) == ("one", "tiny", RunStatus.FINISHED, 2)
    assert (summary.miou, summary.accuracy, summary.seconds) == (0.765, 0.875, 400)
    assert summary.evaluation.miou_interval == (0.701, 0.833)
    assert summary.size == sum(path.stat().st_size for path in run.iterdir())
    assert summary.created.startswith("20")
    assert (summary.has_model, summary.has_checkpoint, summary.has_report, summary.problem) == (False, False, False, "")
    assert summary.as_dict()["iou"] == {"land": 0.8, "water": 0.8}


@pytest.mark.parametrize(
    ("epochs", "end", "status"),
    [
        (2, "finished", RunStatus.FINISHED),
        (2, "stopped", RunStatus.STOPPED),
        (2, "not_finite", RunStatus.NOT_FINITE),
        (0, "stopped", RunStatus.NOT_VALIDATED),
        (2, None, RunStatus.OPEN),
    ],
)
def test_how_a_run_stands(tmp_path: Path, epochs: int, end: str | None, status: RunStatus) -> None:
    summary = summarise(write_run(tmp_path / "run", epochs=epochs, end=end))
    assert summary.status == status
    assert (summary.miou is None) == (epochs == 0)


def test_settings_that_an_older_version_wrote_have_their_present_names(tmp_path: Path) -> None:
    config = summarise(write_run(tmp_path / "old", mix=0.3, turns=False)).config
    assert (config["cutmix"], config["rotations"]) == (0.3, False)
    assert not {"mix", "turns"} & config.keys()


@pytest.mark.parametrize("name", ["config.json", "evaluation.json", "environment.json", "model.safetensors"])
def test_a_damaged_run_says_which_file(run: Path, name: str) -> None:
    (run / name).write_text("{")
    summary = summarise(run)
    assert summary.status == RunStatus.DAMAGED
    assert name in summary.problem
    assert summary.size > 0
    assert is_run(run)


def test_a_run_with_a_model(run: Path) -> None:
    write_model(run)
    summary = summarise(run)
    assert (summary.has_model, summary.status) == (True, RunStatus.FINISHED)


def test_only_runs_are_listed_newest_first(tmp_path: Path, run: Path) -> None:
    write_run(run.parent / "two")
    os.utime(run.parent / "two" / "config.json", (4e9, 4e9))
    (run.parent / "maps").mkdir()
    (run.parent / "notes.txt").write_text("")
    (run.parent / "link").symlink_to(run, target_is_directory=True)
    assert [summary.name for summary in list_runs(run.parent)] == ["two", "one"]
    assert [summary.name for summary in list_runs(run)] == ["one"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="none cannot be read: No such file or directory; give a folder"):
        list_runs(tmp_path / "none")


def test_the_size_counts_no_link(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(bytes(100_000))
    folder = tmp_path / "run" / "labels"
    folder.mkdir(parents=True)
    (folder / "a").write_bytes(bytes(10))
    (folder.parent / "link").symlink_to(tmp_path / "big")
    assert folder_size(folder.parent) < 1000


def test_settings_that_differ(tmp_path: Path) -> None:
    runs = [
        summarise(write_run(tmp_path / name, **config))
        for name, config in {"a": {"batch": 8}, "b": {"minutes": 1.5}, "c": {"new": True}}.items()
    ]
    assert differing_settings(runs) == {
        "minutes": ("–", "1.5", "–"),
        "batch": ("8", "2", "2"),
        "new": ("–", "–", "true"),
    }
    assert differing_settings(runs[:1]) == {}
