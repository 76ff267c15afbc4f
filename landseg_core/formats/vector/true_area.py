"""The area of polygons in true ground square metres."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from landseg_core.geo.grid import RasterGrid, local_unit, on_ellipsoid


class TrueArea:
    """Measures polygons given in the CRS of a grid, by geodesics on the CRS's own ellipsoid.

    Karney, "Algorithms for geodesics" (2013), by pyproj: the same figures as `$area` in QGIS. In a local CRS, which has
    no ellipsoid, the plane is the ground.
    """

    def __init__(self, grid: RasterGrid) -> None:
        crs = grid.crs if grid.is_georeferenced else None
        self._earth = on_ellipsoid(crs) if crs else None
        self._local_unit = local_unit(crs) if crs else None

    def measure(self, polygons: Sequence[Any]) -> npt.NDArray[np.float64]:
        """Return the (N,) areas in m2; NaN for all without a place on the Earth."""
        if self._local_unit is not None:
            return np.asarray(shapely.area(np.array(polygons, object)) * self._local_unit**2, np.float64)
        if self._earth is None:
            return np.full(len(polygons), np.nan)
        geod, to_degrees = self._earth
        on_earth = shapely.transform(
            np.array(polygons, object), lambda points: np.stack(to_degrees.transform(*points.T), axis=1)
        )
        return np.array([_area(geod, polygon) for polygon in on_earth], np.float64)


def _area(geod: pyproj.Geod, polygon: Any) -> float:
    outside, *holes = (
        abs(geod.polygon_area_perimeter(*shapely.get_coordinates(ring).T)[0])
        for ring in (polygon.exterior, *polygon.interiors)
    )
    return float(outside - sum(holes))
