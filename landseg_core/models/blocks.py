"""The building blocks of a U-Net, and the padding up to a size that it can halve."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from landseg_core.models.cpu.upconv import DoublingConv


def padded_to_multiple(pictures: torch.Tensor, multiple: int, at_least: int = 0) -> torch.Tensor:
    """Return (N, C, H, W) `pictures` continued at the right and bottom up to the next multiple of `multiple` px.

    Height and width are `at_least` px in the end, which is a multiple as well.

    The edge pixels are repeated: zeros would draw an edge that is not in the picture, and a mirror needs a picture
    larger than the padding, where this takes even a single pixel.
    """
    height, width = pictures.shape[-2:]
    right, bottom = -width % multiple, -height % multiple
    if at_least:
        right, bottom = max(right, at_least - width), max(bottom, at_least - height)
    if not (right or bottom):
        return pictures
    return functional.pad(pictures, (0, right, 0, bottom), mode="replicate")


class DoubleConv(nn.Sequential):
    """(3x3 convolution, batch norm, ReLU) twice: (N, inputs, H, W) to (N, outputs, H, W)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(*_conv_norm_relu(inputs, outputs), *_conv_norm_relu(outputs, outputs))


def _conv_norm_relu(inputs: int, outputs: int) -> list[nn.Module]:
    # No bias: the batch norm that follows would take it away again.
    return [
        nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    ]


class UpBlock(nn.Module):
    """Double the size by a transposed convolution, put the skip connection beside it, then a `DoubleConv`."""

    def __init__(self, channels: int) -> None:
        """Take (N, 2 * channels, H, W) and a skip of (N, channels, 2H, 2W); give (N, channels, 2H, 2W)."""
        super().__init__()
        self.up = DoublingConv(2 * channels, channels)
        self.conv = DoubleConv(2 * channels, channels)

    def forward(self, features: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
        """Return the features at the skip's size."""
        joined: torch.Tensor = self.conv(torch.cat([skip, self.up(features)], dim=1))
        return joined
