"""Converts pixel coordinates of one grid to those of another, whatever the CRS and the rotation of both."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pyproj
from affine import Affine
from rasterio.crs import CRS

from landseg_core.errors import InterchangeError
from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.window import PixelWindow
from landseg_core.messages import N_

FLIPPED = Affine.scale(1, -1)
"""Converts pixel coordinates to those of QGIS, which shows an image without a transform below the line y = 0, with
or without a CRS."""


def vector_transform(grid: RasterGrid) -> Affine:
    """Return the transform from px to the coordinates of exported polygons."""
    return grid.transform if grid.is_georeferenced else FLIPPED


Coordinates = npt.NDArray[np.float64]
"""(2, H, W): columns and rows, or x and y."""
Bounds = tuple[float, float, float, float]

_STEP = 32  # px between the points that are reprojected; those between them are interpolated
_TOLERANCE = 0.005  # px of the other grid
_EDGE_POINTS = 65
_BOUNDS_MARGIN = 0.01


def transformer(source: CRS | None, target: CRS | None) -> pyproj.Transformer | None:
    """Return the transformer from `source` to `target`; None where they are the same, or one of them is unknown.

    Raises:
        InterchangeError: there is no transformation between them.
    """
    if source is None or target is None or source == target:
        return None
    try:
        here, there = pyproj.CRS.from_wkt(source.to_wkt()), pyproj.CRS.from_wkt(target.to_wkt())
        if here.equals(there, ignore_axis_order=True):
            return None
        return pyproj.Transformer.from_crs(here, there, always_xy=True)
    except pyproj.exceptions.ProjError as error:
        raise InterchangeError(
            N_(
                "{source} cannot be reprojected to {target}: {error}",
                source=name_of(source),
                target=name_of(target),
                error=str(error),
            )
        ) from error


def name_of(crs: CRS) -> str:
    """Return a short name of `crs` for messages."""
    authority = crs.to_authority()
    try:
        return ":".join(authority) if authority else pyproj.CRS.from_wkt(crs.to_wkt()).name
    except pyproj.exceptions.ProjError:
        return N_("an invalid CRS")


class GridMapping:
    """Converts px of the grid `here` to px of the grid `there`, both with transforms that can be inverted.

    Raises:
        InterchangeError: there is no transformation between their CRSs.
    """

    def __init__(self, here: RasterGrid, there: RasterGrid) -> None:
        self._here, self._there = here.transform, ~there.transform
        self._project = transformer(here.crs, there.crs)

    @property
    def reprojects(self) -> bool:
        """Return whether the grids have different CRSs, so that straight lines do not stay straight."""
        return self._project is not None

    def apply(self, columns: npt.ArrayLike, rows: npt.ArrayLike) -> Coordinates:
        """Return the (2, ...) columns and rows there; NaN outside the area of the projection."""
        x, y = _apply(self._here, np.asarray(columns, float), np.asarray(rows, float))
        if self._project is not None:
            x, y = (np.where(np.isfinite(found), found, np.nan) for found in self._project.transform(x, y))
        return np.stack(_apply(self._there, x, y))

    def pixel_centres(self, window: PixelWindow) -> Coordinates:
        """Return the (2, H, W) columns and rows there of the pixel centres of `window`."""
        columns = np.arange(window.x, window.right, dtype=np.float64) + 0.5
        rows = np.arange(window.y, window.bottom, dtype=np.float64) + 0.5
        if self._project is None:
            return self._exactly(columns, rows)
        interpolated = self._interpolated(columns, rows)
        return self._exactly(columns, rows) if interpolated is None else interpolated

    def _exactly(self, columns: Coordinates, rows: Coordinates) -> Coordinates:
        return self.apply(*np.meshgrid(columns, rows))

    def _interpolated(self, columns: Coordinates, rows: Coordinates) -> Coordinates | None:
        """Return the coordinates by bilinear interpolation of every 32nd, or None where that is not exact enough."""
        some_columns, some_rows = _every(columns), _every(rows)
        known = self._exactly(some_columns, some_rows)
        between = _middles(some_columns), _middles(some_rows)
        error = self._exactly(*between) - _bilinear(known, some_columns, some_rows, *between)
        if not np.isfinite(known).all() or not np.abs(error).max() <= _TOLERANCE:
            return None
        return _bilinear(known, some_columns, some_rows, columns, rows)

    def bounds(self, width: int, height: int) -> Bounds | None:
        """Return left, top, right, bottom there of `width` x `height` px here; None outside the projection's area.

        They are the bounds of points along the edge, with a small margin for what lies between these.
        """
        columns, rows = np.linspace(0, width, _EDGE_POINTS), np.linspace(0, height, _EDGE_POINTS)
        edges = [(columns, 0 * columns), (columns, 0 * columns + height), (0 * rows, rows), (0 * rows + width, rows)]
        points = np.concatenate([self.apply(*edge) for edge in edges], axis=1)
        if not np.isfinite(points).all():
            return None
        low, high = points.min(axis=1), points.max(axis=1)
        margin = (high - low) * _BOUNDS_MARGIN if self._project is not None else 0 * low
        return (*(low - margin).tolist(), *(high + margin).tolist())


def covered_window(outer: RasterGrid, inner: RasterGrid) -> PixelWindow | None:
    """Return the window of `outer` outside of which `inner` has no pixels; None where they do not overlap.

    Raises:
        InterchangeError: there is no transformation between their CRSs.
    """
    bounds = GridMapping(inner, outer).bounds(inner.width, inner.height)
    if bounds is None:
        return outer.window
    left, top = (max(0, math.floor(bound)) for bound in bounds[:2])
    right, bottom = min(outer.width, math.ceil(bounds[2])), min(outer.height, math.ceil(bounds[3]))
    return PixelWindow(left, top, right - left, bottom - top) if right > left and bottom > top else None


def _apply(transform: Affine, x: Coordinates, y: Coordinates) -> tuple[Coordinates, Coordinates]:
    with np.errstate(over="ignore", invalid="ignore"):  # a damaged georeference may hold any numbers
        return (
            transform.a * x + transform.b * y + transform.c,
            transform.d * x + transform.e * y + transform.f,
        )


def _every(positions: Coordinates) -> Coordinates:
    """Return every 32nd of `positions`, and the last."""
    return np.append(positions[:-1:_STEP], positions[-1])


def _middles(positions: Coordinates) -> Coordinates:
    return (positions[1:] + positions[:-1]) / 2 if len(positions) > 1 else positions


def _bilinear(
    known: Coordinates, columns: Coordinates, rows: Coordinates, wanted_columns: Coordinates, wanted_rows: Coordinates
) -> Coordinates:
    down, across = _weights(rows, wanted_rows), _weights(columns, wanted_columns)
    return np.asarray(down @ (known @ across.T))


def _weights(known: Coordinates, wanted: Coordinates) -> Coordinates:
    """Return the (wanted, known) weights of linear interpolation."""
    return np.stack([np.interp(wanted, known, unit) for unit in np.eye(len(known))], axis=1)
