"""How far a click may spread: over the whole image where it is small, else around the visible part."""

from __future__ import annotations

from dataclasses import dataclass

from landseg_core.geo.window import PixelWindow
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.labels.regions import MaskRegion, Position
from landseg_gui.tools.context import ToolContext

MAX_FILL_PIXELS = 16 * 2**20
"""A click spreads over no more px than this: while it does, the user waits."""


@dataclass(frozen=True)
class FillExtent:
    """A click on the labels: its `pixel` (column, row), the window that it may spread over, and the `whole` image."""

    labels: LabelRaster
    pixel: tuple[int, int]
    limit: PixelWindow
    whole: PixelWindow

    def cuts(self, region: MaskRegion) -> bool:
        """Return whether a region touches an edge of the limit that is no edge of the image: it may go on beyond."""
        box, limit, whole, pixels = region.window, self.limit, self.whole, region.pixels
        edges = (
            (box.x == limit.x > whole.x, pixels[:, 0]),
            (box.right == limit.right < whole.right, pixels[:, -1]),
            (box.y == limit.y > whole.y, pixels[0]),
            (box.bottom == limit.bottom < whole.bottom, pixels[-1]),
        )
        return any(touches and line.any() for touches, line in edges)


def fill_extent(context: ToolContext, position: Position) -> FillExtent | None:
    """Return how far a click at `position` may spread, or None where there is nothing to paint on."""
    labels, pixel, whole = context.labels, context.pixel(position), context.raster_window()
    view = context.viewport.view_window()
    if labels is None or pixel is None or whole is None or view is None:
        return None
    return FillExtent(labels, pixel, spread_limit(whole, view, pixel), whole)


def spread_limit(whole: PixelWindow, view: PixelWindow, pixel: tuple[int, int]) -> PixelWindow:
    """Return the view and as much again on each side, or where that is too large a square around `pixel`."""
    if whole.pixels <= MAX_FILL_PIXELS:
        return whole
    grown = PixelWindow(view.x - view.width, view.y - view.height, 3 * view.width, 3 * view.height)
    limit = grown.intersection(whole) or whole
    return limit if limit.pixels <= MAX_FILL_PIXELS else _square(whole, pixel)


def _square(whole: PixelWindow, pixel: tuple[int, int]) -> PixelWindow:
    side = int(MAX_FILL_PIXELS**0.5)
    square = PixelWindow(pixel[0] - side // 2, pixel[1] - side // 2, side, side)
    return square.intersection(whole) or whole
