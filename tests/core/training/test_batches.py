from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest
import torch

from landseg_core.compute.devices import precision_for
from landseg_core.data.augment import Geometry
from landseg_core.data.chips import ChipSampler
from landseg_core.data.training_data import TrainingData
from landseg_core.models.catalog import build_model
from landseg_core.models.normalisation import Normalisation
from landseg_core.training import batches as module
from landseg_core.training.batches import Batch, Batches
from landseg_core.training.network import Network

CPU = torch.device("cpu")


@pytest.fixture
def network(tiny: str) -> Network:
    return Network(build_model(tiny, 3, 3), Normalisation((0.0,) * 3, (1.0,) * 3), CPU, precision_for(CPU))


@pytest.fixture
def drawn(data: TrainingData, network: Network, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Batch]]:
    """Return what draws three batches of epoch 2 on a machine with so many cores."""

    def draw(cores: int, first: int = 0) -> list[Batch]:
        monkeypatch.setattr(module, "cores", lambda: cores)
        sampler = ChipSampler(data.train, 32, seed=5, geometry=Geometry(flips=True, rotations=True, scale=(0.7, 1.4)))
        with Batches(sampler, data.reader(), 4, network).ahead(2, first) as ahead:
            return [next(ahead) for _ in range(3)]

    return draw


def test_batches_do_not_depend_on_the_number_of_threads(drawn: Callable[..., list[Batch]]) -> None:
    for one, many in zip(drawn(cores=1), drawn(cores=6), strict=True):
        for alone, together in zip(one, many, strict=True):
            np.testing.assert_array_equal(alone, together)


def test_an_epoch_can_be_taken_up_at_any_batch(drawn: Callable[..., list[Batch]]) -> None:
    whole, rest = drawn(cores=4), drawn(cores=4, first=2)
    np.testing.assert_array_equal(whole[2][0], rest[0][0])
    assert whole[0][0].shape == (4, 3, 32, 32)
    assert whole[0][1].shape == (4, 32, 32)


def test_no_thread_is_left_behind(drawn: Callable[..., list[Batch]]) -> None:
    before = set(threading.enumerate())  # threads of other tests may still be ending
    drawn(cores=4)
    assert not set(threading.enumerate()) - before


def test_an_error_in_a_thread_surfaces_where_its_batch_would(
    data: TrainingData, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "cores", lambda: 4)
    reader = data.reader()
    monkeypatch.setattr(reader, "read", lambda *_: 1 / 0)
    sampler = ChipSampler(data.train, 32)
    with Batches(sampler, reader, 4, network).ahead(1) as ahead, pytest.raises(ZeroDivisionError):
        next(ahead)
