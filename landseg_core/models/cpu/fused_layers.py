"""Layers that compute the same as PyTorch's own on a CPU, in fewer passes over memory."""

from __future__ import annotations

import copy
from itertools import pairwise, product
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from landseg_core.models.blocks import UpBlock

_ONE_CALL: dict[type, tuple[str, list[float]]] = {
    type(None): ("none", []),
    nn.ReLU: ("relu", []),
    nn.ReLU6: ("hardtanh", [0.0, 6.0]),
}
"""oneDNN's names of activations, and their parameters."""


class OneDnnConvolution(nn.Module):
    """A convolution and its activation in one call of oneDNN, as `torch.compile` would fuse them."""

    def __init__(self, convolution: nn.Conv2d, activation: nn.Module | None = None) -> None:
        super().__init__()
        self.convolution = convolution
        self._name, self._numbers = _ONE_CALL[type(activation)]

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return (N, outputs, H', W') of (N, inputs, H, W)."""
        arguments = (*self._shape(), self._name, self._numbers, "")
        result: torch.Tensor = _ops()._convolution_pointwise(features, *self._numbers_of(), *arguments)
        return result

    def add_to(self, total: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
        """Return activation(`total` + convolution(`features`)), in the memory of `total`."""
        arguments = (*self._shape(), "add", 1.0, self._name, self._numbers, "")
        result: torch.Tensor = _ops()._convolution_pointwise_.binary(total, features, *self._numbers_of(), *arguments)
        return result

    def _numbers_of(self) -> tuple[torch.Tensor, torch.Tensor | None]:
        return self.convolution.weight, self.convolution.bias

    def _shape(self) -> tuple[object, ...]:
        own = self.convolution
        return own.padding, own.stride, own.dilation, own.groups


_THIRDS = (slice(0, 1), slice(1, -1), slice(-1, None))
_BORDER = [part for part in product(range(3), repeat=2) if part != (1, 1)]


class FusedUpConv2x(nn.Module):
    """A transposed convolution that doubles the size, and the 3x3 convolution of its output, in one call.

    Both are linear, with nothing between them, so they are one transposed convolution of 4x4. Each pixel is computed
    from four small ones: that takes a quarter fewer operations than both, without the tensor between them.
    """

    at_edges: torch.Tensor

    def __init__(self, doubling: nn.ConvTranspose2d, convolution: nn.Conv2d) -> None:
        super().__init__()
        inputs, outputs = doubling.in_channels, convolution.out_channels
        self.both = nn.ConvTranspose2d(inputs, outputs, kernel_size=4, stride=2, padding=1)
        weight = torch.zeros(inputs, outputs, 4, 4)
        turned = convolution.weight.detach().flip(2, 3)
        for down, across in product(range(2), repeat=2):
            part = torch.einsum("im,omyx->ioyx", doubling.weight.detach()[:, :, down, across], turned)
            weight[:, :, down : down + 3, across : across + 3] += part
        self.both.weight = nn.Parameter(weight)
        # The first one's bias as the second one transforms it: in the middle, at the four edges and in the corners.
        bias = torch.zeros(doubling.out_channels) if doubling.bias is None else doubling.bias.detach()
        spread = functional.conv2d(bias[:, None, None].expand(-1, 3, 3)[None], convolution.weight.detach(), padding=1)[
            0
        ]
        own = 0 if convolution.bias is None else convolution.bias.detach()
        self.both.bias = nn.Parameter(spread[:, 1, 1] + own)
        self.register_buffer("at_edges", spread - spread[:, 1:2, 1:2])

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return (N, outputs, 2H, 2W) of (N, inputs, H, W)."""
        result: torch.Tensor = self.both(features)
        for down, across in _BORDER:
            result[..., _THIRDS[down], _THIRDS[across]] += self.at_edges[:, down, across, None, None]
        return result


class SplitUpBlock(nn.Module):
    """An `UpBlock` that does not concatenate skip and features: their convolution is the sum of one of each.

    That saves a pass over memory, and as much memory as both need.
    """

    def __init__(self, block: UpBlock) -> None:
        super().__init__()
        first, second = (layer for layer in block.conv if isinstance(layer, nn.Conv2d))
        width = first.in_channels // 2
        self.of_features = FusedUpConv2x(block.up, _part(first, slice(width, None), bias=False))
        self.of_skip = OneDnnConvolution(_part(first, slice(None, width)), nn.ReLU())
        self.second = OneDnnConvolution(second, nn.ReLU())

    def forward(self, features: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
        """Return the features at the skip's size."""
        result: torch.Tensor = self.second(self.of_skip.add_to(self.of_features(features), skip))
        return result


def _part(convolution: nn.Conv2d, inputs: slice, *, bias: bool = True) -> nn.Conv2d:
    """Return the convolution of some of the inputs alone."""
    part = copy.copy(convolution)
    part._parameters = dict(convolution._parameters)
    part.weight = nn.Parameter(convolution.weight.detach()[:, inputs].clone())
    if not bias:
        part.bias = None
    return part


class MaxPool2x2(nn.Module):
    """The maximum of each 2 x 2 px: `nn.MaxPool2d(2)` without the indices of the maxima, of 8 bytes each."""

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return (N, C, H // 2, W // 2) of (N, C, H, W)."""
        height, width = (side // 2 * 2 for side in features.shape[-2:])
        rows = torch.maximum(features[..., 0:height:2, :width], features[..., 1:height:2, :width])
        return torch.maximum(rows[..., 0::2], rows[..., 1::2])


def optimize_for_cpu(model: nn.Module) -> None:
    """Replace PyTorch's layers by those of this module, as far as this PyTorch can run them.

    Batch norms must have been folded: see `fold_batch_norms`. The network cannot be trained afterwards.
    """
    for module in list(model.modules()):
        for name, child in module.named_children():
            setattr(module, name, _optimized(child))


def _optimized(layer: nn.Module) -> nn.Module:
    if isinstance(layer, nn.MaxPool2d) and (layer.kernel_size, layer.stride, layer.padding) == (2, 2, 0):
        return MaxPool2x2()
    if hasattr(_ops(), "_convolution_pointwise_"):
        if isinstance(layer, UpBlock):
            return SplitUpBlock(layer)
        if isinstance(layer, nn.Sequential):
            _fuse_activations(layer)
    return layer


def _ops() -> Any:
    return torch.ops.mkldnn


def _fuse_activations(sequence: nn.Sequential) -> None:
    """Fuse each activation with the convolution before it."""
    layers = [(index, layer) for index, layer in enumerate(sequence) if not isinstance(layer, nn.Identity)]
    for (index, layer), (next_index, activation) in pairwise(layers):
        if isinstance(layer, nn.Conv2d) and type(activation) in _ONE_CALL:
            sequence[index] = OneDnnConvolution(layer, activation)
            sequence[next_index] = nn.Identity()
