"""The pixels of a raster as a network sees them: chosen bands, zeros without data, on its own or on another grid."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from landseg_core.errors import RasterError
from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.window import PixelWindow
from landseg_core.messages import N_
from landseg_core.raster.resampling import GridScale
from landseg_core.raster.source import RasterSource


def require_finite(
    source: RasterSource, window: PixelWindow, pixels: npt.NDArray[Any], valid: npt.NDArray[np.bool_]
) -> None:
    """Check (C, H, W) pixels that were read from `window` at full resolution, where (H, W) `valid` says they are data.

    A model turns such a number into a hole in the map, a training run into nothing. NaN is fine in pixels that the
    raster declares as nodata.

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
        N_(
            "{path} holds the value {value} at pixel {value_2}, {value_3}, which is no number to compute "
            "with; declare it as nodata (gdal_edit.py -a_nodata) or mask it",
            path=source.path,
            value=value,
            value_2=window.x + column,
            value_3=window.y + row,
        )
    )


SAME_RESOLUTION = 1.1
"""Ground resolutions that differ by no more than this factor count as the same: nothing is resampled."""

Pixels = npt.NDArray[Any]
Valid = npt.NDArray[np.bool_]
Size = tuple[int, int]
Element = TypeVar("Element", bound=np.generic)


@dataclass(frozen=True)
class RasterView:
    """How an image is read: which `bands`, in order, and at what `size` (width, height) in px.

    Without bands they are those of the data set, or all data bands; without a size it is the native one, which must be
    given beside another.
    """

    bands: tuple[int, ...] = ()
    size: tuple[int, int] | None = None
    native_size: tuple[int, int] | None = None

    def to_view(self, native: PixelWindow) -> PixelWindow:
        """Return where a window in native px of the image lies in px of this view: the pixels with centres in it."""
        return self._scale.placed(native) if self._scale else native

    def to_native(self, window: PixelWindow) -> PixelWindow:
        """Return all native px of the image that a window of this view is made of."""
        return self._scale.needed(window) if self._scale else window

    @property
    def _scale(self) -> GridScale | None:
        return GridScale.between(self.native_size, self.size) if self.native_size and self.size else None


AS_IT_IS = RasterView()
"""All bands that the data set has, at the image's own size."""


class PixelView(Protocol):
    """A raster's pixels on `grid`, in windows inside that."""

    @property
    def grid(self) -> RasterGrid:
        """Return where the pixels lie."""

    def read(self, window: PixelWindow) -> tuple[Pixels, Valid]:
        """Return (C, H, W) pixels in the raster's own type, 0 where there is no data, and (H, W) True where there is.

        Raises:
            RasterError: the raster cannot be read, or holds numbers that are not finite.
        """

    def at_centres(
        self, window: PixelWindow, read: Callable[[PixelWindow], npt.NDArray[Element]]
    ) -> npt.NDArray[Element]:
        """Return (H, W) what lies below the pixels' centres; `read` gives that of windows of the raster's own grid."""


class NativePixels(PixelView, Protocol):
    """Pixels that nobody has resampled."""

    def read_valid(self, window: PixelWindow) -> Valid:
        """Return (H, W) True where `read` finds data."""


class NativeView:
    """The pixels as they are in the file."""

    def __init__(self, source: RasterSource, bands: Sequence[int]) -> None:
        self._source, self._bands = source, tuple(bands)
        self.grid = source.grid

    def read(self, window: PixelWindow) -> tuple[Pixels, Valid]:
        """See `PixelView`."""
        pixels = self._source.read(window, self._bands)
        valid = self._with_numbers(self._source.read_valid(window), pixels)
        require_finite(self._source, window, pixels, valid)
        pixels[:, ~valid] = 0
        return pixels, valid

    def read_valid(self, window: PixelWindow) -> Valid:
        """Return (H, W) True where `read` finds data."""
        valid = self._source.read_valid(window)
        return self._with_numbers(valid, self._source.read(window, self._bands)) if self._nan_is_nodata else valid

    @property
    def _nan_is_nodata(self) -> bool:
        return self._source.nodata is not None and math.isnan(self._source.nodata)

    def _with_numbers(self, valid: Valid, pixels: Pixels) -> Valid:
        """Return (H, W) validity, False where NaN as nodata stands in one of the bands: the others do not make up."""
        return valid & ~np.isnan(pixels).any(axis=0) if self._nan_is_nodata else valid

    def at_centres(
        self, window: PixelWindow, read: Callable[[PixelWindow], npt.NDArray[Element]]
    ) -> npt.NDArray[Element]:
        """See `PixelView`."""
        return read(window)


class ArrayPixels:
    """Pixels in memory: (C, H, W) on `grid`, True in the (H, W) `valid` where there is data; everywhere without it."""

    def __init__(self, pixels: Pixels, grid: RasterGrid, valid: Valid | None = None) -> None:
        self.grid = grid
        self._valid = np.ones(pixels.shape[1:], bool) if valid is None else valid
        self._pixels = np.where(self._valid, pixels, pixels.dtype.type(0))

    def read(self, window: PixelWindow) -> tuple[Pixels, Valid]:
        """See `PixelView`."""
        rows, columns = window.slices()
        return self._pixels[:, rows, columns].copy(), self.read_valid(window)

    def read_valid(self, window: PixelWindow) -> Valid:
        """Return (H, W) True where `read` finds data."""
        return self._valid[window.slices()].copy()

    def at_centres(
        self, window: PixelWindow, read: Callable[[PixelWindow], npt.NDArray[Element]]
    ) -> npt.NDArray[Element]:
        """See `PixelView`."""
        return read(window)


class ResampledView:
    """The pixels brought to `size` (width, height) px over the same ground.

    A pixel holds data where any of those that it is made of does.
    """

    def __init__(self, native: PixelView, size: Size) -> None:
        self._native = native
        self._scale = GridScale.between((native.grid.width, native.grid.height), size)
        self.grid = native.grid.resized(*size)

    def read(self, window: PixelWindow) -> tuple[Pixels, Valid]:
        """See `PixelView`."""
        return self._scale.mean(window, self._native.read)

    def at_centres(
        self, window: PixelWindow, read: Callable[[PixelWindow], npt.NDArray[Element]]
    ) -> npt.NDArray[Element]:
        """See `PixelView`."""
        return self._scale.nearest(window, read)


def pixel_view(source: RasterSource, bands: Sequence[int], size: Size | None = None) -> PixelView:
    """Return a view of `bands` (numbers from 1), brought to `size` (width, height) px unless that is None."""
    return resampled(NativeView(source, bands), size)


def resampled(native: PixelView, size: Size | None) -> PixelView:
    """Return `native`, brought to `size` (width, height) px unless that is None."""
    return native if size is None else ResampledView(native, size)


def size_at(grid: RasterGrid, native_m: float | None, wanted_m: float | None) -> Size | None:
    """Return the (width, height) px that a grid of `native_m` metres of ground per pixel has at `wanted_m`.

    None where these are the same but for a tenth (`SAME_RESOLUTION`), or one of them is not known.
    """
    if native_m is None or wanted_m is None or same_resolution(native_m, wanted_m):
        return None
    return max(1, round(grid.width * native_m / wanted_m)), max(1, round(grid.height * native_m / wanted_m))


def same_resolution(one: float, other: float) -> bool:
    """Tell whether two ground resolutions count as the same."""
    return max(one / other, other / one) <= SAME_RESOLUTION
