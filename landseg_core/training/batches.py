"""Batches of chips: where they are drawn, and put together ahead of the network."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from landseg_core.compute.prefetch import Prefetcher
from landseg_core.data.augment import Geometry
from landseg_core.data.chips import ChipSampler, Each, UnlabelledSource, WeightedSource
from landseg_core.data.class_locations import ClassLocations
from landseg_core.data.label_changes import LabelChanges
from landseg_core.data.label_coverage import whole_images
from landseg_core.data.reader import AreaReader
from landseg_core.data.training_data import TrainingData
from landseg_core.machine import cores
from landseg_core.models.starter import STARTER
from landseg_core.runs.config import TrainConfig
from landseg_core.training.network import Network

AHEAD = 3
"""How many batches wait for the network, at most."""
MOST_WORKERS = 8
"""More threads than this draw no more chips: they would wait for one another."""
TAUGHT_SHARE = 0.5
"""The share of chips of a run with a teacher that come from anywhere in its images."""
NO_SAVED_LABELS = "{} has no saved labels of these images, so none count as new: all labels are sampled alike"
NEW_LABELS = (
    "{} training pixels were labelled since {} was trained: {:.0%} of the chips are drawn around them, the rest "
    "repeats earlier labels"
)
NO_NEW_LABELS = "nothing was labelled since {} was trained: all labels are sampled alike"
ONLY_VALIDATION = (
    "all {} pixels that were labelled since {} was trained lie in validation areas, so they measure the accuracy of "
    "the map, but do not improve it; label other areas as well"
)

Batch = tuple[npt.NDArray[Any], npt.NDArray[np.uint8]]


class Batches:
    """Batches of `size` chips, in memory that the device of `network` fetches quickest from.

    Each depends on seed, epoch and its number only, however many threads draw chips.
    """

    def __init__(self, sampler: ChipSampler, reader: AreaReader, size: int, network: Network) -> None:
        self._sampler, self._reader, self._size, self._network = sampler, reader, size, network

    @property
    def per_epoch(self) -> int:
        """Return how many batches are a pass over the training areas."""
        return max(1, round(self._sampler.chips_per_epoch / self._size))

    @contextmanager
    def ahead(self, epoch: int, first: int = 0) -> Iterator[Iterator[Batch]]:
        """Give the batches of an epoch from number `first` on, without end; after the `with` block no thread is left.

        An exception in a thread is raised where its batch is requested.
        """
        with _workers() as each, Prefetcher(self._from(epoch, first, each), AHEAD) as batches:
            yield iter(batches)

    def _from(self, epoch: int, first: int, each: Each) -> Iterator[Batch]:
        for number in itertools.count(first):
            chips = range(number * self._size, (number + 1) * self._size)
            yield self._sampler.batch(self._reader, epoch, chips, each=each, empty=self._network.fetchable)


@contextmanager
def _workers() -> Iterator[Each]:
    """Give a `map` that works in as many threads as the machine can spare beside the one that trains."""
    count = min(cores() - 1, MOST_WORKERS)
    if count < 2:
        yield map
        return
    with ThreadPoolExecutor(count, thread_name_prefix="landseg-chips") as pool:
        yield pool.map


def chip_sampler(
    config: TrainConfig,
    data: TrainingData,
    reader: AreaReader,
    checkpoint: Callable[[], None],
    *,
    with_teacher: bool = False,
) -> tuple[ChipSampler, list[str]]:
    """Return what draws the chips of a run, and notices about it; errors as of `weighted_sources`.

    A teacher is followed anywhere in the images, so a share of the chips comes from there.
    """
    geometry = Geometry(config.flips, config.rotations, (config.scale_low, config.scale_high))
    sources, notices = weighted_sources(config, data, reader, checkpoint)
    anywhere = UnlabelledSource(TAUGHT_SHARE, tuple(whole_images(data.train))) if with_teacher else None
    return ChipSampler(data.train, config.chip, config.seed, geometry, sources, anywhere), notices


def weighted_sources(
    config: TrainConfig, data: TrainingData, reader: AreaReader, checkpoint: Callable[[], None]
) -> tuple[list[WeightedSource], list[str]]:
    """Return the locations that shares of the chips are drawn around, and notices about them.

    A share `new_label_share` lies around new labels, a share `class_balanced` of the rest around each class.

    Raises:
        RasterError: a mask cannot be read.
        DatasetError: a mask holds a value that no class has.
        JobStopped: `checkpoint` raised it.
    """
    sources, notices = _new_labels(config, data, reader, checkpoint)
    share = (1 - sum(source.share for source in sources)) * config.class_balanced
    if share:
        sources.append(WeightedSource(share, ClassLocations.found(data.train, reader, len(data.schema), checkpoint)))
    return sources, notices


def _new_labels(
    config: TrainConfig, data: TrainingData, reader: AreaReader, checkpoint: Callable[[], None]
) -> tuple[list[WeightedSource], list[str]]:
    if config.start_model in (None, STARTER) or not config.new_label_share:
        return [], []
    if data.previous_labels is None:
        return [], [NO_SAVED_LABELS.format(config.start_from)]
    labels = LabelChanges(data, reader, data.previous_labels)
    train, val = (ClassLocations.found(areas, labels, len(data.schema), checkpoint) for areas in (data.train, data.val))
    notice = _notice(config, train.pixels, val.pixels)
    return [WeightedSource(config.new_label_share, train)] if train.pixels else [], [notice]


def _notice(config: TrainConfig, train_px: int, val_px: int) -> str:
    """Return the notice about so many px of new labels on either side."""
    if train_px:
        return NEW_LABELS.format(train_px, config.start_from, config.new_label_share)
    return ONLY_VALIDATION.format(val_px, config.start_from) if val_px else NO_NEW_LABELS.format(config.start_from)
