"""A small landscape to learn from, a network that learns it in a moment, and what runs a trainer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from landseg_core.data.loading.folders import folder_data
from landseg_core.data.training_data import TrainingData
from landseg_core.events import Event, JobControl, StepFinished
from landseg_core.labels.classes import ClassSchema
from landseg_core.models.catalog import CATALOG, Architecture
from landseg_core.models.unet import UNet
from landseg_core.runs.config import TrainConfig
from landseg_core.training.loop import TrainResult
from landseg_core.training.trainer import Trainer
from support.rasters import write_raster

COLOURS = np.array([(60, 90, 40), (40, 60, 160), (170, 170, 170)])
"""Of land, water and road, in the order of the schema."""


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> str:
    """A network of the catalogue that learns in a moment."""
    architecture = Architecture("for tests", lambda bands, classes: UNet(bands, classes, base=4, depth=2))
    monkeypatch.setitem(CATALOG, "tiny", architecture)
    return "tiny"


def landscape(rng: np.random.Generator, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (3, H, W) pixels and (H, W) class indices: land with a lake and a road, and a corner without labels."""
    truth = np.zeros((height, width), np.uint8)
    rows, columns = np.mgrid[:height, :width]
    y, x = rng.uniform(0.3, 0.7, 2) * (height, width)
    truth[(rows - y) ** 2 + (columns - x) ** 2 < (height / 4) ** 2] = 1
    truth[:, width // 8 : width // 8 + 6] = 2
    pixels = COLOURS[truth] + rng.normal(0, 12, (height, width, 3))
    truth[:8, -8:] = 255
    return pixels.clip(0, 255).astype(np.uint8).transpose(2, 0, 1), truth


@pytest.fixture
def folders(tmp_path: Path, schema: ClassSchema) -> Path:
    """A folder with `images`, `masks`, `train.txt` and `val.txt`: three images, one of them to validate on."""
    rng = np.random.default_rng(7)
    root = tmp_path / "data"
    for stem, size in {"a": (96, 80), "b": (70, 101), "c": (90, 75)}.items():
        pixels, truth = landscape(rng, *size)
        write_raster(root / "images" / f"{stem}.tif", pixels)
        write_raster(root / "masks" / f"{stem}.png", schema.value_table()[truth])
    (root / "train.txt").write_text("a\nb\n")
    (root / "val.txt").write_text("c\n")
    return root


@pytest.fixture
def data(folders: Path, schema: ClassSchema) -> TrainingData:
    return folder_data(folders / "images", folders / "masks", schema, folders / "train.txt", folders / "val.txt")


@pytest.fixture
def config(tiny: str) -> TrainConfig:
    """Six steps an epoch, in float32."""
    return TrainConfig(model=tiny, epochs=3, batch=2, chip=32, learning_rate=0.01, precision="fp32", device="cpu")


class RecordedRun:
    """Runs a trainer and records its events; `at_step` maps a step to what is done then."""

    def __init__(self, config: TrainConfig, folder: Path, **how: bool) -> None:
        self.trainer = Trainer(config, folder, **how)
        self.control = JobControl()
        self.events: list[Event] = []
        self.at_step: dict[int, Callable[[], None]] = {}

    def fit(self, data: TrainingData) -> TrainResult:
        return self.trainer.fit(data, self._take, self.control)

    def _take(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, StepFinished) and event.step in self.at_step:
            self.at_step[event.step]()

    def events_of(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def losses(self) -> list[float]:
        return [event.train_loss for event in self.events_of(StepFinished)]
