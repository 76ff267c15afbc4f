"""Shapes to paint with, in raster px: a pixel belongs to a shape where its centre does."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt

from landseg_core.geo.window import PixelWindow
from landseg_core.labels import scanlines

Position = tuple[float, float]
"""A (column, row) in raster px; pixel (i, j) has its centre at (i + 0.5, j + 0.5)."""

Mask = npt.NDArray[np.bool_]

LARGE_PIXELS = 32 * 2**20
"""A region whose bounds have more px than this is painted as a job, tile by tile, not while the user waits."""

_THIN = 1.5
"""Strokes narrower than this (px) could miss every pixel centre: they are the pixels under the path."""


class Region(Protocol):
    """Some pixels of the plane."""

    @property
    def bounds(self) -> PixelWindow:
        """Return a window that holds all pixels of the region; it may reach beyond the raster."""

    def mask(self, window: PixelWindow) -> Mask:
        """Return (H, W) bool: which pixels of `window` belong to the region."""


@dataclass(frozen=True)
class StrokeRegion:
    """The stroke of a round brush, `diameter` px wide, along the `points`; at a single point a disc.

    A pixel belongs to it where its centre is at most half the diameter away from the polyline through the points.
    A stroke narrower than 1.5 px is the chain of pixels under the path, connected at sides or corners.

    Raises:
        ValueError: there is no point.
    """

    points: Sequence[Position]
    diameter: float

    def __post_init__(self) -> None:
        if not self.points:
            raise ValueError("a stroke needs at least one point")

    @cached_property
    def bounds(self) -> PixelWindow:
        """Return the window around the stroke."""
        return _around(self.points, max(self.diameter, _THIN) / 2)

    def mask(self, window: PixelWindow) -> Mask:
        """Return (H, W) bool: which pixels of `window` are under the brush."""
        mask = np.zeros((window.height, window.width), bool)
        part = window.intersection(self.bounds)
        if part is not None:
            for start, end in self._segments():
                self._draw(mask, window, start, end)
        return mask

    def _segments(self) -> list[tuple[Position, Position]]:
        points = list(self.points)
        return list(zip(points, points[1:] or points, strict=False))

    def _draw(self, mask: Mask, window: PixelWindow, start: Position, end: Position) -> None:
        if self.diameter < _THIN:
            scanlines.draw_path(mask, window, start, end)
        else:
            part = window.intersection(_around((start, end), self.diameter / 2))
            if part is not None:
                inside = part.shifted(-window.x, -window.y).slices()
                mask[inside] |= scanlines.capsule(part, start, end, self.diameter / 2)


@dataclass(frozen=True)
class PolygonRegion:
    """A polygon: the outer ring and those of its holes, each a list of points; the last one need not repeat the first.

    A pixel is inside if the number of edges left of it is odd, so a ring that crosses itself excludes what it encloses
    twice. Polygons that share an edge share no pixels and leave no gap. One without an area has no pixels.
    """

    rings: Sequence[Sequence[Position]]

    @cached_property
    def bounds(self) -> PixelWindow:
        """Return the window around all rings."""
        return _around([point for ring in self.rings for point in ring] or [(0.0, 0.0)], 0)

    @cached_property
    def _edges(self) -> npt.NDArray[np.float64]:
        return scanlines.edges(self.rings)

    def mask(self, window: PixelWindow) -> Mask:
        """Return (H, W) bool: which pixels of `window` have their centre inside."""
        return scanlines.polygon(window, self._edges)


@dataclass(frozen=True)
class AreasRegion:
    """What lies inside any of the `rings`, overlaps included; there must be one."""

    rings: Sequence[Sequence[Position]]

    @cached_property
    def _parts(self) -> list[PolygonRegion]:
        return [PolygonRegion([ring]) for ring in self.rings]

    @cached_property
    def bounds(self) -> PixelWindow:
        """Return the window around all areas."""
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


@dataclass(frozen=True)
class RectangleRegion:
    """An upright rectangle between two opposite corners `a` and `b`."""

    a: Position
    b: Position

    @cached_property
    def _pixels(self) -> tuple[int, int, int, int]:
        """Return the first and the end column, the first and the end row."""
        columns, rows = sorted((self.a[0], self.b[0])), sorted((self.a[1], self.b[1]))
        left, right = (math.ceil(edge - 0.5) for edge in columns)
        top, bottom = (math.ceil(edge - 0.5) for edge in rows)
        return left, right, top, bottom

    @cached_property
    def bounds(self) -> PixelWindow:
        """Return the window of the rectangle, a pixel in size where it holds none."""
        left, right, top, bottom = self._pixels
        return PixelWindow(left, top, max(1, right - left), max(1, bottom - top))

    def mask(self, window: PixelWindow) -> Mask:
        """Return (H, W) bool: which pixels of `window` have their centre inside."""
        left, right, top, bottom = self._pixels
        columns, rows = np.arange(window.x, window.right), np.arange(window.y, window.bottom)
        in_row, in_column = (rows >= top) & (rows < bottom), (columns >= left) & (columns < right)
        return np.asarray(in_row[:, np.newaxis] & in_column)


@dataclass(frozen=True, eq=False)
class MaskRegion:
    """Any pixels: those of `window` where `pixels` (H, W) bool is set."""

    window: PixelWindow
    pixels: Mask

    @classmethod
    def nothing(cls) -> MaskRegion:
        """Return the region without pixels."""
        return cls(PixelWindow(0, 0, 1, 1), np.zeros((1, 1), bool))

    @property
    def bounds(self) -> PixelWindow:
        """Return the window that the mask covers."""
        return self.window

    def mask(self, window: PixelWindow) -> Mask:
        """Return (H, W) bool: which pixels of `window` are set."""
        mask = np.zeros((window.height, window.width), bool)
        part = self.window.intersection(window)
        if part is not None:
            source = part.shifted(-self.window.x, -self.window.y).slices()
            mask[part.shifted(-window.x, -window.y).slices()] = self.pixels[source]
        return mask


def rectangle_on(a: Position, b: Position, opposite: Position) -> tuple[Position, Position, Position, Position]:
    """Return the corners of the rectangle with the side `a` - `b` whose other long side runs through `opposite`.

    They are `a`, `b` and what lies across from `b` and from `a`: both moved by the part of `opposite` - `a` that is
    perpendicular to the side. Without a side, where `a` is `b`, all four are the same.
    """
    dx, dy = b[0] - a[0], b[1] - a[1]
    length = math.hypot(dx, dy)
    if length == 0:
        return a, b, b, a
    x, y = -dy / length, dx / length
    width = (opposite[0] - a[0]) * x + (opposite[1] - a[1]) * y
    across = x * width, y * width
    return a, b, (b[0] + across[0], b[1] + across[1]), (a[0] + across[0], a[1] + across[1])


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


@dataclass(frozen=True)
class ClippedRegion:
    """The pixels of a region that belong to `clip` as well."""

    region: Region
    clip: Region

    @property
    def bounds(self) -> PixelWindow:
        """Return a window that holds all pixels of both, a pixel in size where they are apart."""
        one, other = self.region.bounds, self.clip.bounds
        return one.intersection(other) or PixelWindow(one.x, one.y, 1, 1)

    def mask(self, window: PixelWindow) -> Mask:
        """Return (H, W) bool: which pixels of `window` belong to both."""
        return self.region.mask(window) & self.clip.mask(window)


def _around(positions: Sequence[Position], margin: float) -> PixelWindow:
    """Return the window of all pixels within `margin` px of the box around `positions`."""
    columns, rows = [column for column, _ in positions], [row for _, row in positions]
    x, y = math.floor(min(columns) - margin), math.floor(min(rows) - margin)
    return PixelWindow(x, y, math.floor(max(columns) + margin) + 1 - x, math.floor(max(rows) + margin) + 1 - y)
