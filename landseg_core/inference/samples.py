"""Windows that represent a raster: to try and to calibrate backends on."""

from __future__ import annotations

from collections.abc import Iterator

from landseg_core.geo.window import PixelWindow
from landseg_core.inference.backends.backend import Pixels
from landseg_core.raster.views import PixelView

SIDE = 384
"""The side of a window, in px."""
ACROSS = 3
"""Windows along either axis, at most."""


def sample_windows(view: PixelView, side: int = SIDE) -> list[Pixels]:
    """Return (C, H, W) native pixels of windows spread evenly over `view`, those without any data left out.

    If none has data, one is returned anyway.

    Raises:
        RasterError: the raster cannot be read, or holds values that are not finite.
    """
    parts = [view.read(window) for window in _spread(view.grid.width, view.grid.height, side)]
    return [pixels for pixels, valid in parts if valid.any()] or [parts[0][0]]


def _spread(width: int, height: int, side: int) -> Iterator[PixelWindow]:
    for top, bottom in _spans(height, side):
        for left, right in _spans(width, side):
            yield PixelWindow(left, top, right - left, bottom - top)


def _spans(length: int, side: int) -> list[tuple[int, int]]:
    """Return start and stop of up to `ACROSS` windows of `side` px, each in the middle of its part of `length`."""
    count = max(1, min(ACROSS, length // side))
    middles = [length * (2 * part + 1) // (2 * count) for part in range(count)]
    starts = [max(0, min(middle - side // 2, length - side)) for middle in middles]
    return [(start, min(start + side, length)) for start in starts]
