"""The U-Net (Ronneberger, Fischer, Brox: "U-Net", MICCAI 2015), with batch norm and padded convolutions."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn

from landseg_core.models.blocks import DoubleConv, UpBlock, padded_to_multiple


class UNet(nn.Module):
    """A U-Net of `depth` stages with `base` channels in the first; each stage halves the size, doubles the channels.

    It maps images of any size, (N, bands, H, W) float, to logits (N, classes, H, W).
    """

    def __init__(self, bands: int, classes: int, base: int, depth: int = 4) -> None:
        super().__init__()
        widths = [base << stage for stage in range(depth + 1)]
        self.depth = depth
        self.down_arm = nn.ModuleList(DoubleConv(i, o) for i, o in pairwise([bands, *widths]))
        self.up_arm = nn.ModuleList(UpBlock(width) for width in reversed(widths[:-1]))
        self.pool = nn.MaxPool2d(kernel_size=2)
        self.head = nn.Conv2d(base, classes, kernel_size=1)

    @property
    def stride(self) -> int:
        """Return the side of the deepest stage's pixels in px: windows at multiples of it share a pooling grid."""
        return 1 << self.depth

    @property
    def radius(self) -> int:
        """Return how far, in px along an axis, an input pixel can influence the output.

        Each 3x3 convolution reaches one pixel of its stage, 2**stage px: there are two in encoder and decoder each, but
        only two at the bottom. Pooling and its inverse link a pixel to all of its deepest pixel: 2**depth - 1 more.
        """
        arms = sum(4 << stage for stage in range(self.depth))
        bottom = 2 << self.depth
        return arms + bottom + self.stride - 1

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the logits (N, classes, H, W) of `images` (N, bands, H, W)."""
        height, width = images.shape[-2:]
        features = padded_to_multiple(images, self.stride)
        skips: list[torch.Tensor] = []
        for stage, block in enumerate(self.down_arm):
            features = block(self.pool(features) if stage else features)
            skips.append(features)
        skips.pop()
        for block in self.up_arm:
            features = block(features, skips.pop())
        logits: torch.Tensor = self.head(features)
        return logits[..., :height, :width]
