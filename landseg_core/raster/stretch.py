"""Converts pixels of any type to the colours on screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from rasterio.enums import ColorInterp

from landseg_core.geo.window import PixelWindow
from landseg_core.raster.source import RasterSource

_PERCENTILES = (2.0, 98.0)
_SAMPLE_SIDE = 1024  # px: a raster, or an overview, up to this size is sampled whole
_SPOTS = 8  # along each side, on a larger one
_SPOT_SIDE = 128  # px
_RGB = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)

Rgba = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Stretch:
    """For each band shown, the value that is black (`low`) and the one that is white (`high`)."""

    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True)
class Rendering:
    """How a raster is shown: one band as grey or three as red, green and blue; or the colours of its palette."""

    bands: tuple[int, ...]
    stretch: Stretch
    palette: tuple[tuple[int, int, int, int], ...] | None = None

    def to_rgba(self, pixels: npt.NDArray[Any], valid: npt.NDArray[np.bool_]) -> Rgba:
        """Return (H, W, 4) uint8 of the (C, H, W) pixels of `bands`; what is not `valid` (H, W) is transparent."""
        if self.palette is None:
            return render_rgba(pixels, valid, self.stretch)
        rgba: Rgba = self._table[pixels[0]]
        rgba[~valid | (rgba[..., 3] == 0)] = 0
        return rgba

    @cached_property
    def _table(self) -> Rgba:
        return np.array(self.palette, np.uint8)


def default_rendering(source: RasterSource) -> Rendering:
    """Return how a raster is shown until the user chooses: its palette, else colours, else grey.

    Raises:
        RasterError: GDAL cannot read the sample that the stretch is taken from.
    """
    bands = default_bands(source)
    if source.colour_table is None:
        return Rendering(bands, default_stretch(source, bands))
    palette = tuple((red, green, blue, alpha) for red, green, blue, alpha in source.colour_table.tolist())
    return Rendering(bands, identity_stretch(1), palette)


def default_bands(source: RasterSource) -> tuple[int, ...]:
    """Return the bands to show: the file's red, green and blue, else the first three, else the first."""
    if all(source.colours.count(colour) == 1 for colour in _RGB):
        return tuple(source.data_bands[source.colours.index(colour)] for colour in _RGB)
    return source.data_bands[: 3 if len(source.data_bands) >= 3 else 1]


def identity_stretch(bands: int) -> Stretch:
    """Return the stretch that shows 8-bit values as they are."""
    return Stretch((0.0,) * bands, (255.0,) * bands)


def default_stretch(source: RasterSource, bands: Sequence[int] | None = None) -> Stretch:
    """Return the stretch of `bands`, by default those of `default_bands`.

    Three bands of 8 bits are shown as they are. Everything else is stretched from the 2nd to the 98th percentile of a
    sample of the valid pixels; GDAL's own statistics would be written next to the source.

    Raises:
        RasterError: GDAL cannot read the sample.
    """
    chosen = tuple(bands or default_bands(source))
    if source.dtype == np.uint8 and len(chosen) == 3:
        return identity_stretch(3)
    sample = sample_pixels(source, chosen)
    limits = [_limits(values[np.isfinite(values)]) for values in sample]
    return Stretch(tuple(low for low, _ in limits), tuple(high for _, high in limits))


def _limits(values: npt.NDArray[Any]) -> tuple[float, float]:
    if values.size == 0:
        return 0.0, 1.0
    low, high = np.percentile(values.astype(np.float64), _PERCENTILES)
    return float(low), float(high)


def sample_pixels(source: RasterSource, bands: Sequence[int]) -> npt.NDArray[Any]:
    """Return (C, N) valid pixels from all parts of the raster, with few blocks to decode at any image size.

    Raises:
        RasterError: GDAL cannot read them.
    """
    parts = [
        source.read(window, bands, size)[:, source.read_valid(window, size)] for window, size in _sample_windows(source)
    ]
    return np.concatenate(parts, axis=1)


def _sample_windows(source: RasterSource) -> list[tuple[PixelWindow, tuple[int, int]]]:
    """Return windows and the (height, width) px to read each at."""
    grid = source.grid
    coarsest = max((factor for factor in source.overviews), default=1)
    if max(grid.width, grid.height) <= _SAMPLE_SIDE * coarsest:
        shrink = max(1.0, max(grid.width, grid.height) / _SAMPLE_SIDE)
        return [(grid.window, (max(1, round(grid.height / shrink)), max(1, round(grid.width / shrink))))]
    columns, rows = _spot_origins(grid.width), _spot_origins(grid.height)
    width, height = min(_SPOT_SIDE, grid.width), min(_SPOT_SIDE, grid.height)
    return [(PixelWindow(x, y, width, height), (height, width)) for y in rows for x in columns]


def _spot_origins(length: int) -> list[int]:
    """Return the origins of the spots along one side, spread evenly."""
    if length <= _SPOT_SIDE:
        return [0]
    return sorted({round(index * (length - _SPOT_SIDE) / (_SPOTS - 1)) for index in range(_SPOTS)})


def render_rgba(pixels: npt.NDArray[Any], valid: npt.NDArray[np.bool_], stretch: Stretch) -> Rgba:
    """Return (H, W, 4) uint8 RGBA of (C, H, W) pixels, C being 1 (grey) or 3.

    Pixels that are not `valid` (H, W) or not finite have all four values 0, so that they are transparent whether or not
    the colours count as premultiplied by alpha.
    """
    shown = valid if pixels.dtype.kind != "f" else valid & np.isfinite(pixels).all(axis=0)
    rgba = np.empty((*valid.shape, 4), np.uint8)
    for channel in range(3):
        band = min(channel, len(pixels) - 1)
        rgba[..., channel] = _stretched(pixels[band], stretch.low[band], stretch.high[band])
    rgba[..., 3] = 255
    if not shown.all():
        rgba[~shown] = 0
    return rgba


def _stretched(values: npt.NDArray[Any], low: float, high: float) -> npt.NDArray[np.uint8]:
    """Return 0-255; where `high` is not above `low`, as in a constant band, all above `low` is white."""
    if values.dtype == np.uint8 and (low, high) == (0.0, 255.0):
        return values
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = (values.astype(np.float32) - np.float32(low)) * np.float32(255.0 / _span(low, high))
    return np.asarray(np.nan_to_num(np.clip(scaled, 0, 255), nan=0.0), np.uint8)


def _span(low: float, high: float) -> float:
    return high - low if high > low else 1.0
