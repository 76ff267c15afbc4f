"""The area of polygons in true ground square metres."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from landseg_core.geo.grid import RasterGrid, local_unit


class TrueArea:
    """Measures polygons given in the CRS of a grid, by geodesics on the CRS's own ellipsoid.

    Karney, "Algorithms for geodesics" (2013), by pyproj: the same figures as `$area` in QGIS. In a local CRS, which has
    no ellipsoid, the plane is the ground.
    """

    def __init__(self, grid: RasterGrid) -> None:
        self._geod: pyproj.Geod | None = None
        self._local_unit: float | None = None
        crs = pyproj.CRS.from_wkt(grid.crs.to_wkt()) if grid.crs and grid.is_georeferenced else None
        if crs is not None and crs.geodetic_crs is None:
            self._local_unit = local_unit(crs)
        if crs is not None and crs.geodetic_crs is not None:
            self._geod = crs.get_geod()
            self._to_degrees = pyproj.Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)

    def measure(self, polygons: Sequence[Any]) -> npt.NDArray[np.float64]:
        """Return the (N,) areas in m2; NaN for all without a place on the Earth."""
        if self._local_unit is not None:
            return np.asarray(shapely.area(np.array(polygons, object)) * self._local_unit**2, np.float64)
        if self._geod is None:
            return np.full(len(polygons), np.nan)
        on_earth = shapely.transform(np.array(polygons, object), self._degrees)
        return np.array([self._area(polygon) for polygon in on_earth], np.float64)

    def _degrees(self, points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.stack(self._to_degrees.transform(*points.T), axis=1)

    def _area(self, polygon: Any) -> float:
        assert self._geod is not None
        outside, *holes = (
            abs(self._geod.polygon_area_perimeter(*shapely.get_coordinates(ring).T)[0])
            for ring in (polygon.exterior, *polygon.interiors)
        )
        return float(outside - sum(holes))
