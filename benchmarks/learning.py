"""Learning steps as a run takes them, and the data set that they are measured on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from benchmarks.targets import CLASSES
from benchmarks.trained import data_set
from landseg_core.compute.devices import choose_device, precision_for
from landseg_core.data.loading.folders import folder_data
from landseg_core.data.training_data import TrainingData
from landseg_core.events import JobControl
from landseg_core.labels.classes import load_classes
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.catalog import build_model
from landseg_core.models.header import BundleHeader
from landseg_core.models.weights import weights_of
from landseg_core.runs.config import TrainConfig
from landseg_core.training.batches import Batch, Batches, chip_sampler
from landseg_core.training.learner import Learner
from landseg_core.training.network import Network

FAR_IN_THE_RUN = 1000
"""The number of the step that the average of the weights takes the measured ones for."""


def training_set() -> TrainingData:
    where = data_set()
    schema = load_classes(CLASSES)
    return folder_data(where.folder / "images", where.masks, schema, where.lists / "train.txt", where.lists / "val.txt")


@contextmanager
def landseg_steps(config: TrainConfig, data: TrainingData) -> Iterator[LandsegSteps]:
    """Give what learns as a run does; its chips are drawn ahead in threads while the `with` block lasts."""
    device = choose_device(config.device)
    model = build_model(config.model, len(data.bands), len(data.schema))
    network = Network(model, data.normalisation(), device, precision_for(device, config.precision))
    with chips_ahead(config, data, network) as batches:
        yield LandsegSteps(config, data, Learner(network, config), batches)


@contextmanager
def chips_ahead(config: TrainConfig, data: TrainingData, network: Network) -> Iterator[Iterator[Batch]]:
    """Give the batches of a run."""
    reader = data.reader()
    sampler, _ = chip_sampler(config, data, reader, JobControl().checkpoint)
    with Batches(sampler, reader, config.batch, network).ahead(epoch=1) as batches:
        yield batches


class LandsegSteps:
    """Learns as a run does: chips drawn ahead, augmented, an optimiser step for each batch, the weights averaged.

    `waits` holds what share of the time of each `run` was spent waiting for a batch.
    """

    def __init__(self, config: TrainConfig, data: TrainingData, learner: Learner, batches: Iterator[Batch]) -> None:
        self._config, self._data, self._learner, self._batches = config, data, learner, batches
        self._device = learner.network.device
        self._number = 0
        self.waits: list[float] = []

    def run(self, steps: int) -> float:
        """Take some steps, and return the seconds."""
        start, waited = time.perf_counter(), 0.0
        for _ in range(steps):
            asked = time.perf_counter()
            batch = next(self._batches)
            waited += time.perf_counter() - asked
            self._step(batch)
        synchronise(self._device)
        seconds = time.perf_counter() - start
        self.waits.append(waited / seconds)
        return seconds

    def run_same_batch(self, steps: int) -> float:
        """Take some steps on one batch, so that no chips are waited for, and return the seconds."""
        batch = next(self._batches)
        start = time.perf_counter()
        for _ in range(steps):
            self._step(batch)
        synchronise(self._device)
        return time.perf_counter() - start

    def _step(self, batch: Batch) -> None:
        self._number += 1
        self._learner.step(*batch, self._config.learning_rate, (0, self._number))
        self._learner.ema.update(FAR_IN_THE_RUN, 1 / FAR_IN_THE_RUN)

    def bundle(self) -> ModelBundle:
        """Return what was learnt, as a model."""
        data, network = self._data, self._learner.network
        header = BundleHeader(
            architecture=self._config.model,
            schema=data.schema,
            bands=data.bands,
            dtype=data.dtype,
            normalisation=data.normalisation(),
            ground_resolution_m=None,
            training={},
        )
        return ModelBundle(header, weights_of(network.model))


def synchronise(device: torch.device) -> None:
    """Wait until a graphics card has done all that it was asked for."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
