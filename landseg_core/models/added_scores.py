"""A network with scores that something else adds to its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import torch
from torch import nn

if TYPE_CHECKING:
    from landseg_core.models.catalog import SegmentationModel


class ScoreAddition(Protocol):
    """Computes scores that are added to those of a network; `radius` px around a pixel can influence its scores."""

    @property
    def radius(self) -> int:
        """Return the radius in px."""

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """Return float32 scores (N, K, H, W) of normalised (N, C, H, W) `images`, on their device."""


class AddedScores(nn.Module):
    """A network whose logits are those of `model` plus what `addition` computes from the same images."""

    def __init__(self, model: SegmentationModel, addition: ScoreAddition) -> None:
        super().__init__()
        self.model, self.addition = model, addition
        self.stride: int = model.stride
        self.radius: int = max(model.radius, addition.radius)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the logits (N, K, H, W), float32, of normalised (N, C, H, W) `images`."""
        logits: torch.Tensor = self.model(images)
        return logits.float() + self.addition(images)
