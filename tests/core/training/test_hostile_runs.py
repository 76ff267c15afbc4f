"""Whatever the files in a run's folder say: they are shown, or refused in one sentence that names the file."""

from __future__ import annotations

import dataclasses
import json
import math
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.damage import damaged
from support.runs import write_evaluation, write_model, write_run, write_samples

from landseg_core.data.split.assignment import SPLIT_FILE, load_split
from landseg_core.errors import LandsegError
from landseg_core.runs.catalogue import differing_settings, summarise
from landseg_core.runs.config import TrainConfig
from landseg_core.runs.details import read_details
from landseg_core.runs.folder import RunFolder, cut_log
from landseg_core.runs.parent_model import load_parent
from landseg_core.runs.report import report_page
from landseg_core.runs.report_content import report_content
from landseg_core.training.checkpoint import load_checkpoint_record, resumed_config
from landseg_core.training.schedule import RunPosition

ENVIRONMENT = {
    "started": "2026-11-26T09:30:00+00:00",
    "machine": {
        **dict.fromkeys(("system", "processor", "python", "torch", "landseg"), "1"),
        "cores": 2,
        "graphics": None,
    },
    "data": {
        **dict.fromkeys(("train_images", "val_images", "shared_images", "train_pixels", "val_pixels"), 1),
        "bands": [1],
        "dtype": "uint8",
        "ground_resolution_m": 0.5,
    },
}
SPLIT = {
    "block": 32,
    "parts": [{"image_id": 1, "window": [0, 0, 9, 9], "validates": True}],
    "trained": [{"image_id": 1, "window": [0, 0, 9, 9]}],
}


CHECKPOINT = {
    "config": {},
    "data": {"train_pixels": 1, "val_pixels": 1, "sha256": "0"},
    "normalisation": {"mean": [100.0], "std": [10.0]},
    "position": dataclasses.asdict(RunPosition()),
    "rate_scale": 1.0,
    "micro_batch": 2,
    "encoder_share": 1.0,
    "images": "",
}


def sentence_of(read: Callable[[], object]) -> str:
    """Return what the failure of `read` says; nothing, where it does not fail."""
    try:
        read()
    except LandsegError as error:
        return str(error)
    return ""


def show(folder: Path) -> None:
    """Read a run in every way in which somebody looks at one."""
    run = RunFolder(folder)
    summary = summarise(folder)
    for text in (json.dumps(summary.as_dict()), str(differing_settings([summary, summary])), summary.problem):
        text.encode()
    cut_log(run.metrics, 100, 100)
    for read in (
        lambda: str(read_details(folder)).encode(),
        lambda: report_page(report_content(run)).encode(),
        lambda: load_parent(run),
        lambda: load_split(folder),
    ):
        sentence = sentence_of(read)
        sentence.encode()
        assert not sentence or (str(folder) in sentence and "\n" not in sentence)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_an_odd_checkpoint_is_resumed_or_refused(data: st.DataObject, tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    record = {"landseg-checkpoint": json.dumps(data.draw(damaged(CHECKPOINT)))}
    text = json.dumps({"__metadata__": record}).encode()
    run.checkpoint.write_bytes(struct.pack("<Q", len(text)) + text)
    sentence = sentence_of(lambda: resumed_config(tmp_path, {}))
    sentence.encode()
    if not sentence:
        position = load_checkpoint_record(run).position
        assert all(math.isfinite(value) for value in dataclasses.astuple(position) if value is not None)
    assert not sentence or (str(tmp_path) in sentence and "\n" not in sentence)


@pytest.mark.parametrize(
    "name", ["config", "metrics", "environment", "evaluation", "samples", "parent_record", "split"]
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_an_odd_file_of_a_run_is_shown_or_refused(name: str, data: st.DataObject, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    run = RunFolder(folder)
    if not folder.exists():
        write_run(folder, **TrainConfig().model_dump(mode="json", exclude={"model", "epochs", "minutes", "batch"}))
        write_evaluation(folder)
        write_samples(folder)
        write_model(folder)
        run.environment.write_text(json.dumps(ENVIRONMENT))
        run.parent_record.write_text("{}")
        (folder / SPLIT_FILE).write_text(json.dumps(SPLIT))
    path = folder / SPLIT_FILE if name == "split" else getattr(run, name)
    sound = path.read_text()
    lines = [json.loads(line) for line in sound.splitlines()] if name == "metrics" else json.loads(sound)
    odd = data.draw(damaged(lines))
    as_lines = name == "metrics" and isinstance(odd, list)
    path.write_text("\n".join(map(json.dumps, odd)) + "\n" if as_lines else json.dumps(odd))
    try:
        show(folder)
    finally:
        path.write_text(sound)
