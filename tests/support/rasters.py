"""The size and the pixels of the images that the tests of the window look at."""

from __future__ import annotations

import numpy as np
from affine import Affine

WIDTH, HEIGHT = 1500, 1100
TRANSFORM = Affine(0.5, 0, 400_000, 0, -0.5, 5_000_000)


def coordinate_pixels(width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """Return (3, H, W) pixels: red is the column, green the row, blue 60."""
    columns, rows = np.meshgrid(np.arange(width) % 256, np.arange(height) % 256)
    return np.stack([columns, rows, np.full_like(rows, 60)]).astype(np.uint8)
