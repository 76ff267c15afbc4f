"""The properties of a raster as plain data."""

from __future__ import annotations

import math
from typing import Any

from landseg_core.raster.source import RasterSource


def describe(source: RasterSource) -> dict[str, Any]:
    """Return what `landseg info --json` prints, ready for JSON.

    `alpha` is the number of the band that marks where there is data, the first of several, or null for none; `bands`
    counts it. `nodata` is a number, null for none, or the text `nan`, `inf` or `-inf`, for which JSON has no numbers;
    `crs` is WKT or null; `transform` is `[a, b, c, d, e, f]` with x = a column + b row + c and y = d column + e row +
    f; `ground_resolution_m` is null where it is unknown; `gcps` counts the ground control points, and `rpc` says
    whether there is a sensor's RPC; `overviews` are the factors by which those in the file are smaller.
    """
    grid = source.grid
    return {
        "path": str(source.path),
        "driver": source.driver,
        "width": grid.width,
        "height": grid.height,
        "bands": source.band_count,
        "alpha": source.alpha_bands[0] if source.alpha_bands else None,
        "dtype": source.dtype.name,
        "nodata": _json_number(source.nodata),
        "crs": grid.crs.to_wkt() if grid.crs else None,
        "transform": list(grid.transform)[:6],
        "ground_resolution_m": grid.ground_resolution(),
        "gcps": len(grid.control.points) if grid.control else 0,
        "rpc": grid.control is not None and grid.control.rpc is not None,
        "overviews": list(source.overviews),
    }


def _json_number(value: float | None) -> float | str | None:
    return value if value is None or math.isfinite(value) else str(float(value))
