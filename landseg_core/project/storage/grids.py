"""Grids of images as they are stored in a project file."""

from __future__ import annotations

import json
import math
from typing import Any

import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.errors import CRSError

from landseg_core.geo.grid import RasterGrid
from landseg_core.messages import N_
from landseg_core.project.storage.rows import DamageError, integer, optional_text

_LONGEST_SIDE = 2**31 - 1  # GDAL counts pixels in 32 bits


def stored_georeference(grid: RasterGrid) -> tuple[str, str | None]:
    """Return the transform as JSON and the CRS as WKT, if any."""
    return json.dumps(list(grid.transform[:6])), grid.crs.to_wkt() if grid.crs else None


def grid_value(grid: RasterGrid) -> dict[str, Any]:
    """Return a grid ready for JSON."""
    crs = grid.crs.to_wkt() if grid.crs else None
    return {"width": grid.width, "height": grid.height, "transform": list(grid.transform[:6]), "crs": crs}


def grid_of(value: Any) -> RasterGrid:
    """Return the grid that `grid_value` has turned into `value`.

    Raises:
        DamageError: the value is damaged.
    """
    try:
        return stored_grid(value["width"], value["height"], value["transform"], value["crs"])
    except (KeyError, TypeError) as error:
        raise DamageError(N_("a grid is damaged")) from error


def stored_grid(width: object, height: object, transform: object, crs: object) -> RasterGrid:
    """Return a grid of values that may be damaged; `transform` is a list, `crs` WKT or None.

    Raises:
        DamageError: a value is damaged.
    """
    size = integer(width, 1, _LONGEST_SIDE), integer(height, 1, _LONGEST_SIDE)
    return RasterGrid(*size, _transform(transform), _crs(crs))


def _transform(numbers: object) -> Affine:
    if not isinstance(numbers, list) or len(numbers) != 6 or not all(map(_is_finite, numbers)):
        raise DamageError(N_("a transform is damaged"))
    transform = Affine(*map(float, numbers))
    if transform.is_degenerate:
        raise DamageError(N_("a transform is damaged"))
    return transform


def _is_finite(item: object) -> bool:
    return isinstance(item, int | float) and math.isfinite(item)


def _crs(value: object) -> CRS | None:
    wkt = optional_text(value)
    try:
        with rasterio.Env():  # GDAL reports errors to rasterio, instead of to the terminal
            return CRS.from_wkt(wkt) if wkt else None
    except CRSError as error:
        raise DamageError(N_("a CRS is damaged")) from error
