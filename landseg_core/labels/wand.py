"""The magic wand: what has a similar colour around a pixel."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from landseg_core.labels.filling import enclosed, flood
from landseg_core.labels.regions import Mask

_PINHOLE = 16
"""Holes of up to so many px are noise and closed."""


def similar_region(pixels: npt.NDArray[np.uint8], seed: tuple[int, int], tolerance: float) -> Mask:
    """Return (H, W) bool: the pixels connected to `seed` (column, row) that look like its surroundings.

    `pixels` are (H, W, 3) or (H, W, 1) uint8 as displayed. A pixel looks alike where no band differs by more than
    `tolerance` (0-255) from the median of the 3 x 3 pixels around the seed. Connected means by their sides. Pinholes
    of a few pixels are closed.
    """
    column, row = seed
    around = pixels[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2]
    colour = np.median(around.reshape(-1, pixels.shape[2]), axis=0)
    lower, upper = np.ceil(colour - tolerance), np.floor(colour + tolerance)
    alike = cv2.inRange(pixels, lower, upper)
    alike[row, column] = 255
    return _without_pinholes(flood(alike, seed, 4))


def _without_pinholes(region: Mask) -> Mask:
    box = cv2.boundingRect(region.view(np.uint8))
    inside = slice(box[1], box[1] + box[3]), slice(box[0], box[0] + box[2])
    gaps = enclosed(region[inside]).view(np.uint8)
    count, labels, figures, _ = cv2.connectedComponentsWithStats(gaps, connectivity=8, ltype=cv2.CV_32S)
    small = figures[:count, cv2.CC_STAT_AREA] <= _PINHOLE
    small[0] = False  # what is no gap
    region[inside] |= small[labels]
    return region
