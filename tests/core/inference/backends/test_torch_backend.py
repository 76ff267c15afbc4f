"""The prepared network answers as the trained one does."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from landseg_core.compute.device_names import DeviceError
from landseg_core.errors import ModelError
from landseg_core.inference.backends.torch_backend import TorchBackend
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.inputs import InputNormaliser

PIXELS = np.random.default_rng(0).integers(0, 256, (3, 50, 70)).astype(np.uint16)


def plainly(bundle: ModelBundle) -> np.ndarray:
    """Return the probabilities as the trained network gives them."""
    with torch.inference_mode():
        inputs = InputNormaliser(bundle.header.normalisation)(torch.from_numpy(PIXELS)[None])
        answer: np.ndarray = bundle.build()(inputs)[0].softmax(dim=0).numpy()
    return answer


def test_in_float32_the_probabilities_are_those_of_the_trained_network(bundle: ModelBundle) -> None:
    probabilities = TorchBackend(bundle, "cpu", "fp32").probabilities(PIXELS)
    assert probabilities.dtype == np.float32
    assert probabilities.flags.c_contiguous
    assert np.abs(probabilities - plainly(bundle)).max() < 1e-5


def test_the_fast_arithmetic_stays_close(bundle: ModelBundle) -> None:
    probabilities = TorchBackend(bundle, "cpu").probabilities(PIXELS)
    assert np.allclose(probabilities.sum(axis=0), 1, atol=1e-5)
    assert np.abs(probabilities - plainly(bundle)).mean() < 0.01


def test_the_backend_tells_what_the_tiler_needs(bundle: ModelBundle) -> None:
    backend = TorchBackend(bundle, "cpu")
    model = bundle.build()
    assert (backend.classes, backend.field.stride, backend.field.radius) == (3, model.stride, model.radius)


def test_tta_averages_rotations(bundle: ModelBundle) -> None:
    average = TorchBackend(bundle, "cpu", "fp32", tta=True).probabilities(PIXELS)
    plain = TorchBackend(bundle, "cpu", "fp32")
    whole = np.pad(PIXELS, ((0, 0), (0, 14), (0, 10)), mode="edge")  # 64 x 80: the pooling grid is the same turned
    each = [
        np.rot90(plain.probabilities(np.rot90(whole, quarters, (1, 2))), -quarters, (1, 2))[:, :50, :70]
        for quarters in range(4)
    ]
    assert np.abs(average - np.mean(each, axis=0)).max() < 1e-5
    assert np.abs(average - each[0]).max() > 1e-3
    assert average.flags.c_contiguous


def test_every_batch_norm_is_folded(bundle: ModelBundle) -> None:
    network = TorchBackend(bundle, "cpu")._model
    assert not [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]


def test_a_device_that_is_not_there_is_named(bundle: ModelBundle) -> None:
    with pytest.raises(DeviceError, match="abacus"):
        TorchBackend(bundle, "abacus")


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory"),
        MemoryError(),
    ],
)
def test_too_little_memory_is_one_sentence(
    bundle: ModelBundle, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    backend = TorchBackend(bundle, "cpu")

    def exhaust(_inputs: torch.Tensor) -> torch.Tensor:
        raise error

    monkeypatch.setattr(backend, "_model", exhaust)
    with pytest.raises(ModelError, match="too little memory for windows of 70 x 50 px; choose a smaller tile"):
        backend.probabilities(PIXELS)
