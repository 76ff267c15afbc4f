"""Where the pixel centres of one grid lie in another, whatever the CRS and the rotation of both."""

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
"""Takes pixel coordinates to those of QGIS, which shows an image without a transform below the line y = 0, with
or without a CRS."""


def vector_transform(grid: RasterGrid) -> Affine:
    """Return what takes px to the coordinates of exported polygons."""
    return grid.transform if grid.is_georeferenced else FLIPPED


Places = npt.NDArray[np.float64]
"""(2, H, W): columns and rows, or x and y."""
Bounds = tuple[float, float, float, float]

_STEP = 32  # px between the places that are projected; those between them are interpolated
_TOLERANCE = 0.005  # px of the other grid
_EDGE_POINTS = 65
_BOUNDS_MARGIN = 0.01


def transformer(source: CRS | None, target: CRS | None) -> pyproj.Transformer | None:
    """Return what takes x, y of `source` to `target`; None where they are the same, or one of them is unknown.

    Raises:
        InterchangeError: there is no way from the one to the other.
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
                error=error,
            )
        ) from error


def name_of(crs: CRS) -> str:
    """Return a short name of `crs` for messages."""
    authority = crs.to_authority()
    try:
        return ":".join(authority) if authority else pyproj.CRS.from_wkt(crs.to_wkt()).name
    except pyproj.exceptions.ProjError:
        return "a CRS that makes no sense"


class GridMapping:
    """Takes places in px of the grid `here` to px of the grid `there`, whose transforms can be inverted.

    Raises:
        InterchangeError: the grids cannot be brought together.
    """

    def __init__(self, here: RasterGrid, there: RasterGrid) -> None:
        self._here, self._there = here.transform, ~there.transform
        self._project = transformer(here.crs, there.crs)

    @property
    def reprojects(self) -> bool:
        """Tell whether the grids have different CRSs, so that straight lines do not stay straight."""
        return self._project is not None

    def places(self, columns: npt.ArrayLike, rows: npt.ArrayLike) -> Places:
        """Return the (2, ...) columns and rows there; NaN where the projection ends."""
        x, y = _apply(self._here, np.asarray(columns, float), np.asarray(rows, float))
        if self._project is not None:
            x, y = (np.where(np.isfinite(found), found, np.nan) for found in self._project.transform(x, y))
        return np.stack(_apply(self._there, x, y))

    def pixel_centres(self, window: PixelWindow) -> Places:
        """Return the (2, H, W) columns and rows there of the pixel centres of `window`."""
        columns = np.arange(window.x, window.right, dtype=np.float64) + 0.5
        rows = np.arange(window.y, window.bottom, dtype=np.float64) + 0.5
        if self._project is None:
            return self._exactly(columns, rows)
        interpolated = self._interpolated(columns, rows)
        return self._exactly(columns, rows) if interpolated is None else interpolated

    def _exactly(self, columns: Places, rows: Places) -> Places:
        return self.places(*np.meshgrid(columns, rows))

    def _interpolated(self, columns: Places, rows: Places) -> Places | None:
        """Return the places by bilinear interpolation of every 32nd, or None where that is not exact enough."""
        some_columns, some_rows = _every(columns), _every(rows)
        known = self._exactly(some_columns, some_rows)
        between = _middles(some_columns), _middles(some_rows)
        error = self._exactly(*between) - _bilinear(known, some_columns, some_rows, *between)
        if not np.isfinite(known).all() or not np.abs(error).max() <= _TOLERANCE:
            return None
        return _bilinear(known, some_columns, some_rows, columns, rows)

    def bounds(self, width: int, height: int) -> Bounds | None:
        """Return left, top, right, bottom there of `width` x `height` px here; None where the projection ends.

        They are those of places along the edge, and a little more for what may lie between these.
        """
        columns, rows = np.linspace(0, width, _EDGE_POINTS), np.linspace(0, height, _EDGE_POINTS)
        sides = [(columns, 0 * columns), (columns, 0 * columns + height), (0 * rows, rows), (0 * rows + width, rows)]
        places = np.concatenate([self.places(*side) for side in sides], axis=1)
        if not np.isfinite(places).all():
            return None
        low, high = places.min(axis=1), places.max(axis=1)
        margin = (high - low) * _BOUNDS_MARGIN if self._project is not None else 0 * low
        return (*(low - margin).tolist(), *(high + margin).tolist())


def covered_window(outer: RasterGrid, inner: RasterGrid) -> PixelWindow | None:
    """Return the window of `outer` outside of which `inner` has no pixels; None where they do not meet.

    Raises:
        InterchangeError: the grids cannot be brought together.
    """
    bounds = GridMapping(inner, outer).bounds(inner.width, inner.height)
    if bounds is None:
        return outer.window
    left, top = (max(0, math.floor(bound)) for bound in bounds[:2])
    right, bottom = min(outer.width, math.ceil(bounds[2])), min(outer.height, math.ceil(bounds[3]))
    return PixelWindow(left, top, right - left, bottom - top) if right > left and bottom > top else None


def _apply(transform: Affine, x: Places, y: Places) -> tuple[Places, Places]:
    with np.errstate(over="ignore", invalid="ignore"):  # a damaged georeference leads anywhere
        return (
            transform.a * x + transform.b * y + transform.c,
            transform.d * x + transform.e * y + transform.f,
        )


def _every(positions: Places) -> Places:
    """Return every 32nd of `positions`, and the last."""
    return np.append(positions[:-1:_STEP], positions[-1])


def _middles(positions: Places) -> Places:
    return (positions[1:] + positions[:-1]) / 2 if len(positions) > 1 else positions


def _bilinear(known: Places, columns: Places, rows: Places, wanted_columns: Places, wanted_rows: Places) -> Places:
    down, across = _weights(rows, wanted_rows), _weights(columns, wanted_columns)
    return np.asarray(down @ (known @ across.T))


def _weights(known: Places, wanted: Places) -> Places:
    """Return the (wanted, known) weights of linear interpolation."""
    return np.stack([np.interp(wanted, known, unit) for unit in np.eye(len(known))], axis=1)
