"""Paints a region of any size tile by tile: what a job does where a gesture would hold too much in memory."""

from __future__ import annotations

from collections.abc import Callable

from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.label_raster import Paintable, Tile
from landseg_core.labels.regions import Region


def region_painter(
    region: Region, value: int, paintable: Paintable
) -> Callable[[TileKey, PixelWindow, Tile], Tile | None]:
    """Return the change of a tile that gives `region` the class `value`."""

    def change(_key: TileKey, window: PixelWindow, present: Tile) -> Tile | None:
        where = region.mask(window) & paintable[present] & (present != value)
        if not where.any():
            return None
        painted = present.copy()
        painted[where] = value
        return painted

    return change
