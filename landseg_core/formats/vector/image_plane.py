"""Where polygons lie on an image without a transform, in coordinates that other programs understand."""

from __future__ import annotations

from affine import Affine

from landseg_core.geo.grid import RasterGrid

FLIPPED = Affine.scale(1, -1)
"""Takes pixel coordinates to those of QGIS, which shows an image without a transform below the line y = 0, with
or without a CRS."""


def vector_transform(grid: RasterGrid) -> Affine:
    """Return what takes px to the coordinates of exported polygons."""
    return grid.transform if grid.is_georeferenced else FLIPPED
