"""Burns polygons into tiles of class values: a pixel belongs to the polygon that holds its centre."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from affine import Affine
from rasterio.features import rasterize

from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED

_SPLIT_SIDE = 512  # px; parts that fit into it are not split further
_SPLIT_POINTS = 2048


class PolygonBurner:
    """Polygons in px of an image, found again tile by tile; where they overlap, the later one wins.

    Large ones are split along pixel edges, where no pixel has its centre: burning a tile then costs what is in it.
    """

    def __init__(self, shapes: npt.NDArray[Any], values: npt.NDArray[np.uint8]) -> None:
        """Take (N,) shapely polygons or multipolygons and the class value of each."""
        parts, origins = shapely.get_parts(shapes, return_index=True)
        self._parts, places = _split_large(parts)
        self._values = values[origins[places]].tolist()
        self._tree = shapely.STRtree(self._parts)

    @property
    def bounds(self) -> tuple[float, float, float, float] | None:
        """Return left, top, right, bottom of all polygons in px; None where there are none."""
        return tuple(shapely.total_bounds(self._parts).tolist()) if len(self._parts) else None

    def burn(self, window: PixelWindow) -> npt.NDArray[np.uint8] | None:
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


def _split_large(parts: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[np.intp]]:
    """Return the polygons among the parts, the large ones split, and the place in `parts` that each comes from."""
    polygons = (shapely.get_type_id(parts) == shapely.GeometryType.POLYGON) & ~shapely.is_empty(parts)
    large = polygons & (shapely.get_num_coordinates(parts) > _SPLIT_POINTS)
    split = [(piece, place) for place in np.flatnonzero(large).tolist() for piece in split_polygon(parts[place])]
    small = np.flatnonzero(polygons & ~large)
    pieces = np.array([*parts[small], *(piece for piece, _ in split)], object)
    places = np.concatenate([small, np.array([place for _, place in split], np.intp)])
    order = np.argsort(places, kind="stable")
    return pieces[order], places[order]


def split_polygon(polygon: Any) -> Iterator[Any]:
    """Yield the parts of a polygon between pixel edges, each small or with few points."""
    left, top, right, bottom = polygon.bounds
    if max(right - left, bottom - top) <= _SPLIT_SIDE or shapely.get_num_coordinates(polygon) <= _SPLIT_POINTS:
        yield polygon
        return
    for half in _halves(left, top, right, bottom):
        for part in shapely.get_parts(shapely.intersection(polygon, half)):
            if part.geom_type == "Polygon" and not part.is_empty:
                yield from split_polygon(part)


def _halves(left: float, top: float, right: float, bottom: float) -> tuple[Any, Any]:
    """Return two boxes that share the pixel edge in the middle of the longer side."""
    if right - left >= bottom - top:
        middle = round((left + right) / 2)
        return shapely.box(left, top, middle, bottom), shapely.box(middle, top, right, bottom)
    middle = round((top + bottom) / 2)
    return shapely.box(left, top, right, middle), shapely.box(left, middle, right, bottom)
