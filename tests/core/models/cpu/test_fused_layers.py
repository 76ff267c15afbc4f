"""What a processor is quick at gives what PyTorch's own layers give."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from landseg_core.models.catalog import CATALOG, build_model
from landseg_core.models.cpu import fused_layers
from landseg_core.models.cpu.folding import fold_batch_norms
from landseg_core.models.cpu.fused_layers import (
    FusedUpConv2x,
    MaxPool2x2,
    OneDnnConvolution,
    SplitUpBlock,
    optimize_for_cpu,
)


def lively(model: nn.Module) -> nn.Module:
    """Return the model, ready to predict, with the statistics of a trained one."""
    torch.manual_seed(2)
    for norm in model.modules():
        if isinstance(norm, nn.BatchNorm2d):
            norm.running_mean.normal_()  # type: ignore[union-attr]
            norm.running_var.uniform_(0.5, 2)  # type: ignore[union-attr]
    model.eval()
    fold_batch_norms(model)
    return model


@pytest.mark.parametrize("name", CATALOG)
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_a_network_gives_the_same_logits(name: str, memory_format: torch.memory_format) -> None:
    plain = lively(build_model(name, 3, 4)).to(memory_format=memory_format)
    suited = copy.deepcopy(plain)
    optimize_for_cpu(suited)
    pictures = torch.randn(1, 3, 70, 50).to(memory_format=memory_format)
    with torch.inference_mode():
        assert torch.allclose(suited(pictures), plain(pictures), atol=1e-4)


def test_every_activation_goes_with_its_convolution() -> None:
    model = lively(build_model("unet16", 3, 4))
    optimize_for_cpu(model)
    layers = list(model.modules())
    assert not [layer for layer in layers if isinstance(layer, nn.MaxPool2d)]
    assert sum(isinstance(layer, SplitUpBlock) for layer in layers) == 4
    assert sum(isinstance(layer, OneDnnConvolution) for layer in layers) == 10 + 4 * 2


def test_without_these_calls_pytorchs_own_layers_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fused_layers, "_ops", lambda: None)
    model = lively(build_model("unet16", 3, 4))
    optimize_for_cpu(model)
    assert not [layer for layer in model.modules() if isinstance(layer, OneDnnConvolution | SplitUpBlock)]
    with torch.inference_mode():
        assert model(torch.zeros(1, 3, 32, 32)).shape == (1, 4, 32, 32)


@settings(deadline=None)
@given(st.integers(1, 6), st.integers(1, 6), st.booleans(), st.booleans())
def test_doubling_and_a_convolution_are_one_call(height: int, width: int, first_bias: bool, second_bias: bool) -> None:
    doubling = nn.ConvTranspose2d(6, 5, 2, 2, bias=first_bias)
    convolution = nn.Conv2d(5, 4, 3, padding=1, bias=second_bias)
    features = torch.randn(2, 6, height, width)
    with torch.inference_mode():
        expected = convolution(doubling(features))
        assert torch.allclose(FusedUpConv2x(doubling, convolution)(features), expected, atol=1e-5)


@given(st.integers(2, 20), st.integers(2, 20))
def test_the_largest_of_each_four(height: int, width: int) -> None:
    features = torch.randn(2, 3, height, width)
    assert torch.equal(MaxPool2x2()(features), nn.MaxPool2d(2)(features))
