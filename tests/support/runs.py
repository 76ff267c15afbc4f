"""The files of a training run, written without training."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np

from landseg_core.events import EpochFinished, Notice, RunFinished, RunStarted, StepFinished, ignore_event
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema
from landseg_core.models.header import KIND, BundleHeader
from landseg_core.models.normalisation import Normalisation
from landseg_core.runs.folder import MetricsLog, RunFolder
from landseg_core.runs.sample_file import save_samples
from landseg_core.runs.samples import ValidationSample

LAND_AND_WATER = ClassSchema.model_validate(
    {
        "classes": [
            {"value": 1, "name": "land", "colour": "#d9d4c7"},
            {"value": 4, "name": "water", "colour": "#0072b2"},
        ]
    }
)


def evaluation_record(**changes: Any) -> dict[str, Any]:
    """Return what `evaluation.json` holds of a model that knows land and water."""
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
        for item in LAND_AND_WATER.classes
    ]
    record = {
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
    return record | changes


def write_run(folder: Path, *, epochs: int = 2, end: str | None = "finished", **config: Any) -> Path:
    """Write the files of a run of `epochs` epochs of three steps, without model and checkpoint."""
    folder.mkdir(parents=True)
    run = RunFolder(folder)
    run.write_config({"landseg": "0.1.0", "model": "tiny", "epochs": 2, "minutes": None, "batch": 2} | config)
    with MetricsLog(run.metrics, ignore_event) as log:
        log(RunStarted("tiny", 1234, "cpu", "fp32", LAND_AND_WATER.names, 1000, 200, 2, None, 3, 2, 32))
        log(Notice("mind the gap"))
        for step in range(1, 3 * max(1, epochs) + 1):
            log(StepFinished(1 + (step - 1) // 3, step, 1 / step, 0.01, step / 6, 60.0 * step, None))
            if step % 3 == 0 and epochs:
                iou = dict.fromkeys(LAND_AND_WATER.names, step / 10)
                log(EpochFinished(step // 3, step, 0.5, 0.6, 0.8, step / 10, iou, 0.01, 60.0 * step, best=True))
        if end:
            log(RunFinished(end, epochs, 3 * epochs, epochs or None, None, 400.0))
    return folder


def write_evaluation(folder: Path, **changes: Any) -> None:
    """Give a run its `evaluation.json`."""
    RunFolder(folder).evaluation.write_text(json.dumps(evaluation_record(**changes)))


def write_samples(folder: Path, stem: str = "c", schema: ClassSchema = LAND_AND_WATER) -> None:
    """Give a run a sample of each kind."""
    truth = np.zeros((20, 30), np.uint8)
    truth[:, 10:] = 1
    truth[0] = 255
    image = np.full((20, 30, 3), 90, np.uint8)
    sample = ValidationSample(stem, PixelWindow(0, 0, 30, 20), image, truth, np.ones_like(truth), 0.5, 0.25)
    save_samples(RunFolder(folder).samples, 2, dict.fromkeys(("sample", "best", "worst"), (sample,)), schema)


def write_model(folder: Path, ground_resolution_m: float | None = None) -> None:
    """Give a run a model file that has a header, and no weights."""
    normalisation = Normalisation((0.0,) * 3, (1.0,) * 3)
    header = BundleHeader("unet16", LAND_AND_WATER, (1, 2, 3), "uint8", normalisation, ground_resolution_m, {})
    metadata = {"__metadata__": {KIND: json.dumps(header.to_record())}}
    text = json.dumps(metadata).encode()
    RunFolder(folder).model.write_bytes(struct.pack("<Q", len(text)) + text)
