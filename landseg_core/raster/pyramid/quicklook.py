"""A quicklook of a raster without overviews: from a few of its blocks, whatever its size."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from landseg_core.geo.window import PixelWindow
from landseg_core.raster.pyramid.reduction import Pixels, Valid
from landseg_core.raster.resampling import as_type
from landseg_core.raster.source import RasterSource

_MOST_SPOTS, _FEWEST_SPOTS = 300, 12
_MOST_DECODED = 80 * 2**20  # px: a fraction of a second
_SPOT = 256  # px along each side; blocks are mostly a multiple of it
_SAMPLES = 8  # along each side of a spot: some formats decode a block coarsely, which is much faster


def can_have_quicklook(source: RasterSource) -> bool:
    """Return whether enough spots can be read without decoding too much."""
    return _spot_count(source) >= _FEWEST_SPOTS


def _spot_count(source: RasterSource) -> int:
    height, width = source.block_shape
    return min(_MOST_SPOTS, _MOST_DECODED // (height * width))


def quicklook(
    source: RasterSource, bands: tuple[int, ...], size: tuple[int, int], *, categorical: bool
) -> tuple[Pixels, Valid]:
    """Return the whole raster as (C, H, W) pixels in its own type, and (H, W) which of them hold data.

    Spots spread evenly over the raster represent the area around them. Images are interpolated between spots; class
    codes (`categorical`) are not.

    Args:
        source: the raster.
        bands: the band numbers.
        size: (width, height) of the quicklook in px.
        categorical: whether the values are class codes.

    Raises:
        RasterError: GDAL cannot read it, or there is no such band.
    """
    colours, weights = _spots(source, bands, categorical=categorical)
    method = cv2.INTER_NEAREST if categorical else cv2.INTER_LINEAR
    weight = cv2.resize(weights, size, interpolation=method)
    with np.errstate(invalid="ignore"):  # pixels that are not finite stay so
        totals = np.stack([cv2.resize(band * weights, size, interpolation=method) for band in colours])
        return as_type(totals / np.maximum(weight, 0.5), source.dtype), weight >= 0.5


def _spots(
    source: RasterSource, bands: tuple[int, ...], *, categorical: bool
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the (C, rows, columns) values of all spots, and (rows, columns) 1.0 where a spot holds data."""
    rows, columns = _layout(source)
    colours, weights = np.zeros((len(bands), rows, columns)), np.zeros((rows, columns))
    for row in range(rows):
        for column in range(columns):
            spot = _window(source.grid.window, (column + 0.5) / columns, (row + 0.5) / rows)
            samples = min(_SAMPLES, spot.height), min(_SAMPLES, spot.width)
            valid = source.read_valid(spot, samples)
            if valid.any():
                values = source.read(spot, bands, samples)[:, valid]
                colours[:, row, column] = values[:, values.shape[1] // 2] if categorical else values.mean(axis=1)
                weights[row, column] = 1.0
    return colours, weights


def _layout(source: RasterSource) -> tuple[int, int]:
    """Return how many rows and columns of spots there are: with about the same spacing in both directions."""
    count, width, height = _spot_count(source), source.grid.width, source.grid.height
    columns = min(count, max(1, round(math.sqrt(count * width / height))))
    return max(1, count // columns), columns


def _window(whole: PixelWindow, across: float, down: float) -> PixelWindow:
    """Return the spot at a position given as fractions of the raster's sides; if possible, it is within one block."""
    x, y = int(across * whole.width) // _SPOT * _SPOT, int(down * whole.height) // _SPOT * _SPOT
    return PixelWindow(x, y, min(_SPOT, whole.width - x), min(_SPOT, whole.height - y))
