"""Refuses numbers that are none: a model turns one of them into a hole in the map, a training run into nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from landseg_core.errors import RasterError
from landseg_core.geo.window import PixelWindow
from landseg_core.raster.source import RasterSource


def require_finite(
    source: RasterSource, window: PixelWindow, pixels: npt.NDArray[Any], valid: npt.NDArray[np.bool_]
) -> None:
    """Check (C, H, W) pixels that were read from `window` at full resolution, where (H, W) `valid` says they are data.

    NaN is fine in pixels that the raster declares as nodata.

    Raises:
        RasterError: a valid pixel is infinite or NaN.
    """
    if pixels.dtype.kind != "f":
        return
    strange = ~np.isfinite(pixels).all(axis=0) & valid
    if not strange.any():
        return
    row, column = np.unravel_index(int(strange.argmax()), strange.shape)
    value = next(value for value in pixels[:, row, column] if not np.isfinite(value))
    raise RasterError(
        f"{source.path} holds the value {value} at pixel {window.x + column}, {window.y + row}, which is no number to "
        "compute with; declare it as nodata (gdal_edit.py -a_nodata) or mask it"
    )
