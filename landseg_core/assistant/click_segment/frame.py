"""How what is in view lies in the square that a model sees: positions, pixels and masks go one way and the other."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from landseg_core.labels.regions import CoarseRegion, Position

Rgb = npt.NDArray[np.uint8]
Logits = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Crop:
    """A part of an image as it is shown: `rgb` (H, W, 3) uint8, each pixel a square of `scale` px of the raster.

    (`x`, `y`) is its upper left corner in raster px.
    """

    rgb: Rgb
    x: int
    y: int
    scale: int = 1

    def inside(self, position: Position) -> Position | None:
        """Return where a raster position lies in px of the crop, or None where that is outside."""
        column, row = (position[0] - self.x) / self.scale, (position[1] - self.y) / self.scale
        height, width = self.rgb.shape[:2]
        return (column, row) if 0 <= column < width and 0 <= row < height else None

    def region(self, mask: npt.NDArray[np.bool_], corner: tuple[int, int]) -> CoarseRegion | None:
        """Return the raster pixels of a `mask` (H, W) bool whose (column, row) `corner` is in px of the crop."""
        x, y = self.x + corner[0] * self.scale, self.y + corner[1] * self.scale
        return CoarseRegion(x, y, self.scale, mask).trimmed()


@dataclass(frozen=True)
class ModelFrame:
    """A crop of `crop` px (width, height) becomes `size` px (width, height) in the upper left of a square of `side`.

    Positions are continuous: pixel (0, 0) reaches from 0 to 1 and has its centre at 0.5, in the crop and in the square.
    """

    crop: tuple[int, int]
    size: tuple[int, int]
    side: int

    @classmethod
    def fitted(cls, crop: tuple[int, int], room: tuple[int, int], side: int) -> ModelFrame:
        """Return the largest frame of the crop's proportions within `room` (width, height)."""
        scale = min(most / length for most, length in zip(room, crop, strict=True))
        width, height = (min(most, max(1, round(length * scale))) for most, length in zip(room, crop, strict=True))
        return cls(crop, (width, height), side)

    @classmethod
    def stretched(cls, crop: tuple[int, int], side: int) -> ModelFrame:
        """Return the frame that fills the square, whatever the crop's proportions."""
        return cls(crop, (side, side), side)

    @property
    def _factors(self) -> tuple[float, float]:
        """Return px of the square per px of the crop, across and down."""
        return self.size[0] / self.crop[0], self.size[1] / self.crop[1]

    def position(self, position: Position) -> Position:
        """Return where a position in the crop lies in the square."""
        across, down = self._factors
        return position[0] * across, position[1] * down

    def pixels(self, rgb: Rgb) -> Rgb:
        """Return the crop's pixels in the frame's size."""
        shrinks = self.size[0] < self.crop[0]
        return np.asarray(cv2.resize(rgb, self.size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR))

    def mask(self, logits: Logits) -> tuple[npt.NDArray[np.bool_], tuple[int, int]]:
        """Return the part of the crop in which `logits` (H, W), which cover the square, are positive.

        That is (H, W) bool and the (column, row) of its corner in the crop; beyond it nothing is positive.
        """
        across, down = (
            factor * cells / self.side for factor, cells in zip(self._factors, logits.shape[::-1], strict=True)
        )
        x, y, width, height = self._positive_box(logits, across, down)
        # From the centre of a pixel of the crop to the position among the centres of logits.
        to_logits = np.array([[across, 0, (x + 0.5) * across - 0.5], [0, down, (y + 0.5) * down - 0.5]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        enlarged = cv2.warpAffine(logits, to_logits, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(enlarged > 0), (x, y)

    def _positive_box(self, logits: Logits, across: float, down: float) -> tuple[int, int, int, int]:
        """Return x, y, width and height, in px of the crop, of what may be positive between the logits; at least 1."""
        column, row, columns, rows = cv2.boundingRect((logits > 0).view(np.uint8))
        left, right = _between(column - 1, column + columns + 1, across, self.crop[0])
        top, bottom = _between(row - 1, row + rows + 1, down, self.crop[1])
        return left, top, right - left, bottom - top


def _between(start: int, end: int, factor: float, most: int) -> tuple[int, int]:
    first = min(most - 1, max(0, int(start / factor)))
    return first, max(first + 1, min(most, int(np.ceil(end / factor))))
