from __future__ import annotations

import json
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.training import RecordedRun
from torch import nn

from landseg_core.compute.device_names import DeviceError
from landseg_core.compute.devices import precision_for
from landseg_core.compute.memory import (
    NotEnoughMemoryError,
    memory_as_sentence,
    memory_errors,
    smaller_steps,
    smaller_windows,
)
from landseg_core.data.training_data import TrainingData
from landseg_core.events import EpochFinished, Event, Notice
from landseg_core.geo.window import PixelWindow
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.catalog import build_model
from landseg_core.models.header import BundleHeader
from landseg_core.models.normalisation import Normalisation
from landseg_core.models.weights import weights_of
from landseg_core.runs.config import TrainConfig
from landseg_core.training.evaluation import evaluate
from landseg_core.training.learner import Learner
from landseg_core.training.network import Network

"""Makes a run: (config, folder, overwrite=..., resume=...)."""
CPU = torch.device("cpu")


@pytest.fixture
def room_for(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[tuple[int, ...]]]:
    """Return a switch that lets a network take only so many chips, or px, at once; it gives the shapes that it took."""

    def switch(chips: int = 10**6, px: int = 10**9) -> list[tuple[int, ...]]:
        good, shapes = Network.classify, list[tuple[int, ...]]()

        def classify(self: Network, images: torch.Tensor) -> torch.Tensor:
            if len(images) > chips or images[0, 0].numel() > px:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
            shapes.append(tuple(images.shape))
            return good(self, images)

        monkeypatch.setattr(Network, "classify", classify)
        return shapes

    return switch


def notices(run: Any) -> list[str]:
    return [notice.message for notice in run.events_of(Notice) if "enough memory" in notice.message]


def a_learner(config: TrainConfig, model: nn.Module) -> Learner:
    network = Network(model, Normalisation((128.0,) * 3, (50.0,) * 3), CPU, precision_for(CPU, "fp32"))  # type: ignore[arg-type]
    return Learner(network, config.model_copy(update={"dice": 0.0, "batch": 8}))


def a_plain_model() -> nn.Module:
    """Return a network without batch norms."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 3, 1))


def a_batch() -> tuple[np.ndarray, np.ndarray]:
    """Return eight chips, some hardly labelled and one not at all."""
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 3, (8, 16, 16)).astype(np.uint8)
    labels[1], labels[2, 2:], labels[7, :, 5:] = 255, 255, 255
    return rng.integers(0, 255, (8, 3, 16, 16), np.uint8), labels


@pytest.mark.parametrize("room", [7, 4, 3, 1])
def test_a_batch_in_parts_has_the_gradient_of_the_whole(
    room: int, config: TrainConfig, room_for: Callable[..., list[tuple[int, ...]]]
) -> None:
    whole, parts = a_learner(config, a_plain_model()), a_learner(config, a_plain_model())
    expected = whole.step(*a_batch(), 0.01, (1,))
    shapes = room_for(chips=room)
    assert parts.step(*a_batch(), 0.01, (1,)) == pytest.approx(expected, rel=1e-6)
    assert parts.micro_batch == {7: 4, 4: 4, 3: 2, 1: 1}[room]
    assert [shape[0] for shape in shapes] == [parts.micro_batch] * (8 // parts.micro_batch)
    for one, other in zip(whole.network.model.parameters(), parts.network.model.parameters(), strict=True):
        assert one.grad is not None
        assert other.grad is not None
        torch.testing.assert_close(other.grad, one.grad, rtol=1e-6, atol=1e-6)


def test_a_run_goes_on_with_less_at_a_time_and_says_so(
    config: TrainConfig,
    data: TrainingData,
    tmp_path: Path,
    room_for: Callable[..., list[tuple[int, ...]]],
) -> None:
    shapes = room_for(chips=1)
    run = RecordedRun(config.model_copy(update={"batch": 4}), tmp_path / "run")
    run.at_step[2] = run.control.stop
    assert run.fit(data).reason == "stopped"
    assert notices(run) == [
        "this computer does not have enough memory for 4 chips at once: training on 1 at a time, 4 times per step"
    ]
    assert shapes == [(1, 3, 32, 32)] * 8
    assert json.loads((tmp_path / "run" / "last.json").read_text())["micro_batch"] == 1
    resumed = RecordedRun(config.model_copy(update={"batch": 4}), tmp_path / "run", resume=True)
    assert resumed.fit(data).reason == "finished"
    assert notices(resumed) == []


def test_a_chip_that_is_too_large_is_refused_in_a_sentence(
    config: TrainConfig,
    data: TrainingData,
    tmp_path: Path,
    room_for: Callable[..., list[tuple[int, ...]]],
) -> None:
    room_for(chips=0)
    with pytest.raises(
        DeviceError, match="not have enough memory to train on a single chip of 32 x 32 px; choose a smaller"
    ):
        RecordedRun(config, tmp_path / "run").fit(data)
    assert not (tmp_path / "run").exists()


def test_validation_in_smaller_windows_finds_the_same(
    config: TrainConfig,
    data: TrainingData,
    tmp_path: Path,
    room_for: Callable[..., list[tuple[int, ...]]],
) -> None:
    usual, run = RecordedRun(config, tmp_path / "usual"), RecordedRun(config, tmp_path / "run")
    usual.fit(data)
    room_for(px=75 * 70)
    run.fit(data)
    assert [epoch.miou for epoch in run.events_of(EpochFinished)] == [
        epoch.miou for epoch in usual.events_of(EpochFinished)
    ]
    (notice,) = notices(run)
    assert (
        "this computer does not have enough memory to validate 75 x 90 px at once: validating at most 75 x " in notice
    )


def test_evaluation_in_smaller_windows_finds_the_same(
    data: TrainingData, tiny: str, room_for: Callable[..., list[tuple[int, ...]]]
) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        weights = weights_of(build_model(tiny, 3, 3))
    bundle = ModelBundle(BundleHeader(tiny, data.schema, (1, 2, 3), "uint8", data.normalisation(), None, {}), weights)
    usual = evaluate(bundle, data.val, "cpu", precision="fp32")
    events: list[Event] = []
    shapes = room_for(px=75 * 70)
    evaluation = evaluate(bundle, data.val, "cpu", events.append, precision="fp32")
    assert evaluation.as_dict() == usual.as_dict()
    messages = [event.message for event in events if isinstance(event, Notice)]
    assert messages
    assert all("this computer does not have enough memory to validate" in message for message in messages)
    assert max(height * width for *_, height, width in shapes) <= 75 * 70
    room_for(px=32 * 32)
    with pytest.raises(DeviceError, match="at once, as this network needs; choose a smaller network"):
        evaluate(bundle, data.val, "cpu", precision="fp32")


def test_validation_that_cannot_be_halved_further_is_refused_in_a_sentence(
    config: TrainConfig,
    data: TrainingData,
    tmp_path: Path,
    room_for: Callable[..., list[tuple[int, ...]]],
) -> None:
    room_for(px=32 * 32)
    with pytest.raises(DeviceError, match="at once, as this network needs; choose a smaller network"):
        RecordedRun(config, tmp_path / "run").fit(data)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory."),
        RuntimeError("[enforce fail at alloc_cpu.cpp:118] err == 0. DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("[enforce fail] data. DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes"),
        RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        RuntimeError("GET was unable to find an engine to execute this computation"),
        RuntimeError("Unable to find a valid cuDNN algorithm to run convolution"),
        MemoryError("Unable to allocate 9.00 GiB for an array"),
    ],
)
def test_every_kind_of_too_little_memory(error: Exception) -> None:
    with pytest.raises(NotEnoughMemoryError), memory_errors():
        raise error
    with pytest.raises(DeviceError, match="this computer does not have enough memory"), memory_as_sentence(CPU):
        raise error


def test_what_had_been_taken_is_free_for_the_next_attempt() -> None:
    taken: list[weakref.ref[torch.Tensor]] = []

    def work() -> None:
        tensor = torch.zeros(3)
        taken.append(weakref.ref(tensor))
        raise torch.OutOfMemoryError("CUDA out of memory.")

    with suppress(NotEnoughMemoryError), memory_errors():
        work()
    assert taken[0]() is None


def test_too_much_for_this_computer_in_earnest() -> None:
    with pytest.raises(NotEnoughMemoryError), memory_errors():
        torch.empty(2**60, dtype=torch.uint8)


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(RuntimeError, match="shapes"), memory_as_sentence(CPU):
        raise RuntimeError("shapes do not fit")


def test_the_notices() -> None:
    gpu = torch.device("cuda")
    assert smaller_steps(gpu, 8, 8, 4).message == (
        "the GPU does not have enough memory for 8 chips at once: training on 4 at a time, 2 times per step"
    )
    assert smaller_windows(gpu, PixelWindow(0, 0, 9, 8), PixelWindow(3, 0, 6, 8)).message == (
        "the GPU does not have enough memory to validate 9 x 8 px at once: validating at most 6 x 8 px at a time, "
        "with the same result"
    )
