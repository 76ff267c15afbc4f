from __future__ import annotations

import json
import math
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.training import RecordedRun

from landseg_core.data.training_data import TrainingData
from landseg_core.events import Notice, StepFinished
from landseg_core.models.header import read_header
from landseg_core.models.tensor_file import read_tensor_file
from landseg_core.output_files import OutputFiles
from landseg_core.runs.config import TrainConfig
from landseg_core.runs.history import read_history
from landseg_core.runs.sample_file import read_samples
from landseg_core.training import loop as run_module
from landseg_core.training import schedule
from landseg_core.training.learner import Learner

pytestmark = pytest.mark.slow

"""Makes a run: (config, folder, overwrite=..., resume=...)."""
STEPS = 21
"""The steps of a whole run: three epochs of seven."""
PROGRAM = """
import sys
from pathlib import Path
import torch
from landseg_core.data.loading.folders import folder_data
from landseg_core.events import StepFinished
from landseg_core.labels.classes import ClassSchema
from landseg_core.models.catalog import CATALOG, Architecture
from landseg_core.models.unet import UNet
from landseg_core.training import loop as run_module
from landseg_core.runs.config import TrainConfig
from landseg_core.training.trainer import Trainer

torch.set_num_threads(1)
CATALOG["tiny"] = Architecture("for tests", lambda bands, classes: UNet(bands, classes, base=4, depth=2))
run_module.CHECKPOINT_SECONDS = 0.0
root, out = Path(sys.argv[1]), Path(sys.argv[2])
schema, config = ClassSchema.model_validate_json(sys.argv[3]), TrainConfig.model_validate_json(sys.argv[4])
lists = root / "train.txt", root / "val.txt"
data = folder_data(root / "images", root / "masks", schema, *lists)
trainer = Trainer(config, out, resume=(out / "last.safetensors").exists(), overwrite=True)
trainer.fit(data, lambda event: print(event.step, flush=True) if isinstance(event, StepFinished) else None)
"""


class Killed(BaseException):
    """Ends a run at once, as a kill would, but leaves the process."""


def logged(folder: Path, kind: str) -> list[dict[str, Any]]:
    """Return the logged events of a kind, without times."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    timed = {"seconds", "seconds_left"}
    return [{k: v for k, v in line.items() if k not in timed} for line in lines if line["event"] == kind]


def require_same(run: Path, whole: Path) -> None:
    """Check that two runs ended with the same weights, EMA, moments, samples and logs."""
    for name, kind in (("model", "landseg"), ("last", "landseg-checkpoint")):
        (_, tensors), (_, expected) = (
            read_tensor_file(folder / f"{name}.safetensors", kind) for folder in (run, whole)
        )
        assert tensors.keys() == expected.keys()
        assert [name for name, value in tensors.items() if not value.equal(expected[name])] == []
    for kind in ("step", "epoch"):
        assert logged(run, kind) == logged(whole, kind)
    assert (run / "samples.json").read_bytes() == (whole / "samples.json").read_bytes()
    assert {path.name for path in run.iterdir()} == {path.name for path in whole.iterdir()}


def require_of_one_model(run: Path) -> None:
    """Check that samples and report are of the model that is there."""
    best = read_history(run / "metrics.jsonl").best
    samples = read_samples(run / "samples.json")
    assert best is not None
    assert samples is not None
    assert read_header(run).training["epoch"] == best.epoch == samples.epoch
    assert read_header(run).training["miou"] == best.miou


def killed_at(process: subprocess.Popen[str], step: int) -> None:
    """Kill a run as soon as it reports `step`, or let it end."""
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) >= step:
            os.kill(process.pid, signal.SIGKILL)
            break
    process.communicate(timeout=120)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL")
def test_a_process_killed_at_random_ends_as_one_that_never_was(
    config: TrainConfig, data: TrainingData, folders: Path, tmp_path: Path
) -> None:
    RecordedRun(config, tmp_path / "whole").fit(data)
    settings = [data.schema.to_json(), config.model_dump_json()]
    command = [sys.executable, "-c", PROGRAM, str(folders), str(tmp_path / "run"), *settings]
    kills = [*sorted(random.Random(4).sample(range(1, STEPS), 3)), STEPS + 1]
    for step in kills:
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            killed_at(process, step)
        assert process.returncode == (-signal.SIGKILL if step <= STEPS else 0)
    require_same(tmp_path / "run", tmp_path / "whole")
    require_of_one_model(tmp_path / "run")


@pytest.fixture
def die_after_files(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a switch that kills what writes so many files; every other time just before the last is in its place."""
    place, left, late = OutputFiles._rename, 0, False

    def dying_place(self: OutputFiles, *what: Any) -> None:
        nonlocal left
        left -= 1
        if left or late:
            place(self, *what)
        if left == 0:
            raise Killed

    def switch(files: int) -> None:
        nonlocal left, late
        left, late = files, not late

    monkeypatch.setattr(OutputFiles, "_rename", dying_place)
    return switch


def brought_to_its_end(fit: Callable[[bool], Any], run: Path, die_after_files: Callable[[int], None]) -> int:
    """Let a run die again and again, each time after some more files, and return how often it did."""
    for deaths in range(200):
        die_after_files(4 + deaths % 7)  # to begin with, and with each step, it writes two or three
        try:
            fit((run / "last.safetensors").exists())
        except Killed:
            continue
        return deaths
    raise AssertionError("the run comes to no end")


@pytest.mark.parametrize("precision", ["fp32", "auto"])
@pytest.mark.parametrize("lost_at", [(9, 9), (1, 4), (2, 5)])
def test_a_run_killed_after_any_file_ends_as_one_that_never_was(
    precision: str,
    lost_at: tuple[int, int],
    config: TrainConfig,
    data: TrainingData,
    tmp_path: Path,
    die_after_files: Callable[[int], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also where the loss is lost in a batch (epoch, number), unless the learning rate is lowered."""
    monkeypatch.setattr(run_module, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(schedule, "RECOVERY_STEPS", 3)
    config = config.model_copy(update={"epochs": 2, "precision": precision})
    usual = RecordedRun(config, tmp_path / "usual")
    usual.fit(data)
    rates = {(step.epoch, (step.step - 1) % 7): step.learning_rate for step in usual.events_of(StepFinished)}
    good = Learner.step

    def fragile_step(self: Learner, chips: Any, labels: Any, rate: float, seed: tuple[int, ...]) -> float:
        lost = seed[1:3] == lost_at and rate > 0.75 * rates[lost_at]
        return math.nan if lost else good(self, chips, labels, rate, seed)

    monkeypatch.setattr(Learner, "step", fragile_step)
    whole = RecordedRun(config, tmp_path / "whole")
    whole.fit(data)
    run = tmp_path / "run"
    deaths = brought_to_its_end(
        lambda resume: RecordedRun(config, run, resume=resume, overwrite=not resume).fit(data), run, die_after_files
    )
    assert deaths > 8
    assert len([notice for notice in whole.events_of(Notice) if "rolls back" in notice.message]) == (lost_at in rates)
    assert [step["step"] for step in logged(run, "step")] == list(range(1, 15))
    require_same(run, tmp_path / "whole")
    require_of_one_model(run)
