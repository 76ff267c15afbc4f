from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from landseg_core.models.cpu.depthwise import DepthwiseConv

SHAPES = pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (3, 2), (5, 1), (5, 2)])


def gradients(
    features: torch.Tensor, layer: nn.Module, weight: torch.Tensor, upstream: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Of the layer's output times `upstream`, by features and weight."""
    result = (layer(features) * upstream).sum()
    of_features, of_weight = torch.autograd.grad(result, (features, weight))
    return of_features, of_weight


@SHAPES
def test_bf16_gradients_are_those_of_float64(kernel: int, stride: int) -> None:
    torch.manual_seed(0)
    layer = DepthwiseConv(6, kernel, stride)
    features = torch.randn(2, 6, 14, 11).bfloat16().contiguous(memory_format=torch.channels_last).requires_grad_()
    exact = nn.Conv2d(6, 6, kernel, stride, kernel // 2, groups=6, bias=False).double()
    # What both start from is the same: bf16 numbers.
    layer.weight.data = layer.weight.data.bfloat16().float()
    exact.weight.data = layer.weight.data.double()
    with torch.autocast("cpu", torch.bfloat16):
        upstream = torch.randn_like(layer(features))
        found = gradients(features, layer, layer.weight, upstream)
    wanted_features = features.detach().double().requires_grad_()
    wanted = gradients(wanted_features, exact, exact.weight, upstream.double())
    assert found[0].dtype == torch.bfloat16
    assert found[1].dtype == torch.float32
    torch.testing.assert_close(found[0].double(), wanted[0], rtol=1e-2, atol=1e-2)
    # Summed up in float32, to more than bf16's eight bits.
    torch.testing.assert_close(found[1].double(), wanted[1], rtol=1e-4, atol=1e-4)


@SHAPES
@pytest.mark.parametrize("learning", [True, False])
def test_it_gives_what_a_plain_convolution_gives(kernel: int, stride: int, learning: bool) -> None:
    layer = DepthwiseConv(5, kernel, stride)
    features = torch.randn(2, 5, 9, 12).bfloat16()
    with torch.autocast("cpu", torch.bfloat16), torch.set_grad_enabled(learning):
        found = layer(features)
        plain = functional.conv2d(features, layer.weight, stride=stride, padding=kernel // 2, groups=5)
    assert found.dtype == torch.bfloat16
    assert torch.equal(found, plain)
    assert found.requires_grad is learning


def test_frozen_weights_get_no_gradient() -> None:
    layer = DepthwiseConv(4, 3)
    layer.weight.requires_grad = False
    features = torch.randn(1, 4, 8, 8).bfloat16().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        layer(features).sum().backward()
    assert layer.weight.grad is None
    assert features.grad is not None


def test_float32_is_left_to_torch() -> None:
    layer = DepthwiseConv(4, 3)
    assert "Convolution" in type(layer(torch.randn(1, 4, 8, 8)).grad_fn).__name__
