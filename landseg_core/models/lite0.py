"""A U-Net with EfficientNet-Lite0 as encoder: small, fast, and pretrained on a million photographs.

Tan, Le: "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019; the Lite variants leave
out squeeze-and-excite and use ReLU6 (https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from landseg_core.models.blocks import DoubleConv, padded_to_multiple
from landseg_core.models.cpu.depthwise import DepthwiseConv

_NORM_EPSILON, _NORM_MOMENTUM = 1e-3, 0.01  # those of the published weights


class _Stage(NamedTuple):
    """Blocks of one width: the first has the stride; `expansion` is the width inside a block over that before it."""

    kernel: int
    stride: int
    expansion: int
    width: int
    repeats: int


STEM_WIDTH = 32
_STAGES = (
    _Stage(3, 1, 1, 16, 1),
    _Stage(3, 2, 6, 24, 2),
    _Stage(5, 2, 6, 40, 2),
    _Stage(3, 2, 6, 80, 3),
    _Stage(5, 1, 6, 112, 3),
    _Stage(5, 2, 6, 192, 4),
    _Stage(3, 1, 6, 320, 1),
)
_LEVELS = ((0,), (1,), (2,), (3, 4), (5, 6))
"""The stages at half the size, a quarter, and so on; the last of each level is the skip connection."""
SKIP_WIDTHS = tuple(_STAGES[level[-1]].width for level in _LEVELS)
UP_WIDTHS = (128, 96, 64, 48)
"""Channels of the decoder, from the smallest size to half the image's."""


class InvertedResidual(nn.Module):
    """1x1 expansion, depthwise convolution, 1x1 projection (Sandler et al.: "MobileNetV2", CVPR 2018)."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = inputs * expansion
        widen = _normed(nn.Conv2d(inputs, inner, 1, bias=False)) if expansion > 1 else []
        narrow = _normed(nn.Conv2d(inner, outputs, 1, bias=False))[:2]  # the projection has no activation
        self.layers = nn.Sequential(*widen, *_normed(DepthwiseConv(inner, kernel, stride)), *narrow)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return (N, outputs, H / stride, W / stride) of (N, inputs, H, W)."""
        result: torch.Tensor = self.layers(features)
        return features + result if self.residual else result


def _normed(convolution: nn.Conv2d) -> list[nn.Module]:
    """Return the convolution, its batch norm and ReLU6."""
    norm = nn.BatchNorm2d(convolution.out_channels, eps=_NORM_EPSILON, momentum=_NORM_MOMENTUM)
    return [convolution, norm, nn.ReLU6(inplace=True)]


class Lite0Encoder(nn.Module):
    """The stem and the blocks of EfficientNet-Lite0, without its head for classification."""

    def __init__(self, bands: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(*_normed(nn.Conv2d(bands, STEM_WIDTH, 3, stride=2, padding=1, bias=False)))
        widths = (STEM_WIDTH, *(stage.width for stage in _STAGES))
        stages = [nn.Sequential(*_blocks(stage, width)) for stage, width in zip(_STAGES, widths, strict=False)]
        self.levels = nn.ModuleList(nn.Sequential(*(stages[number] for number in level)) for level in _LEVELS)

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        """Return the features (N, `SKIP_WIDTHS`, H, W) at 1/2, 1/4, 1/8, 1/16 and 1/32 of the size of `images`."""
        features = self.stem(images)
        found = []
        for level in self.levels:
            features = level(features)
            found.append(features)
        return found


def _blocks(stage: _Stage, inputs: int) -> Iterator[InvertedResidual]:
    for number in range(stage.repeats):
        first = number == 0
        yield InvertedResidual(
            inputs if first else stage.width, stage.width, stage.kernel, stage.stride if first else 1, stage.expansion
        )


class Lite0UNet(nn.Module):
    """A U-Net on EfficientNet-Lite0: (N, bands, H, W) float of any size to logits (N, classes, H, W).

    The decoder ends at half the size; the logits are upsampled bilinearly. Labels are seldom finer than two pixels, and
    the last stage of a full decoder would take as long as all others together.
    """

    def __init__(self, bands: int, classes: int) -> None:
        super().__init__()
        self.encoder = Lite0Encoder(bands)
        below = (SKIP_WIDTHS[-1], *UP_WIDTHS)
        skips = reversed(SKIP_WIDTHS[:-1])
        self.up_arm = nn.ModuleList(
            DoubleConv(inputs + skip, outputs) for inputs, skip, outputs in zip(below, skips, UP_WIDTHS, strict=False)
        )
        self.head = nn.Conv2d(UP_WIDTHS[-1], classes, kernel_size=1)

    @property
    def stride(self) -> int:
        """Return the side of the deepest stage's pixels in px: windows at multiples of it share a pooling grid."""
        return 1 << len(_LEVELS)

    @property
    def radius(self) -> int:
        """Return how far, in px along an axis, an input pixel can influence the output, at most.

        Each convolution reaches half its kernel at its own scale; upsampling mixes a pixel with its neighbours.
        """
        down = _encoder_radius(_STAGES)
        up = sum(2 * (1 << level) + (1 << (level + 1)) for level in range(1, len(_LEVELS)))
        return down + up + 2 + self.stride - 1

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the logits (N, classes, H, W) of `images` (N, bands, H, W)."""
        height, width = images.shape[-2:]
        # In training, a norm needs more than one pixel at the deepest stage, also for a single small chip.
        at_least = 2 * self.stride if self.training else 0
        *skips, features = self.encoder(padded_to_multiple(images, self.stride, at_least))
        for block in self.up_arm:
            features = block(torch.cat([skips.pop(), _upsampled(features)], dim=1))
        return _upsampled(self.head(features))[..., :height, :width]


def _encoder_radius(stages: Sequence[_Stage]) -> int:
    """Return how far, in px, an input pixel can influence the features after the stem and some of the `stages`."""
    radius, size = 1, 2  # those of the stem
    for stage in stages:
        narrower = size * stage.stride
        radius += stage.kernel // 2 * (size + (stage.repeats - 1) * narrower)
        size = narrower
    return radius


def _upsampled(features: torch.Tensor) -> torch.Tensor:
    upsampled = functional.interpolate(features, scale_factor=2.0, mode="bilinear", align_corners=False)
    if upsampled.requires_grad and upsampled.is_contiguous(memory_format=torch.channels_last):
        # Its gradient is a slice of a wider tensor, for which a CPU only has a routine that is ten times slower.
        upsampled.register_hook(_contiguous)  # type: ignore[no-untyped-call]
    return upsampled


def _contiguous(gradient: torch.Tensor) -> torch.Tensor:
    return gradient.contiguous(memory_format=torch.channels_last)
