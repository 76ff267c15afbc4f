from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from landseg_core.inference.backends import memory
from landseg_core.inference.backends.memory import BenchmarkCache, trial_question
from landseg_core.models.bundle import ModelBundle


def test_answers_are_kept_by_question(tmp_path: Path) -> None:
    path = tmp_path / "cache" / "backends.json"
    BenchmarkCache(path).keep("a", "torch")
    BenchmarkCache(path).keep("b", "openvino", 1.5e6)
    assert [BenchmarkCache(path).recall(question) for question in "abc"] == ["torch", "openvino", None]
    assert [BenchmarkCache(path).throughput(question) for question in "abc"] == [None, 1.5e6, None]


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"a": 3}', b"\xff\xfe", b"[" * 100_000], ids=range(6))
def test_a_damaged_file_holds_no_answer_and_is_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "backends.json"
    path.write_bytes(content)
    assert BenchmarkCache(path).recall("a") is None
    BenchmarkCache(path).keep("a", "torch")
    assert BenchmarkCache(path).recall("a") == "torch"


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    kept = BenchmarkCache(tmp_path / "file" / "backends.json")
    kept.keep("a", "torch")
    assert kept.recall("a") is None


def test_another_machine_version_or_network_is_another_question(
    bundle: ModelBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = trial_question(bundle.header, ["torch", "openvino"])
    assert trial_question(replace(bundle.header, training={"miou": 0.5}), ["torch", "openvino"]) == question
    others = {
        trial_question(replace(bundle.header, architecture="unet64"), ["torch", "openvino"]),
        trial_question(bundle.header, ["torch", "onnxruntime"]),
    }
    monkeypatch.setattr(memory, "processor", lambda: "another")
    others.add(trial_question(bundle.header, ["torch", "openvino"]))
    monkeypatch.setattr(memory, "version_of", lambda _name: "9.9")
    others.add(trial_question(bundle.header, ["torch", "openvino"]))
    assert len(others | {question}) == 5
