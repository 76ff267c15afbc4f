"""Geometric augmentation of chips: the eight symmetries of a square, and scale; pixels and labels together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

SYMMETRIES = 8
_RESIZABLE = {"uint8", "uint16", "int16", "float32", "float64"}
"""The types that OpenCV resizes as they are."""


def apply_symmetry(array: npt.NDArray[Any], symmetry: int) -> npt.NDArray[Any]:
    """Return `array` (..., S, S) under symmetry 0-7: bits 0-1 rotate it, bit 2 mirrors left to right first."""
    mirrored = array[..., ::-1] if symmetry & 4 else array
    return np.rot90(mirrored, symmetry & 3, axes=(-2, -1))


def resized_pixels(pixels: npt.NDArray[Any], side: int) -> npt.NDArray[Any]:
    """Return (C, S, S) pixels as (C, side, side): averaged where smaller, bilinear where larger."""
    if pixels.shape[-1] == side:
        return pixels
    method = cv2.INTER_AREA if pixels.shape[-1] > side else cv2.INTER_LINEAR
    bands = pixels if pixels.dtype.name in _RESIZABLE else pixels.astype(np.float64)
    resized = np.stack([cv2.resize(band, (side, side), interpolation=method) for band in bands])
    return resized.astype(pixels.dtype, copy=False)


def resized_labels(labels: npt.NDArray[np.uint8], side: int) -> npt.NDArray[np.uint8]:
    """Return (S, S) labels as (side, side): each takes the class at its centre."""
    if labels.shape[-1] == side:
        return labels
    centres = ((np.arange(side) + 0.5) * labels.shape[-1] / side).astype(np.intp)
    rows: npt.NDArray[np.uint8] = labels[centres]
    return rows[:, centres]  # one axis after the other: several times faster than both at once


@dataclass(frozen=True)
class Geometry:
    """How chips are drawn: flipped, rotated, and scaled by a random factor in `scale` (low, high)."""

    flips: bool = False
    rotations: bool = False
    scale: tuple[float, float] = (1.0, 1.0)

    def window_side(self, size: int, rng: np.random.Generator) -> int:
        """Return the side, in px of the image, of the window that becomes a chip of `size` px."""
        low, high = (math.log(factor) for factor in self.scale)
        return max(1, round(size / math.exp(rng.uniform(low, high))))

    def symmetry(self, rng: np.random.Generator) -> int:
        """Return one of the symmetries that are allowed."""
        number = int(rng.integers(SYMMETRIES))
        return number & (4 * self.flips | 3 * self.rotations)


PLAIN = Geometry()
"""Chips as they are."""
