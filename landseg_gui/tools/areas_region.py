"""Several polygons as one region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from landseg_core.geo.window import PixelWindow
from landseg_core.labels.regions import Mask, Place, PolygonRegion


@dataclass(frozen=True)
class AreasRegion:
    """What lies inside any of the `rings`, overlaps included; there must be one."""

    rings: Sequence[Sequence[Place]]

    @cached_property
    def _parts(self) -> list[PolygonRegion]:
        return [PolygonRegion([ring]) for ring in self.rings]

    @cached_property
    def bounds(self) -> PixelWindow:
        """Return the window around all rings."""
        boxes = [part.bounds for part in self._parts]
        x, y = min(box.x for box in boxes), min(box.y for box in boxes)
        return PixelWindow(x, y, max(box.right for box in boxes) - x, max(box.bottom for box in boxes) - y)

    def mask(self, window: PixelWindow) -> Mask:
        """Return (H, W) bool: which pixels of `window` lie inside."""
        mask = np.zeros((window.height, window.width), bool)
        for part in self._parts:
            if part.bounds.intersection(window):
                mask |= part.mask(window)
        return mask
