"""Normalises pixel values to the input of a network."""

from __future__ import annotations

import torch
from torch import nn

from landseg_core.models.normalisation import Normalisation

_FAR = 10.0


class InputNormaliser(nn.Module):
    """Computes `(pixel - mean) / std` per band, clipped to 10 deviations: (N, C, H, W) of any type to float32.

    The bound keeps single outliers, such as a nodata value that the file does not declare, from dominating the features
    around them. Values that are not finite become the mean.
    """

    def __init__(self, normalisation: Normalisation) -> None:
        super().__init__()
        self.mean: torch.Tensor
        self.scale: torch.Tensor
        self.register_buffer("mean", torch.tensor(normalisation.mean, dtype=torch.float32).view(-1, 1, 1))
        self.register_buffer("scale", 1 / torch.tensor(normalisation.std, dtype=torch.float32).view(-1, 1, 1))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return `pixels` normalised, as a new tensor."""
        values = pixels.to(torch.float32, copy=True).sub_(self.mean).mul_(self.scale)
        return values.nan_to_num_(nan=0.0).clamp_(-_FAR, _FAR)
