"""Where polygons lie on an image without a georeference, in coordinates that other programs understand."""

from __future__ import annotations

from affine import Affine

from landseg_core.geo.grid import RasterGrid

FLIPPED = Affine.scale(1, -1)
"""Takes pixel coordinates to those of QGIS, which shows a picture without a georeference below the line y = 0."""


def is_plain_picture(grid: RasterGrid) -> bool:
    """Tell whether nothing says where the pixels of `grid` lie."""
    return grid.crs is None and not grid.is_georeferenced


def vector_transform(grid: RasterGrid) -> Affine:
    """Return what takes px to the coordinates of exported polygons."""
    return FLIPPED if is_plain_picture(grid) else grid.transform
