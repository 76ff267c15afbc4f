"""Looks at a picture turned four ways, for a map that does not depend on where north is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from landseg_core.models.blocks import padded_to_multiple

if TYPE_CHECKING:
    from landseg_core.models.catalog import SegmentationModel


class TurnAverage(nn.Module):
    """A trained network that answers with the mean probabilities of four quarter turns of its input.

    It stands where the network stood: the softmax of its logits is that mean. A prediction takes four times as long.
    The method is known as test-time augmentation.
    """

    def __init__(self, model: SegmentationModel) -> None:
        super().__init__()
        self.model = model
        self.multiple: int = model.multiple
        self.reach: int = model.reach

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return the logits (N, K, H, W), float32, of normalised (N, C, H, W) `pictures`."""
        height, width = pictures.shape[-2:]
        whole = padded_to_multiple(pictures, self.multiple)  # else the pooling grid would lie elsewhere once turned
        total = self._probabilities(whole, 0)
        for quarters in (1, 2, 3):
            total += self._probabilities(whole, quarters)
        seen = total[..., :height, :width] / 4
        return seen.clamp_min(torch.finfo(seen.dtype).tiny).log()  # no class is ever at minus infinity

    def _probabilities(self, pictures: torch.Tensor, quarters: int) -> torch.Tensor:
        logits: torch.Tensor = self.model(turned(pictures, quarters))
        return turned(logits.float().softmax(dim=1), 4 - quarters)


def turned(pictures: torch.Tensor, quarters: int) -> torch.Tensor:
    """Return (..., H, W) `pictures` turned anticlockwise by 0 to 4 `quarters`.

    As `torch.rot90` does, for which ONNX has no operator.
    """
    if quarters in (1, 3):
        pictures = pictures.transpose(-2, -1)
    flips = {1: (-2,), 2: (-2, -1), 3: (-1,)}
    return pictures.flip(flips[quarters]) if quarters in flips else pictures


def averaged(model: SegmentationModel, quarter_turns: bool) -> SegmentationModel:
    """Return `model`, or with `quarter_turns` what averages over them."""
    return TurnAverage(model) if quarter_turns else model
