from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.runs import write_evaluation, write_run
from typer.testing import CliRunner

from landseg_core.cli.app import app


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    write_evaluation(write_run(tmp_path / "runs" / "one"))
    write_run(tmp_path / "runs" / "two", epochs=0, end="stopped")
    (write_run(tmp_path / "runs" / "three") / "evaluation.json").write_text("{")
    return tmp_path / "runs"


def test_runs_are_listed(runs: Path) -> None:
    result = CliRunner().invoke(app, ["runs", str(runs)])
    assert result.exit_code == 0
    rows = {line.split()[0]: line for line in result.stdout.splitlines()}
    assert "mIoU  76.5%  accuracy  87.5%    6 min 40 s" in rows["one"]
    assert rows["two"].endswith("not validated")
    assert "damaged: " in rows["three"]
    assert "evaluation.json cannot be used" in rows["three"]


def test_runs_as_json(runs: Path) -> None:
    told = json.loads(CliRunner().invoke(app, ["runs", str(runs), "--json"]).stdout)
    one = next(run for run in told if run["name"] == "one")
    assert (one["miou"], one["miou_interval"], one["status"]) == (0.765, [0.701, 0.833], "finished")


def test_a_folder_without_runs(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["runs", str(tmp_path)]).stdout == f"There is no run in {tmp_path}.\n"
