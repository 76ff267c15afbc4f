"""Clips the rings of polygons along straight lines, in time linear in the number of their points."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import shapely

from landseg_core.formats.vector.grid_mapping import Bounds


@dataclass(frozen=True)
class Rings:
    """The rings of some polygons; as in GDAL, a point is inside if it is in an odd number of a polygon's rings.

    So a polygon whose rings cross or touch needs no repair. Clipped rings run back and forth along the line of the cut,
    which has no area. GEOS cannot be used here: its `intersection`, `is_valid` and `segmentize` take seconds for 50,000
    points, and its fast `clip_by_rect` takes outside for inside where a ring touches the rectangle.

    Attributes:
        points: (N, 2) x, y; rings are not closed.
        rings: (N,) the index of each point's ring; they ascend.
        polygons: (R,) the index of each ring's polygon; they ascend.
    """

    points: npt.NDArray[np.float64]
    rings: npt.NDArray[np.intp]
    polygons: npt.NDArray[np.intp]

    @classmethod
    def of(cls, polygons: npt.NDArray[Any]) -> Self:
        """Take the rings of (N,) shapely polygons."""
        lines, owners = shapely.get_rings(polygons, return_index=True)
        points, rings = shapely.get_coordinates(lines, return_index=True)
        is_open = np.diff(rings, append=-1) == 0  # the last point of a ring is its first
        return cls(points[is_open], rings[is_open], owners)

    @property
    def bounds(self) -> Bounds | None:
        """Return left, low, right and high of all; None where there is nothing."""
        if not len(self.points):
            return None
        return tuple(np.concatenate([self.points.min(axis=0), self.points.max(axis=0)]).tolist())

    def inside(self, bounds: Bounds) -> Rings:
        """Return what lies within left, low, right and high."""
        left, low, right, high = bounds
        return self._cut(0, left)[1]._cut(0, right)[0]._cut(1, low)[1]._cut(1, high)[0]

    def split(self, side: int, most: int) -> Iterator[Rings]:
        """Bisect along multiples of `side` until each part lies between two of them or has at most `most` points."""
        bounds = self.bounds
        if bounds is None:
            return
        first, last = np.floor(np.divide(bounds[:2], side)), np.ceil(np.divide(bounds[2:], side))
        axis = int(np.argmax(last - first))
        if len(self.points) <= most or last[axis] - first[axis] <= 1:
            yield self
            return
        for half in self._cut(axis, float((first[axis] + last[axis]) // 2 * side)):
            yield from half.split(side, most)

    def _cut(self, axis: int, at: float) -> tuple[Rings, Rings]:
        """Return what is below and what is above the line where the coordinate of `axis` is `at`."""
        is_upper = self.points[:, axis] > at
        if not is_upper.any() or is_upper.all():
            empty = Rings(self.points[:0], self.rings[:0], self.polygons)
            return (empty, self) if is_upper.any() else (self, empty)
        following = self._following()
        crosses = is_upper != is_upper[following]
        begin, end = self.points[crosses], self.points[following[crosses]]
        share = (at - begin[:, axis]) / (end[:, axis] - begin[:, axis])
        crossings = self.points.copy()
        crossings[crosses] = begin + share[:, None] * (end - begin)
        crossings[crosses, axis] = at
        points, rings = np.stack([self.points, crossings], axis=1).reshape(-1, 2), np.repeat(self.rings, 2)
        kept = (np.column_stack([side, crosses]).ravel() for side in (~is_upper, is_upper))
        lower, upper = (Rings(points[those], rings[those], self.polygons) for those in kept)
        return lower, upper

    def with_edges_up_to(self, longest: float) -> Rings:
        """Return the rings with further points on the edges that are longer."""
        steps = self.points[self._following()] - self.points
        counts = np.maximum(1, np.ceil(np.hypot(*steps.T) / longest)).astype(np.intp)
        edges = np.repeat(np.arange(len(counts)), counts)
        share = (np.arange(len(edges)) - (np.cumsum(counts) - counts)[edges]) / counts[edges]
        return Rings(self.points[edges] + share[:, None] * steps[edges], self.rings[edges], self.polygons)

    def _following(self) -> npt.NDArray[np.intp]:
        """Return (N,) the index of the point that follows on each in its ring."""
        following = np.arange(1, len(self.points) + 1)
        first = np.flatnonzero(np.diff(self.rings, prepend=-1))
        last = np.flatnonzero(np.diff(self.rings, append=-1))
        following[last] = first
        return following

    def as_polygons(self, count: int) -> npt.NDArray[Any]:
        """Return the `count` polygons as (count,) shapely ones, valid or not; empty where nothing is left of one."""
        result = np.full(count, shapely.Polygon(), object)
        has_inside = np.bincount(self.rings)[self.rings] >= 3 if len(self.rings) else np.zeros(0, np.bool_)
        if has_inside.any():
            names, rings = np.unique(self.rings[has_inside], return_inverse=True)
            lines = shapely.linearrings(self.points[has_inside], indices=rings)
            indices, owners = np.unique(self.polygons[names], return_inverse=True)
            result[indices] = shapely.polygons(lines, indices=owners)
        return result
