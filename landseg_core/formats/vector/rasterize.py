"""Rasterizes polygons into tiles of class values: a pixel belongs to the polygon that holds its centre."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from affine import Affine
from rasterio.features import rasterize

from landseg_core.formats.vector.grid_mapping import Bounds
from landseg_core.formats.vector.rings import Rings
from landseg_core.geo.tiling import TilePyramid
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED

_SPLIT_POINTS = 2048  # shapes with more are split


class PolygonRasterizer:
    """Polygons in px of an image, found again tile by tile; where they overlap, the later one wins.

    Those with many points are split along tile edges, where no pixel has its centre, so that the time for a tile
    depends only on what is in it. A pixel is inside if its centre is in an odd number of a polygon's rings.

    Attributes:
        bounds: left, top, right, bottom in px of what lies in the image; None where nothing does.
    """

    def __init__(self, polygons: npt.NDArray[Any], values: npt.NDArray[np.uint8], image: PixelWindow) -> None:
        """Take (N,) shapely polygons, valid or not, the class value of each, and the window of the image."""
        rings = Rings.of(polygons).inside((image.x, image.y, image.right, image.bottom))
        self.bounds: Bounds | None = rings.bounds
        self._parts, origins = _split_large(rings.as_polygons(len(polygons)))
        self._values = values[origins].tolist()
        self._tree = shapely.STRtree(shapely.boundary(self._parts))  # of all rings: one may lie outside the first

    def rasterize(self, window: PixelWindow) -> npt.NDArray[np.uint8] | None:
        """Return the (H, W) class values of `window`, 255 outside of all polygons; None where it touches none."""
        box = shapely.box(window.x, window.y, window.right, window.bottom)
        found = np.sort(self._tree.query(box)).tolist()
        if not found:
            return None
        values: npt.NDArray[np.uint8] = rasterize(
            [(self._parts[index], self._values[index]) for index in found],
            out_shape=(window.height, window.width),
            transform=Affine.translation(window.x, window.y),
            fill=UNLABELLED,
            dtype=np.uint8,
        )
        return values


def _split_large(polygons: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[np.intp]]:
    """Return the polygons, the large ones split, and the index in `polygons` that each comes from."""
    large = shapely.get_num_coordinates(polygons) > _SPLIT_POINTS
    split = [
        (piece.as_polygons(1)[0], index)
        for index in np.flatnonzero(large).tolist()
        for piece in Rings.of(polygons[index : index + 1]).split(TilePyramid.tile, _SPLIT_POINTS)
    ]
    pieces = np.array([*polygons[~large], *(piece for piece, _ in split)], object)
    origins = np.concatenate([np.flatnonzero(~large), np.array([index for _, index in split], np.intp)])
    order = np.argsort(origins, kind="stable")
    return pieces[order], origins[order]
