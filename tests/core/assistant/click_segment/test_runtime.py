"""ONNX files are opened by ONNX Runtime or OpenVINO, or refused in one sentence."""

from __future__ import annotations

import os
import random
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from support.click_models import const, node, sam_decoder, sam_encoder, save, value

from landseg_core.assistant.click_segment import runtime
from landseg_core.assistant.click_segment.runtime import RUNTIMES, Tensor, open_graph
from landseg_core.errors import JobStopped, ModelError
from landseg_core.events import JobControl

BY_NAME = {item.package: item for item in RUNTIMES}


@pytest.fixture(params=BY_NAME)
def only(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Leave one runtime."""
    monkeypatch.setattr(runtime, "RUNTIMES", (BY_NAME[request.param],))
    return request.param


def test_names_sizes_and_types_are_those_of_the_file(only: str, tmp_path: Path) -> None:
    nodes = [node("Identity", "x", "y"), node("ReduceSum", "x", "z", keepdims=1)]
    inputs, outputs = [value("x", 1, "rows", 3)], [value("y", 1, "rows", 3), value("z", 1, 1, 1)]
    graph = open_graph(save(tmp_path / "g.onnx", nodes, inputs, outputs))
    single = np.dtype(np.float32)
    assert dict(graph.inputs) == {"x": Tensor((1, None, 3), single)}
    assert dict(graph.outputs) == {"y": Tensor((1, None, 3), single), "z": Tensor((1, 1, 1), single)}
    found = graph.run({"x": np.arange(6).reshape(1, 2, 3)})  # whole numbers: cast to what the graph takes
    assert found["y"].tolist() == [[[0, 1, 2], [3, 4, 5]]]
    assert found["z"].tolist() == [[[15]]]


def test_what_cannot_be_run_is_one_sentence(only: str, tmp_path: Path) -> None:
    graph = open_graph(save(tmp_path / "g.onnx", [node("Identity", "x", "y")], [value("x", 2)], [value("y", 2)]))
    with pytest.raises(ModelError, match=r"cannot run .*g\.onnx \(.*\); choose another model"):
        graph.run({"x": np.zeros(5)})


def long_work(path: Path) -> Path:
    """Write a graph that takes seconds: many products of matrices, one after the other."""
    names = [f"a{index}" for index in range(101)]
    weights = np.eye(768, dtype=np.float32)
    nodes = [const("w", weights), node("Identity", "x", "a0")]
    nodes += [node("MatMul", f"{one} w", other) for one, other in pairwise(names)]
    nodes.append(node("Identity", names[-1], "y"))
    return save(path, nodes, [value("x", 768, 768)], [value("y", 768, 768)])


def test_long_work_is_stopped_in_the_middle(tmp_path: Path) -> None:
    graph = open_graph(long_work(tmp_path / "long.onnx"))
    control = JobControl()
    control.stop()
    control.checkpoint = lambda: None  # so that it begins all the same
    with pytest.raises(JobStopped):
        graph.run({"x": np.eye(768)}, control)


def test_what_was_stopped_before_does_not_begin(tmp_path: Path) -> None:
    graph = open_graph(save(tmp_path / "g.onnx", [node("Identity", "x", "y")], [value("x", 2)], [value("y", 2)]))
    control = JobControl()
    control.stop()
    with pytest.raises(JobStopped):
        graph.run({"x": np.zeros(2)}, control)


def test_without_a_runtime_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(runtime, "find_spec", lambda _name: None)
    with pytest.raises(ModelError, match=re.escape("run: pip install 'landseg[fast]'")):
        open_graph(tmp_path / "missing.onnx")


def test_where_the_first_runtime_is_missing_the_second_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = save(tmp_path / "g.onnx", [node("Identity", "x", "y")], [value("x", 2)], [value("y", 2)])
    assert open_graph(path).runtime == "ONNX Runtime"
    monkeypatch.setattr(runtime, "find_spec", lambda name: None if name == "onnxruntime" else name)
    assert open_graph(path).runtime == "OpenVINO"


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.onnx")  # a runtime would wait for somebody to write to it
    (tmp_path / "folder.onnx").mkdir()
    for name, words in (("missing.onnx", "does not exist"), ("pipe.onnx", "a pipe"), ("folder.onnx", "choose")):
        with pytest.raises(ModelError, match=words):
            open_graph(tmp_path / name)


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x80\x02ctorch\n", b"PK\x03\x04" + bytes(100)])
def test_what_is_not_onnx_is_refused(only: str, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"a\.onnx is not an ONNX model that .* can read \(.*\); choose another file"):
        open_graph(path)


@pytest.mark.parametrize("write", [sam_encoder, sam_decoder])
def test_a_damaged_file_is_opened_or_refused(write, tmp_path: Path) -> None:
    data, path = write(tmp_path / "whole.onnx").read_bytes(), tmp_path / "damaged.onnx"
    sentences = []
    for seed in range(60):
        path.write_bytes(damaged(data, random.Random(seed)))
        try:
            open_graph(path)
        except ModelError as error:
            sentences.append(str(error))
    assert len(sentences) > 20
    assert all(str(path) in sentence and "\n" not in sentence for sentence in sentences)


def damaged(data: bytes, chance: random.Random) -> bytes:
    """Return a file that was cut off, or of which some bytes are others."""
    if chance.random() < 0.3:
        return data[: chance.randrange(len(data))]
    changed = bytearray(data)
    for _ in range(chance.randint(1, 20)):
        changed[chance.randrange(len(data))] = chance.randrange(256)
    return bytes(changed)
