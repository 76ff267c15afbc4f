"""What every test shares: an offscreen Qt, a cache folder of its own, and the real imagery where it is at hand."""

from __future__ import annotations

import json
import os
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from landseg_core.cli.main import run
from landseg_core.events import EpochFinished, Notice, RunFinished, RunStarted, StepFinished, ignore_event
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema
from landseg_core.models.header import KIND, BundleHeader
from landseg_core.models.normalisation import Normalisation
from landseg_core.runs.folder import MetricsLog, RunFolder
from landseg_core.runs.sample_file import keep_pictures
from landseg_core.runs.samples import ValidationPicture

# How long an example takes says nothing on a busy machine.
hypothesis.settings.register_profile("landseg", deadline=None)
hypothesis.settings.load_profile("landseg")

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep caches, settings and logs of a test away from the user's."""
    home = tmp_path_factory.mktemp("home")
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(home / name.lower()))


@pytest.fixture
def landseg(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[str, str]]:
    """Return `landseg(*arguments, expect=0)`, which runs a command and returns what it printed and its errors."""

    def call(*arguments: object, expect: int = 0) -> tuple[str, str]:
        monkeypatch.setattr(sys, "argv", ["landseg", *map(str, arguments)])
        try:
            code = run()
        except SystemExit as end:
            code = end.code
        printed = capsys.readouterr()
        assert code == expect, printed.err
        return printed.out, printed.err

    return call


@pytest.fixture(scope="session")
def imagery() -> Path:
    """Return the folder of real imagery, or skip."""
    folder = os.environ.get("LANDSEG_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("LANDSEG_DATA names no folder of real imagery")
    return Path(folder)


SCHEMA = ClassSchema.model_validate(
    {
        "classes": [
            {"value": 1, "name": "land", "colour": "#d9d4c7"},
            {"value": 4, "name": "water", "colour": "#0072b2"},
        ]
    }
)


def figures_record(**changes: Any) -> dict[str, Any]:
    """Return what `figures.json` holds of a model that knows land and water."""
    interval = [0.7, 0.9]
    classes = [
        {
            "name": item.name,
            "colour": item.colour,
            **dict.fromkeys(("iou", "f1", "producers_accuracy", "users_accuracy"), 0.8),
            **{f"{name}_interval": interval for name in ("iou", "f1", "producers_accuracy", "users_accuracy")},
            "truth_px": 100,
            "predicted_px": 100,
        }
        for item in SCHEMA.classes
    ]
    told = {
        "epoch": 2,
        "pixels": 200,
        "blocks": 5,
        "block_px": 64,
        "accuracy": 0.875,
        "accuracy_interval": [0.811, 0.922],
        "miou": 0.765,
        "miou_interval": [0.701, 0.833],
        "classes": classes,
        "confusion": [[90, 10], [15, 85]],
        "warnings": [],
        "images": [{"stem": "c", "pixels": 200, "accuracy": 0.875, "miou": 0.765}],
    }
    return told | changes


def written_run(folder: Path, *, epochs: int = 2, end: str | None = "finished", **config: Any) -> Path:
    """Write the files of a run that told `epochs` epochs of three steps, without model and checkpoint."""
    folder.mkdir(parents=True)
    run = RunFolder(folder)
    run.write_config({"landseg": "0.1.0", "model": "tiny", "epochs": 2, "minutes": None, "batch": 2} | config)
    with MetricsLog(run.metrics, ignore_event) as log:
        log(RunStarted("tiny", 1234, "cpu", "fp32", SCHEMA.names, 1000, 200, 2, None, 3, 2, 32))
        log(Notice("mind the gap"))
        for step in range(1, 3 * max(1, epochs) + 1):
            log(StepFinished(1 + (step - 1) // 3, step, 1 / step, 0.01, step / 6, 60.0 * step, None))
            if step % 3 == 0 and epochs:
                iou = dict.fromkeys(SCHEMA.names, step / 10)
                log(EpochFinished(step // 3, step, 0.5, 0.6, 0.8, step / 10, iou, 0.01, 60.0 * step, best=True))
        if end:
            log(RunFinished(end, epochs, 3 * epochs, epochs or None, None, 400.0))
    return folder


def give_figures(folder: Path, **changes: Any) -> None:
    """Give a run its `figures.json`."""
    RunFolder(folder).figures.write_text(json.dumps(figures_record(**changes)))


def give_pictures(folder: Path, stem: str = "c", schema: ClassSchema = SCHEMA) -> None:
    """Give a run a picture of each kind."""
    truth = np.zeros((20, 30), np.uint8)
    truth[:, 10:] = 1
    truth[0] = 255
    image = np.full((20, 30, 3), 90, np.uint8)
    picture = ValidationPicture(stem, PixelWindow(0, 0, 30, 20), image, truth, np.ones_like(truth), 0.5, 0.25)
    keep_pictures(RunFolder(folder).pictures, 2, dict.fromkeys(("sample", "best", "worst"), (picture,)), schema)


def give_model(folder: Path, ground_resolution_m: float | None = None) -> None:
    """Give a run a model file that has a header, and no weights."""
    normalisation = Normalisation((0.0,) * 3, (1.0,) * 3)
    header = BundleHeader("unet16", SCHEMA, (1, 2, 3), "uint8", normalisation, ground_resolution_m, {})
    metadata = {"__metadata__": {KIND: json.dumps(header.to_record())}}
    text = json.dumps(metadata).encode()
    RunFolder(folder).model.write_bytes(struct.pack("<Q", len(text)) + text)


_ODD_NUMBERS = 0, -1, 1e-9, 1e300, float("nan"), float("inf"), 2**70, 10**400
_ODD_TEXTS = (
    "",
    "x",
    "\ud800",
    "\x1b[31m",
    "a\nb",
    "\0",
    "9" * 400,
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00",
)
_ODD = None, True, [], {}, [1] * 3, [[0, 0]], {"a": "b"}, *_ODD_NUMBERS, *_ODD_TEXTS


def spoilt(record: Any) -> st.SearchStrategy[Any]:
    """Return a strategy of what JSON holds in place of `record`: one part of it, however deep, is odd or gone."""
    places = list(_places(record))
    return st.builds(
        lambda place, odd: _spoilt(record, place, odd), st.sampled_from(places), st.sampled_from((..., *_ODD))
    )


def _places(record: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield place
    keys = record if isinstance(record, dict) else range(min(2, len(record))) if isinstance(record, list) else ()
    for key in keys:
        yield from _places(record[key], (*place, key))


def _spoilt(record: Any, place: tuple[Any, ...], odd: Any) -> Any:
    """Return `record` with `odd` at `place`; an ellipsis stands for taking the place away."""
    if not place:
        return None if odd is ... else odd
    copy = record.copy()
    if odd is ... and len(place) == 1:
        del copy[place[0]]
    else:
        copy[place[0]] = _spoilt(record[place[0]], place[1:], odd)
    return copy


@pytest.fixture(scope="session", name="spoilt")
def _spoilt_records() -> Callable[[Any], st.SearchStrategy[Any]]:
    """Return `spoilt`, for test modules, which cannot import one another."""
    return spoilt


@pytest.fixture
def run_files() -> type:
    """Return what writes the files of runs, for test modules, which cannot import one another."""

    class RunFiles:
        SCHEMA = SCHEMA
        figures_record = staticmethod(figures_record)
        written = staticmethod(written_run)
        give_figures = staticmethod(give_figures)
        give_pictures = staticmethod(give_pictures)
        give_model = staticmethod(give_model)

    return RunFiles
