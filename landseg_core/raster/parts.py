"""The part of a requested window that is on the raster, and its position in the result."""

from __future__ import annotations

from dataclasses import dataclass

from landseg_core.geo.window import PixelWindow


@dataclass(frozen=True)
class ReadPart:
    """A part of a window: `(x, y, width, height)` px to read, and the rows and columns of the result that it fills."""

    window: tuple[float, float, float, float]
    rows: slice
    columns: slice

    @property
    def size(self) -> tuple[int, int]:
        """Return (height, width) px in the result."""
        return self.rows.stop - self.rows.start, self.columns.stop - self.columns.start


def read_part(window: PixelWindow, size: tuple[int, int], raster: PixelWindow) -> ReadPart | None:
    """Return what to read of `raster` so that `window` fills `size` (height, width) px; None if it is outside."""
    if window.intersection(raster) is None:
        return None
    x, width, columns = _along(window.x, window.width, size[1], raster.width)
    y, height, rows = _along(window.y, window.height, size[0], raster.height)
    return ReadPart((x, y, width, height), rows, columns)


def _along(start: int, length: int, pixels: int, limit: int) -> tuple[float, float, slice]:
    """Return start and length to read along one axis of a raster `limit` px long, and the pixels these fill.

    A pixel on the raster's edge counts as inside.
    """
    scale = length / pixels
    # In integers: in floats, `length / scale` may be larger than `pixels`.
    first = max(0, -start) * pixels // length
    last = -(-min(length, limit - start) * pixels // length)
    begin = max(0.0, start + first * scale)
    end = min(float(limit), start + last * scale)
    return begin, end - begin, slice(first, last)
