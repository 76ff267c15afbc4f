"""The outline of some pixels, to look at."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from landseg_core.labels.regions import Mask, Position

MOST_VERTICES = 1000
"""By default an outline with more vertices than this is simplified: to draw 5000 may take half a second."""

_FINEST_SIDE = 1024  # px: the outline of a larger region is that of every second, third, ... pixel of it
_SLIVER = 2  # vertices that enclose nothing
_CORNERS = 4  # a ring has so many at least, before it is simplified

Ring = tuple[Position, ...]
"""The vertices of a closed outline, in raster px."""


def outline(pixels: Mask, corner: tuple[int, int], scale: int = 1, most: int = MOST_VERTICES) -> tuple[Ring, ...]:
    """Return the outer rings and holes of `pixels` (H, W) bool, a quarter of a pixel inside them.

    Each pixel is a square of `scale` px of the raster, (x, y) of the upper left one is `corner`; all their centres stay
    inside. Of a large region, or one with more than `most` vertices, it is only nearly the outline. OpenCV's contours
    run through the centres of pixels, here of quarters of them, and do not hold Python's lock.
    """
    step = max(1, math.ceil(max(pixels.shape) / _FINEST_SIDE))
    coarse = np.ascontiguousarray(pixels[::step, ::step]).view(np.uint8)
    quarters = coarse.repeat(2, axis=0).repeat(2, axis=1)
    rings, _ = cv2.findContours(quarters, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    return tuple(_ring((ring[:, 0] / 2 + 0.25) * (step * scale) + corner) for ring in _simplified(rings, most))


def _simplified(rings: Sequence[npt.NDArray[np.int32]], most: int) -> Sequence[npt.NDArray[np.int32]]:
    """Return rings that have few vertices together; small ones are dropped for that."""
    if sum(map(len, rings)) <= most:
        return rings
    rings, tolerance = sorted(rings, key=len, reverse=True)[: most // _CORNERS], 1.0
    while sum(map(len, rings)) > most:
        simplified = [cv2.approxPolyDP(ring, tolerance, closed=True) for ring in rings]
        rings, tolerance = [ring for ring in simplified if len(ring) > _SLIVER], 2 * tolerance
    return rings


def _ring(vertices: npt.NDArray[np.float64]) -> Ring:
    return tuple((float(column), float(row)) for column, row in vertices)
