"""The building blocks of a U-Net."""

from __future__ import annotations

import torch
from torch import nn

from landseg_core.models.cpu.upconv import DoublingConv


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
