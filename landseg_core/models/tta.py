"""Test-time augmentation by 90-degree rotations, for a map that does not depend on the orientation of the image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from landseg_core.models.blocks import padded_to_multiple

if TYPE_CHECKING:
    from landseg_core.models.catalog import SegmentationModel


class TtaNetwork(nn.Module):
    """A trained network that returns the mean probabilities over four 90-degree rotations of its input.

    It replaces the network: the softmax of its logits is that mean. A prediction takes four times as long.
    """

    def __init__(self, model: SegmentationModel) -> None:
        super().__init__()
        self.model = model
        self.stride: int = model.stride
        self.radius: int = model.radius

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the logits (N, K, H, W), float32, of normalised (N, C, H, W) `images`."""
        height, width = images.shape[-2:]
        whole = padded_to_multiple(images, self.stride)  # otherwise rotation would shift the pooling grid
        total = self._probabilities(whole, 0)
        for quarters in (1, 2, 3):
            total += self._probabilities(whole, quarters)
        mean = total[..., :height, :width] / 4
        return mean.clamp_min(torch.finfo(mean.dtype).tiny).log()  # no logit is ever minus infinity

    def _probabilities(self, images: torch.Tensor, quarters: int) -> torch.Tensor:
        logits: torch.Tensor = self.model(rotated(images, quarters))
        return rotated(logits.float().softmax(dim=1), 4 - quarters)


def rotated(images: torch.Tensor, quarters: int) -> torch.Tensor:
    """Return (..., H, W) `images` rotated anticlockwise by 0 to 4 `quarters`.

    The same as `torch.rot90`, for which ONNX has no operator.
    """
    if quarters in (1, 3):
        images = images.transpose(-2, -1)
    flips = {1: (-2,), 2: (-2, -1), 3: (-1,)}
    return images.flip(flips[quarters]) if quarters in flips else images


def with_tta(model: SegmentationModel, tta: bool) -> SegmentationModel:
    """Return `model`, or with `tta` the network that averages over its rotations."""
    return TtaNetwork(model) if tta else model
