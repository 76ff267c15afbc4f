"""The canvas of the generator: an image and its labels, and shapes on both."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from landseg_core.sample.noise import Field

Mask = npt.NDArray[np.bool_]
Colour = tuple[float, float, float]
Point = tuple[float, float]

BACKGROUND, BUILDING, WOODLAND, WATER, ROAD = range(5)
"""The class values of the preset `landcover-ai`."""


@dataclass(frozen=True)
class Canvas:
    """An image (3, H, W), red green blue in 0-255 and more, and its labels (H, W)."""

    image: Field
    labels: npt.NDArray[np.uint8]

    @classmethod
    def blank(cls, width: int, height: int) -> Canvas:
        """Return a black canvas that is all background."""
        return cls(np.zeros((3, height, width), np.float32), np.full((height, width), BACKGROUND, np.uint8))

    @property
    def width(self) -> int:
        """Return the width in px."""
        return int(self.labels.shape[1])

    @property
    def height(self) -> int:
        """Return the height in px."""
        return int(self.labels.shape[0])

    def paint(self, where: Mask, colours: Field, label: int | None = None, box: Box | None = None) -> None:
        """Set the pixels of `box` (the whole by default) that are True to `colours` (3, H, W), and label them."""
        slices = (box or Box(0, 0, self.width, self.height)).slices
        part = self.image[:, *slices]
        part[:, where] = np.broadcast_to(colours, part.shape)[:, where]
        if label is not None:
            self.labels[slices][where] = label

    def shade(self, where: Mask, factor: float, box: Box | None = None) -> None:
        """Darken the pixels of `box` (the whole by default) that are True."""
        slices = (box or Box(0, 0, self.width, self.height)).slices
        self.image[:, *slices] *= np.where(where, np.float32(factor), np.float32(1))


@dataclass(frozen=True)
class Box:
    """Columns `left` to `right` and rows `top` to `bottom` (not included) of a canvas; may be empty."""

    left: int
    top: int
    right: int
    bottom: int

    @classmethod
    def around(cls, points: Sequence[Point], margin: float, canvas: Canvas) -> Box:
        """Return the box that holds all points and `margin` px more, cut at the canvas."""
        xs, ys = zip(*points, strict=True)
        left, top = max(0, math.floor(min(xs) - margin)), max(0, math.floor(min(ys) - margin))
        right, bottom = math.ceil(max(xs) + margin), math.ceil(max(ys) + margin)
        return cls(left, top, max(left, min(canvas.width, right)), max(top, min(canvas.height, bottom)))

    @property
    def slices(self) -> tuple[slice, slice]:
        """Return its row and column slices."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def centres(self) -> tuple[Field, Field]:
        """Return (1, W) x and (H, 1) y of the pixel centres."""
        x = np.arange(self.left, self.right, dtype=np.float32)[None, :] + np.float32(0.5)
        y = np.arange(self.top, self.bottom, dtype=np.float32)[:, None] + np.float32(0.5)
        return x, y


@dataclass(frozen=True)
class Rectangle:
    """A rectangle turned to the unit vector `direction`: `length` px along it, `width` px across."""

    centre: Point
    direction: Point
    length: float
    width: float

    def shifted(self, dx: float, dy: float) -> Rectangle:
        """Return the same rectangle elsewhere."""
        return Rectangle((self.centre[0] + dx, self.centre[1] + dy), self.direction, self.length, self.width)

    def grown(self, margin: float) -> Rectangle:
        """Return the rectangle `margin` px larger on every side."""
        return Rectangle(self.centre, self.direction, self.length + 2 * margin, self.width + 2 * margin)

    def box(self, canvas: Canvas, margin: float = 0) -> Box:
        """Return a box around it, cut at the canvas."""
        return Box.around([self.centre], (self.length + self.width) / 2 + margin, canvas)

    def along_across(self, box: Box) -> tuple[Field, Field]:
        """Return each pixel's way from the centre, along the direction and across it, in px."""
        x, y = box.centres()
        x, y = x - np.float32(self.centre[0]), y - np.float32(self.centre[1])
        ux, uy = np.float32(self.direction[0]), np.float32(self.direction[1])
        return x * ux + y * uy, y * ux - x * uy

    def inside(self, box: Box) -> Mask:
        """Return the pixels of `box` inside."""
        along, across = self.along_across(box)
        return (np.abs(along) < self.length / 2) & (np.abs(across) < self.width / 2)


def unit(dx: float, dy: float) -> Point:
    """Return the direction of a step as a unit vector."""
    length = math.sqrt(dx * dx + dy * dy)
    return dx / length, dy / length


def colour_field(colour: Colour) -> Field:
    """Return a colour as (3, 1, 1), to paint with or to add texture to."""
    return np.array(colour, np.float32)[:, None, None]
