"""Learning steps, data loading included, against a plain PyTorch loop; where there is a graphics card, on that too."""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import nn

from benchmarks.table import Line, Target, in_turns
from benchmarks.targets import CLASSES
from benchmarks.trained import data_set
from landseg_core.data.augment import Geometry
from landseg_core.data.chips import ChipSampler
from landseg_core.data.folders import folder_data
from landseg_core.data.training_data import TrainingData
from landseg_core.events import JobControl
from landseg_core.labels.classes import UNLABELLED, load_classes
from landseg_core.models.catalog import build_model
from landseg_core.training.chip_places import chips_around
from landseg_core.training.config import TrainConfig
from landseg_core.training.devices import choose_device, precision_for
from landseg_core.training.learner import Learner
from landseg_core.training.network import Network
from landseg_core.training.prefetch import Prefetcher

STEPS = 6
CHIPS = 64
"""PNG chips that the plain loop reads."""
OF_PLAIN, LOADING = 1.9, 0.05


def lines(_raster: Path) -> Iterator[Line]:
    where = data_set()
    schema = load_classes(CLASSES)
    data = folder_data(where.folder / "images", where.masks, schema, where.lists / "train.txt", where.lists / "val.txt")
    with tempfile.TemporaryDirectory() as folder:
        for architecture in ("unet16", "unet32"):
            yield from _lines_of(architecture, data, Path(folder) / architecture)
    if not torch.cuda.is_available():
        yield Line("no graphics card here: its lines are left out", [0], unit="-")


def _lines_of(architecture: str, data: TrainingData, folder: Path) -> Iterator[Line]:
    config = TrainConfig(model=architecture, epochs=1)
    with LandsegSteps(config, data) as own:
        plain = PlainSteps(config, data, folder)
        images = STEPS * config.batch
        speeds, others = in_turns([lambda: images / own.run(STEPS), lambda: images / plain.run(STEPS)])
        yield Line(
            f"{architecture}, steps of {config.batch} chips of {config.chip} px",
            speeds,
            "plain PyTorch loop, fp32, PNG chips",
            others,
            unit="images/s",
            more=True,
            target=Target(ratio=OF_PLAIN),
        )
        share = 100 * own.waited / own.seconds
        yield Line(f"{architecture}: waiting for data", [share], unit="%", target=Target(value=100 * LOADING))


class LandsegSteps:
    """Learns as a run does: chips drawn and read ahead in a thread, augmented, one optimiser step each batch."""

    def __init__(self, config: TrainConfig, data: TrainingData) -> None:
        device = choose_device(config.device)
        model = build_model(config.model, len(data.bands), len(data.schema))
        network = Network(model, data.normalisation(), device, precision_for(device, config.precision))
        self._learner, self._config, self._reader = Learner(network, config), config, data.reader()
        geometry = Geometry(config.flips, config.turns, (config.scale_low, config.scale_high))
        around, _ = chips_around(config, data, self._reader, JobControl().checkpoint)
        self._sampler = ChipSampler(data.train, config.chip, config.seed, geometry, around)
        self._prefetcher = Prefetcher(self._batches(), 2)
        self._ready = iter(self._prefetcher)
        self.waited = self.seconds = 0.0

    def __enter__(self) -> LandsegSteps:
        return self

    def __exit__(self, *error: object) -> None:
        self._prefetcher.__exit__(*error)

    def _batches(self) -> Iterator[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
        size = self._config.batch
        for number in itertools.count():
            yield self._sampler.batch(self._reader, 1, range(number * size, (number + 1) * size))

    def run(self, steps: int) -> float:
        """Take some steps, and return the seconds."""
        start = time.perf_counter()
        for number in range(steps):
            asked = time.perf_counter()
            chips, labels = next(self._ready)
            self.waited += time.perf_counter() - asked
            self._learner.step(chips, labels, self._config.learning_rate, (0, number))
        seconds = time.perf_counter() - start
        self.seconds += seconds
        return seconds


class PlainSteps:
    """Learns as a tutorial would: PNG chips read with OpenCV between the steps, float32, NCHW."""

    def __init__(self, config: TrainConfig, data: TrainingData, folder: Path) -> None:
        folder.mkdir(parents=True)
        sampler, reader = ChipSampler(data.train, config.chip), data.reader()
        for number in range(CHIPS):
            pixels, labels = sampler.chip(reader, 1, number)
            cv2.imwrite(str(folder / f"{number}.png"), np.moveaxis(pixels[:3], 0, 2)[..., ::-1])
            cv2.imwrite(str(folder / f"{number}_mask.png"), labels)
        self._folder, self._batch = folder, config.batch
        self._model = build_model(config.model, len(data.bands), len(data.schema)).train()
        self._optimiser = torch.optim.Adam(self._model.parameters(), lr=1e-3)
        self._loss = nn.CrossEntropyLoss(ignore_index=UNLABELLED)
        self._numbers = itertools.cycle(range(CHIPS))

    def run(self, steps: int) -> float:
        """Take some steps, and return the seconds."""
        start = time.perf_counter()
        for _ in range(steps):
            chosen = [next(self._numbers) for _ in range(self._batch)]
            images = [cv2.imread(str(self._folder / f"{number}.png"))[..., ::-1] for number in chosen]
            masks = [cv2.imread(str(self._folder / f"{number}_mask.png"), cv2.IMREAD_GRAYSCALE) for number in chosen]
            inputs = torch.from_numpy(np.stack(images).transpose(0, 3, 1, 2).astype(np.float32) / 255)
            truth = torch.from_numpy(np.stack(masks).astype(np.int64))
            self._optimiser.zero_grad()
            self._loss(self._model(inputs), truth).backward()
            self._optimiser.step()
        return time.perf_counter() - start
