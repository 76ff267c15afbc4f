from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from landseg_core.models.cpu.upconv import UpConv2x


def gradients(layer: nn.Module, features: torch.Tensor, upstream: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Of the layer's output times `upstream`, by features, weight and bias."""
    result = (layer(features) * upstream).sum()
    return torch.autograd.grad(result, (features, *layer.parameters()))


@pytest.mark.parametrize("memory_format", [torch.channels_last, torch.contiguous_format])
def test_bf16_gradients_are_those_of_float64(memory_format: torch.memory_format) -> None:
    torch.manual_seed(0)
    layer, exact = UpConv2x(6, 3), nn.ConvTranspose2d(6, 3, 2, 2).double()
    # What both start from is the same: bf16 numbers.
    for own, other in zip(layer.parameters(), exact.parameters(), strict=True):
        own.data = own.data.bfloat16().float()
        other.data = own.data.double()
    features = torch.randn(2, 6, 5, 4).bfloat16().contiguous(memory_format=memory_format).requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        upstream = torch.randn_like(layer(features))
        found = gradients(layer, features, upstream)
    wanted = gradients(exact, features.detach().double().requires_grad_(), upstream.double())
    assert [gradient.dtype for gradient in found] == [torch.bfloat16, torch.float32, torch.float32]
    for own, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(own.double(), other, rtol=1e-2, atol=5e-2)


@pytest.mark.parametrize("learning", [True, False])
def test_it_gives_what_a_plain_transposed_convolution_gives(learning: bool) -> None:
    layer, features = UpConv2x(5, 4), torch.randn(2, 5, 3, 6).bfloat16()
    with torch.autocast("cpu", torch.bfloat16), torch.set_grad_enabled(learning):
        found = layer(features)
        plain = functional.conv_transpose2d(features, layer.weight, layer.bias, stride=2)
    assert torch.equal(found, plain)
    assert found.requires_grad is learning


def test_frozen_weights_get_no_gradient() -> None:
    layer = UpConv2x(4, 2).requires_grad_(requires_grad=False)
    features = torch.randn(1, 4, 8, 8).bfloat16().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        layer(features).sum().backward()
    assert layer.weight.grad is None
    assert features.grad is not None


def test_float32_is_left_to_torch() -> None:
    assert "Convolution" in type(UpConv2x(4, 2)(torch.randn(1, 4, 8, 8)).grad_fn).__name__
