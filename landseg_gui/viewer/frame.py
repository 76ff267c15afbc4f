"""Which part of a raster a viewport shows: plain geometry, without Qt."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

from landseg_core.geo.window import PixelWindow

SMALLEST_SCALE = 1 / 64
LARGEST_SCALE = 32.0


@dataclass(frozen=True)
class ViewFrame:
    """`width` x `height` device px at `scale` device px per raster px; (`left`, `top`) is the corner, in raster px.

    The corner is kept in raster pixels and unrounded, so that a point stays under the cursor through many zoom steps.
    """

    width: int = 1
    height: int = 1
    scale: float = 1.0
    left: float = 0.0
    top: float = 0.0

    def to_raster(self, x: float, y: float) -> tuple[float, float]:
        """Return the (column, row) under a point given in device px."""
        return self.left + x / self.scale, self.top + y / self.scale

    def to_device(self, column: float, row: float) -> tuple[float, float]:
        """Return where a raster point lies, in device px."""
        return (column - self.left) * self.scale, (row - self.top) * self.scale

    def visible(self, width: int, height: int) -> PixelWindow | None:
        """Return the part of a `width` x `height` px raster that is visible, or None."""
        right, bottom = self.to_raster(self.width, self.height)
        x, y = math.floor(self.left), math.floor(self.top)
        seen = PixelWindow(x, y, max(1, math.ceil(right) - x), max(1, math.ceil(bottom) - y))
        return seen.intersection(PixelWindow(0, 0, width, height))

    def moved(self, dx: float, dy: float) -> ViewFrame:
        """Return the frame after dragging the image by `dx`, `dy` device px."""
        return dataclasses.replace(self, left=self.left - dx / self.scale, top=self.top - dy / self.scale)

    def zoomed(self, scale: float, x: float, y: float) -> ViewFrame:
        """Return the frame at `scale`, with the same raster point under device px (`x`, `y`)."""
        column, row = self.to_raster(x, y)
        return dataclasses.replace(self, scale=scale, left=column - x / scale, top=row - y / scale)

    def resized(self, width: int, height: int) -> ViewFrame:
        """Return the frame for a viewport of another size, about the same centre."""
        dx, dy = (width - self.width) / 2, (height - self.height) / 2
        return dataclasses.replace(self.moved(dx, dy), width=width, height=height)

    def centred(self, column: float, row: float, scale: float) -> ViewFrame:
        """Return the frame at `scale` with a raster point in the middle."""
        left, top = column - self.width / 2 / scale, row - self.height / 2 / scale
        return dataclasses.replace(self, scale=scale, left=left, top=top)

    def fitted(self, width: int, height: int, margin: float = 0.02) -> ViewFrame:
        """Return the frame that shows a whole `width` x `height` px raster; `margin` is a share of the viewport."""
        room = 1 - 2 * margin
        scale = min(self.width * room / width, self.height * room / height, LARGEST_SCALE)
        return self.centred(width / 2, height / 2, scale)

    def kept_near(self, width: int, height: int) -> ViewFrame:
        """Return the frame moved so far that the viewport's centre lies on the raster: nobody gets lost."""
        column, row = self.to_raster(self.width / 2, self.height / 2)
        inside = min(max(column, 0.0), float(width)), min(max(row, 0.0), float(height))
        if inside == (column, row):
            return self
        return self.centred(*inside, self.scale)


def limited_scale(scale: float, fit: float) -> float:
    """Return `scale` within 1:64 and 32:1; a raster too large for 1:64 may still be shown whole, at scale `fit`."""
    return min(max(scale, min(SMALLEST_SCALE, fit)), LARGEST_SCALE)
