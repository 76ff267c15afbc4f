"""A rectangle of whole pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pydantic

from landseg_core.messages import N_

PixelOffset = Annotated[int, pydantic.Field(ge=0, le=2**31)]
PixelLength = Annotated[int, pydantic.Field(ge=1, le=2**31)]
StoredWindow = tuple[PixelOffset, PixelOffset, PixelLength, PixelLength]
"""The x, y, width and height (px) of a window inside an image, as stored in a file; for pydantic to check."""


@dataclass(frozen=True, order=True)
class PixelWindow:
    """`width` x `height` px whose upper left pixel is column `x`, row `y`; may reach beyond its raster."""

    x: int
    y: int
    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width <= 0 or self.height <= 0:
            raise ValueError(
                N_("a window needs a positive size, not {width} x {height}", width=self.width, height=self.height)
            )

    @property
    def right(self) -> int:
        """Return the first column right of the window."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """Return the first row below the window."""
        return self.y + self.height

    @property
    def pixels(self) -> int:
        """Return the area in pixels."""
        return self.width * self.height

    def intersection(self, other: PixelWindow) -> PixelWindow | None:
        """Return the common part, or None where the two do not overlap."""
        x, y = max(self.x, other.x), max(self.y, other.y)
        width, height = min(self.right, other.right) - x, min(self.bottom, other.bottom) - y
        return PixelWindow(x, y, width, height) if width > 0 and height > 0 else None

    def contains(self, other: PixelWindow) -> bool:
        """Return whether `other` is entirely inside."""
        return self.intersection(other) == other

    def shifted(self, dx: int, dy: int) -> PixelWindow:
        """Return the same size `dx`, `dy` px further right and down."""
        return PixelWindow(self.x + dx, self.y + dy, self.width, self.height)

    def slices(self) -> tuple[slice, slice]:
        """Return the row and column slices of this window in an array that starts at pixel (0, 0)."""
        return slice(self.y, self.bottom), slice(self.x, self.right)

    def __str__(self) -> str:
        return f"{self.x},{self.y},{self.width},{self.height}"
