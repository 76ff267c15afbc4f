"""Detects a band tagged as alpha that looks like an image: some programs tag near infrared so."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from landseg_core.geo.window import PixelWindow
from landseg_core.messages import N_, Text
from landseg_core.raster.alpha import AUTO, NONE
from landseg_core.raster.pyramid.levels import SEQUENTIAL_DRIVERS
from landseg_core.raster.source import RasterSource

_SPOTS = 6  # along each side
_SPOT_SIDE = 64  # px
_MOST_DECODED = 32 * 2**20  # px: where blocks are larger, fewer spots are read
_MANY_VALUES = 16
_SELDOM = 0.2  # a soft edge has many values, too, but most of such a band is 0 or opaque
_NEARLY = 0.02  # below the largest value: lossy compression leaves 253 of 255


def near_infrared_notice(source: RasterSource) -> Text | None:
    """Return the sentence about a band tagged as alpha that has many values and is seldom 0 or the largest of them.

    A few spots of the band are read. None where the user has chosen the band, or where it cannot be read quickly.

    Raises:
        RasterError: GDAL cannot read the band.
    """
    if source.alpha != AUTO:
        return None
    doubtful = [band for band in source.alpha_bands if _looks_like_an_image(_sample(source, band))]
    if not doubtful:
        return None
    return N_(
        "{path}: band {band} is tagged as alpha, but has many values and is seldom 0 or the largest: it may be near "
        "infrared; choose the alpha {none!r} to use it as data",
        path=source.path,
        band=doubtful[0],
        none=NONE,
    )


def _looks_like_an_image(values: npt.NDArray[np.float64]) -> bool:
    if np.unique(values).size <= _MANY_VALUES:
        return False
    extreme = (values <= 0) | (values >= (1 - _NEARLY) * values.max())
    return bool(extreme.mean() < _SELDOM)


def _sample(source: RasterSource, band: int) -> npt.NDArray[np.float64]:
    """Return the (N,) finite values of spots spread over the band."""
    read = [source.read(window, [band]).astype(np.float64).ravel() for window in _spots(source)]
    values = np.concatenate([np.empty(0), *read])
    return np.asarray(values[np.isfinite(values)])


def _spots(source: RasterSource) -> list[PixelWindow]:
    across = min(_SPOTS, math.isqrt(_MOST_DECODED // _decoded_for_a_spot(source)))
    columns, rows = _starts(source.grid.width, across), _starts(source.grid.height, across)
    side = PixelWindow(0, 0, min(_SPOT_SIDE, source.grid.width), min(_SPOT_SIDE, source.grid.height))
    return [side.shifted(x, y) for y in rows for x in columns]


def _decoded_for_a_spot(source: RasterSource) -> int:
    """Return roughly how many px are decoded per spot; a sequential format is decoded once for all, or not at all."""
    if source.driver in SEQUENTIAL_DRIVERS:
        pixels = source.grid.window.pixels
        return pixels if pixels > _MOST_DECODED else max(1, pixels // _SPOTS**2)
    return max(math.prod(source.block_shape), _SPOT_SIDE**2)


def _starts(length: int, count: int) -> list[int]:
    """Return the starts of up to `count` spots along an axis, each in the middle of its part."""
    last = max(0, length - _SPOT_SIDE)
    return sorted({last * (2 * part + 1) // (2 * count) for part in range(count)})
