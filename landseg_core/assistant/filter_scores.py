"""Scores that are linear in the filters of an image: the part of a correction that is not in the network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from landseg_core.assistant.feature_maps import FeatureMap, enlarged
from landseg_core.assistant.filters import ALIGNMENT, MARGIN, filter_maps

Planes = npt.NDArray[np.float32]


def padded_filter_maps(pixels: Planes) -> list[FeatureMap]:
    """Return the filters of normalised (C, H, W) pixels with `ALIGNMENT` px without data around them.

    All pixels count as data, as they do for a network: what the raster has no data for is 0 in both.
    """
    around = [(0, 0), (ALIGNMENT, ALIGNMENT), (ALIGNMENT, ALIGNMENT)]
    return filter_maps(np.pad(pixels, around), np.pad(np.ones(pixels.shape[1:], np.bool_), around[1:]))


@dataclass(frozen=True, eq=False)
class FilterScores:
    """Adds scores to those of a network, see `ScoreAddition`: `weights` are (K, F) float32.

    It runs on the CPU, whatever the device of the network, in a single thread.
    """

    weights: Planes
    radius: int = MARGIN

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """Return (N, K, H, W) scores of normalised (N, C, H, W) `images`."""
        scores = np.stack([self._scores(image) for image in images.detach().float().cpu().numpy()])
        return torch.from_numpy(scores).to(images.device)

    def _scores(self, pixels: Planes) -> Planes:
        # Weights first: then a few scores are enlarged, not all filters.
        height, width = pixels.shape[1:]
        rows, columns = slice(ALIGNMENT, ALIGNMENT + height), slice(ALIGNMENT, ALIGNMENT + width)
        total = np.zeros((len(self.weights), height, width), np.float32)
        for weights, found in self._weighted(padded_filter_maps(pixels)):
            scores = np.tensordot(weights, found.values, 1)
            total += enlarged(FeatureMap(found.stride, scores))[:, rows, columns]
        return total

    def _weighted(self, maps: list[FeatureMap]) -> Iterator[tuple[Planes, FeatureMap]]:
        first = 0
        for found in maps:
            last = first + len(found.values)
            yield self.weights[:, first:last], found
            first = last
