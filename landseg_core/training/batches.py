"""Batches of chips, drawn and put together ahead of the network."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from landseg_core.compute.prefetch import Prefetcher
from landseg_core.data.chips import ChipSampler, Each
from landseg_core.data.reader import AreaReader
from landseg_core.machine import cores
from landseg_core.training.network import Network

AHEAD = 3
"""How many batches wait for the network, at most."""
MOST_WORKERS = 8
"""More threads than this draw no more chips: they would wait for one another."""

Batch = tuple[npt.NDArray[Any], npt.NDArray[np.uint8]]


class Batches:
    """Batches of `size` chips, made where the device of `network` fetches them quickest.

    Each depends on seed, epoch and its number only, however many threads draw chips.
    """

    def __init__(self, sampler: ChipSampler, reader: AreaReader, size: int, network: Network) -> None:
        self._sampler, self._reader, self._size, self._network = sampler, reader, size, network

    @contextmanager
    def ahead(self, epoch: int, first: int = 0) -> Iterator[Iterator[Batch]]:
        """Give the batches of an epoch from number `first` on, without end; outside the `with` block no thread is left.

        What went wrong in a thread is raised where its batch is asked for.
        """
        with _workers() as each, Prefetcher(self._from(epoch, first, each), AHEAD) as batches:
            yield iter(batches)

    def _from(self, epoch: int, first: int, each: Each) -> Iterator[Batch]:
        for number in itertools.count(first):
            chips = range(number * self._size, (number + 1) * self._size)
            yield self._sampler.batch(self._reader, epoch, chips, each=each, empty=self._network.fetchable)


@contextmanager
def _workers() -> Iterator[Each]:
    """Give a `map` that works in as many threads as the machine can spare beside the one that learns."""
    count = min(cores() - 1, MOST_WORKERS)
    if count < 2:
        yield map
        return
    with ThreadPoolExecutor(count, thread_name_prefix="landseg-chips") as pool:
        yield pool.map
