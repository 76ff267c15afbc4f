"""The building blocks of a U-Net, and the padding to a size that it can halve."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from landseg_core.models.cpu.upconv import UpConv2x


def padded_to_multiple(images: torch.Tensor, multiple: int, at_least: int = 0) -> torch.Tensor:
    """Return (N, C, H, W) `images` padded at the right and bottom to the next multiple of `multiple` px.

    Height and width become at least `at_least` px, which is a multiple as well.

    The edge pixels are repeated: zeros would create an edge that is not in the image, and reflection needs an image
    larger than the padding, whereas this works even with a single pixel.
    """
    height, width = images.shape[-2:]
    right, bottom = -width % multiple, -height % multiple
    if at_least:
        right, bottom = max(right, at_least - width), max(bottom, at_least - height)
    if not (right or bottom):
        return images
    return functional.pad(images, (0, right, 0, bottom), mode="replicate")


class DoubleConv(nn.Sequential):
    """(3x3 convolution, batch norm, ReLU) twice: (N, inputs, H, W) to (N, outputs, H, W)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(*_conv_norm_relu(inputs, outputs), *_conv_norm_relu(outputs, outputs))


def _conv_norm_relu(inputs: int, outputs: int) -> list[nn.Module]:
    # No bias: the batch norm that follows would remove it again.
    return [
        nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    ]


class UpBlock(nn.Module):
    """Doubles the size by a transposed convolution, concatenates the skip connection, then a `DoubleConv`."""

    def __init__(self, channels: int) -> None:
        """Build the block from (N, 2 * channels, H, W) and a skip of (N, channels, 2H, 2W) to (N, channels, 2H, 2W)."""
        super().__init__()
        self.up = UpConv2x(2 * channels, channels)
        self.conv = DoubleConv(2 * channels, channels)

    def forward(self, features: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
        """Return the features at the skip's size."""
        joined: torch.Tensor = self.conv(torch.cat([skip, self.up(features)], dim=1))
        return joined
