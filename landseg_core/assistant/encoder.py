"""The first levels of a pretrained encoder: what a network has learnt to see in edges, textures and small objects.

Deeper levels know more, but have many more channels than a few labels can weigh, and give worse maps.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from landseg_core.assistant.feature_maps import FeatureMap
from landseg_core.compute.devices import precision_for
from landseg_core.models.cpu.folding import fold_batch_norms
from landseg_core.models.cpu.fused_layers import optimize_for_cpu
from landseg_core.models.lite0 import Lite0Encoder
from landseg_core.models.pretrained import load_pretrained

LEVELS = 3
"""Those at 1/2, 1/4 and 1/8 of the image's size."""
ALIGNMENT = 1 << LEVELS
"""Windows whose origin is a multiple of so many px have the same features as the whole image."""
WEIGHT = 0.3
"""How much they count in a suggestion beside filters: with few labels, more gives worse maps."""
MARGIN = 40
"""Px around a window that can influence its features: those of the convolutions, and up to `ALIGNMENT`."""


class EncoderFeatures:
    """Computes the features of one encoder on the CPU; safe from any thread."""

    def __init__(self, encoder: Lite0Encoder) -> None:
        """Use the first levels of `encoder`, which is changed: it cannot be trained afterwards."""
        arithmetic = precision_for(torch.device("cpu"))
        self._dtype, self._format = arithmetic.dtype or torch.float32, arithmetic.memory_format
        network = nn.ModuleList([encoder.stem, *encoder.levels[:LEVELS]]).eval()
        fold_batch_norms(network)
        optimize_for_cpu(network)
        self._stem, *self._levels = network.to(self._dtype).to(memory_format=self._format)  # type: ignore[call-overload]

    def maps(self, pixels: npt.NDArray[np.float32], valid: npt.NDArray[np.bool_]) -> list[FeatureMap]:
        """Return the features at 1/2, 1/4 and 1/8 of the size of (C, H, W) normalised pixels.

        Pixels without data are as the mean of the image, and so is what is beyond the array. A window with `MARGIN` px
        around it has, inside of the margin, the features of the whole image with such a margin.
        """
        known = np.where(valid, pixels, np.float32(0))[np.newaxis]
        with torch.inference_mode():
            features = torch.from_numpy(known).to(self._dtype).contiguous(memory_format=self._format)
            features = self._stem(features)
            maps = []
            for number, level in enumerate(self._levels, start=1):
                features = level(features)
                maps.append(FeatureMap(1 << number, features[0].float().contiguous().numpy(), WEIGHT))
            return maps


def pretrained_features(bands: int) -> EncoderFeatures:
    """Return the features by the encoder with ImageNet weights, adapted to so many bands.

    Raises:
        ModelError: the weights are not installed.
    """
    encoder = Lite0Encoder(bands)
    load_pretrained(encoder)
    return EncoderFeatures(encoder)
