"""A mask made at a coarser level, as a region of the full resolution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from landseg_core.geo.window import PixelWindow
from landseg_core.labels.regions import Mask


@dataclass(frozen=True, eq=False)
class CoarseRegion:
    """`pixels` (H, W) bool stand for squares of `scale` px of the raster; (`x`, `y`) is the upper left raster pixel."""

    x: int
    y: int
    scale: int
    pixels: Mask

    @property
    def bounds(self) -> PixelWindow:
        """Return the window of the whole mask."""
        height, width = self.pixels.shape
        return PixelWindow(self.x, self.y, width * self.scale, height * self.scale)

    def mask(self, window: PixelWindow) -> Mask:
        """Return (H, W) bool: which pixels of `window` lie in a square that is set."""
        mask = np.zeros((window.height, window.width), bool)
        part = self.bounds.intersection(window)
        if part is not None:
            rows = (np.arange(part.y, part.bottom) - self.y) // self.scale
            columns = (np.arange(part.x, part.right) - self.x) // self.scale
            mask[part.shifted(-window.x, -window.y).slices()] = self.pixels[np.ix_(rows, columns)]
        return mask

    def trimmed(self) -> CoarseRegion | None:
        """Return the same region without empty edges, or None where no pixel is set."""
        rows, columns = np.flatnonzero(self.pixels.any(1)), np.flatnonzero(self.pixels.any(0))
        if not len(rows):
            return None
        top, left = int(rows[0]), int(columns[0])
        pixels = self.pixels[top : rows[-1] + 1, left : columns[-1] + 1]
        return CoarseRegion(self.x + left * self.scale, self.y + top * self.scale, self.scale, pixels)
