"""ONNX Runtime and OpenVINO give the map that PyTorch gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from landseg_core.errors import ModelError
from landseg_core.inference.backends import graph_backend
from landseg_core.inference.backends.backend import Backend, BackendRequest
from landseg_core.inference.backends.catalog import BACKENDS
from landseg_core.inference.backends.graph_backend import GraphBackend
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.catalog import build_model
from landseg_core.models.weights import weights_of

GRAPHS = ("onnxruntime", "openvino")
Requests = Callable[..., BackendRequest]


def plain(request: BackendRequest) -> Backend:
    return BACKENDS["torch"].make(request, "fp32")


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("tta", [False, True])
@pytest.mark.parametrize("architecture", ["unet16", "lite0"])
def test_in_float32_the_probabilities_are_those_of_pytorch(
    name: str, tta: bool, architecture: str, request_for: Requests, bundle: ModelBundle, pixels: np.ndarray
) -> None:
    if architecture != bundle.header.architecture:
        weights = weights_of(build_model(architecture, 3, 3))
        bundle = ModelBundle(replace(bundle.header, architecture=architecture), weights)
    request = request_for(bundle=bundle, tta=tta)
    expected, backend = plain(request), BACKENDS[name].make(request, "fp32")
    assert (backend.classes, backend.field) == (expected.classes, expected.field)
    for part in (pixels, pixels[:, :33, :64], pixels[:, :1, :1]):
        probabilities = backend.probabilities(part)
        assert probabilities.dtype == np.float32
        assert probabilities.shape == (3, *part.shape[1:])
        assert np.abs(probabilities - expected.probabilities(part)).max() < 1e-4


@pytest.mark.parametrize("name", GRAPHS)
def test_an_answer_is_the_caller_s_own(name: str, request_for: Requests, pixels: np.ndarray) -> None:
    backend = BACKENDS[name].make(request_for(), "fp32")
    first = backend.probabilities(pixels)
    kept = first.copy()
    backend.probabilities(pixels[:, ::-1])
    assert np.array_equal(first, kept)
    first *= 0.5  # it can be written to


@pytest.mark.parametrize(("name", "precision"), [("openvino", "bf16"), ("onnxruntime", "int8"), ("openvino", "int8")])
def test_fewer_digits_stay_close(name: str, precision: str, request_for: Requests, pixels: np.ndarray) -> None:
    request = request_for()
    probabilities = BACKENDS[name].make(request, precision).probabilities(pixels)
    assert np.allclose(probabilities.sum(axis=0), 1, atol=0.02)
    difference = np.abs(probabilities - plain(request).probabilities(pixels)).mean()
    assert difference < {"bf16": 0.01, "int8": 0.03}[precision]


def test_integers_are_calibrated_on_the_samples(bundle: ModelBundle, pixels: np.ndarray) -> None:
    """What is calibrated on other pixels is not as close."""
    expected = plain(BackendRequest(bundle, lambda: [pixels])).probabilities(pixels)
    errors = []
    for samples in ([pixels], [pixels * 0]):
        backend = BACKENDS["onnxruntime"].make(BackendRequest(bundle, lambda s=samples: s), "int8")
        errors.append(np.abs(backend.probabilities(pixels) - expected).mean())
    assert errors[0] < errors[1]


def test_a_runtime_that_refuses_is_one_sentence(request_for: Requests) -> None:
    def refuse(_graph: bytes, _precision: str) -> graph_backend.Run:
        raise ValueError("no such operator: Rot\nand much more")

    with pytest.raises(ModelError, match=r"^Some cannot run this model \(no such operator: Rot\); choose the backend"):
        GraphBackend(request_for(), "Some", refuse, "fp32")


def test_too_little_memory_is_one_sentence(request_for: Requests, pixels: np.ndarray) -> None:
    def exhaust(_pixels: np.ndarray) -> np.ndarray:
        raise RuntimeError("std::bad_alloc")

    backend = GraphBackend(request_for(), "Some", lambda _graph, _precision: exhaust, "fp32")
    with pytest.raises(ModelError, match="computer has too little memory for windows of 70 x 50 px; choose a smaller"):
        backend.probabilities(pixels)
