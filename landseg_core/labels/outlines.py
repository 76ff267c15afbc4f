"""The outline of a region, to look at."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from landseg_core.labels.regions import CoarseRegion, Position

_MOST_VERTICES = 5000
"""An outline with more vertices than this is simplified until it has fewer."""

_FINEST_SIDE = 1024  # px: the outline of a larger region is that of every second, third, ... pixel of it
_SLIVER = 2  # vertices that enclose nothing

Ring = tuple[Position, ...]
"""The vertices of a closed outline, in raster px."""


def outline(region: CoarseRegion) -> tuple[Ring, ...]:
    """Return outer rings and holes, a quarter of a pixel inside the region: the centres of its pixels stay inside.

    A pixel is one of `region.pixels`. Of a large or very ragged region it is only nearly the outline. OpenCV's
    contours run through the centres of pixels, here of quarters of them, and do not hold Python's lock.
    """
    step = max(1, math.ceil(max(region.pixels.shape) / _FINEST_SIDE))
    pixels = np.ascontiguousarray(region.pixels[::step, ::step]).view(np.uint8)
    quarters = pixels.repeat(2, axis=0).repeat(2, axis=1)
    rings, _ = cv2.findContours(quarters, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    side = step * region.scale
    return tuple(_ring((ring[:, 0] / 2 + 0.25) * side + (region.x, region.y)) for ring in _simplified(rings))


def _simplified(rings: Sequence[npt.NDArray[np.int32]]) -> Sequence[npt.NDArray[np.int32]]:
    """Return rings that have few vertices together; small ones are dropped for that."""
    tolerance = 1.0
    while sum(map(len, rings)) > _MOST_VERTICES:
        simplified = [cv2.approxPolyDP(ring, tolerance, closed=True) for ring in rings]
        rings, tolerance = [ring for ring in simplified if len(ring) > _SLIVER], 2 * tolerance
    return rings


def _ring(vertices: npt.NDArray[np.float64]) -> Ring:
    return tuple((float(column), float(row)) for column, row in vertices)
