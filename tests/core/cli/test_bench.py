from __future__ import annotations

import json
from pathlib import Path

import pytest

from landseg_core.cli import bench
from landseg_core.inference import speed
from landseg_core.inference.backends.choice import Choice
from tests.support.models import with_header


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small picture, one round, and two backends."""
    monkeypatch.setattr(bench, "SIDE", 64)
    monkeypatch.setattr(bench, "ROUNDS", 1)
    monkeypatch.setattr(speed, "every_choice", lambda: [Choice("torch", "fp32"), Choice("onnxruntime", "fp32")])


@pytest.mark.slow
def test_the_json_tells_machine_speeds_and_what_auto_takes(quick: None, capsys: pytest.CaptureFixture[str]) -> None:
    bench.bench(None, as_json=True)
    report = json.loads(capsys.readouterr().out)
    assert {"date", "processor", "cores", "versions", "network", "pixels", "plain_loop", "backends", "auto"} <= set(
        report
    )
    assert [(line["backend"], line["precision"]) for line in report["backends"]] == [
        ("torch", "fp32"),
        ("onnxruntime", "fp32"),
    ]
    for line in report["backends"]:
        assert line["mpx_per_s"]["lowest"] <= line["mpx_per_s"]["median"] <= line["mpx_per_s"]["highest"]
        assert line["ratio"]["median"] > 0
        assert line["agreement"] is None  # random weights agree with nothing
    assert " in " in report["auto"]


def test_the_table_has_a_row_for_each(quick: None, capsys: pytest.CaptureFixture[str]) -> None:
    bench.bench(None, as_json=False)
    out = capsys.readouterr().out
    assert "plain PyTorch loop: " in out
    assert "auto takes " in out
    assert [line.split()[:2] for line in out.splitlines() if line.startswith((" torch", " onnxruntime"))] == [
        ["torch", "fp32"],
        ["onnxruntime", "fp32"],
    ]


def test_a_model_of_any_ground_resolution(
    quick: None, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The generated picture need not be ground like that which it was trained on."""
    monkeypatch.setattr(speed, "every_choice", lambda: [Choice("torch", "fp32")])
    path = tmp_path / "model.safetensors"
    with_header(bench._untrained(), ground_resolution_m=10.0).save(path)
    bench.bench(path, as_json=True)
    assert json.loads(capsys.readouterr().out)["plain_loop"]["median"] > 0


def test_what_is_missing_is_told_in_its_row(quick: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    line = {"backend": "openvino", "precision": "bf16", "problem": "OpenVINO needs [more]"}
    assert bench._cells(line) == ("-", "-", "-", "-", r"OpenVINO needs \[more]")
