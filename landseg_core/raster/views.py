"""The pixels of a raster as the input of a network: chosen bands, zeros without data, on the native or another grid."""

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

    Such a number becomes a hole in the map, and ruins a training run. NaN is fine in pixels that the raster declares as
    nodata.

    Raises:
        RasterError: a valid pixel is infinite or NaN.
    """
    if pixels.dtype.kind != "f":
        return
    not_finite = ~np.isfinite(pixels).all(axis=0) & valid
    if not not_finite.any():
        return
    row, column = np.unravel_index(int(not_finite.argmax()), not_finite.shape)
    value = next(value for value in pixels[:, row, column] if not np.isfinite(value))
    raise RasterError(
        N_(
            "{path} has the value {value} at pixel {x}, {y}, which is not a finite number; declare it as nodata "
            "(gdal_edit.py -a_nodata) or mask it",
            path=source.path,
            value=value,
            x=window.x + column,
            y=window.y + row,
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

    Without bands, those of the data set or all data bands are read; without a size, the native one, which must be given
    together with another.
    """

    bands: tuple[int, ...] = ()
    size: tuple[int, int] | None = None
    native_size: tuple[int, int] | None = None

    def to_view(self, native: PixelWindow) -> PixelWindow:
        """Return a window in native px of the image in px of this view: the pixels with their centres in it."""
        return self._scale.placed(native) if self._scale else native

    def to_native(self, window: PixelWindow) -> PixelWindow:
        """Return the window of native px that a window of this view is computed from."""
        return self._scale.needed(window) if self._scale else window

    @property
    def _scale(self) -> GridScale | None:
        return GridScale.between(self.native_size, self.size) if self.native_size and self.size else None


AS_IT_IS = RasterView()
"""All bands of the data set, at the image's native size."""


class PixelView(Protocol):
    """A raster's pixels on `grid`, in windows inside that."""

    @property
    def grid(self) -> RasterGrid:
        """Return the grid of the pixels."""

    def read(self, window: PixelWindow) -> tuple[Pixels, Valid]:
        """Return (C, H, W) pixels in the raster's own type, 0 where there is no data, and (H, W) True where there is.

        Raises:
            RasterError: the raster cannot be read, or holds numbers that are not finite.
        """

    def at_centres(
        self, window: PixelWindow, read: Callable[[PixelWindow], npt.NDArray[Element]]
    ) -> npt.NDArray[Element]:
        """Return the (H, W) values at the pixels' centres; `read` returns those of native windows of the raster."""


class NativePixels(PixelView, Protocol):
    """Pixels that have not been resampled."""

    def read_valid(self, window: PixelWindow) -> Valid:
        """Return (H, W) True where `read` has data."""


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
        """Return (H, W) True where `read` has data."""
        valid = self._source.read_valid(window)
        return self._with_numbers(valid, self._source.read(window, self._bands)) if self._nan_is_nodata else valid

    @property
    def _nan_is_nodata(self) -> bool:
        return self._source.nodata is not None and math.isnan(self._source.nodata)

    def _with_numbers(self, valid: Valid, pixels: Pixels) -> Valid:
        """Return (H, W) validity, False where one of the bands is NaN as nodata, whatever the others are."""
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
        """Return (H, W) True where `read` has data."""
        return self._valid[window.slices()].copy()

    def at_centres(
        self, window: PixelWindow, read: Callable[[PixelWindow], npt.NDArray[Element]]
    ) -> npt.NDArray[Element]:
        """See `PixelView`."""
        return read(window)


class ResampledView:
    """The pixels resampled to `size` (width, height) px over the same area.

    A pixel holds data where any of those that it is computed from does.
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
    """Return a view of `bands` (numbers from 1), resampled to `size` (width, height) px unless that is None."""
    return resampled(NativeView(source, bands), size)


def resampled(native: PixelView, size: Size | None) -> PixelView:
    """Return `native`, resampled to `size` (width, height) px unless that is None."""
    return native if size is None else ResampledView(native, size)


def size_at(grid: RasterGrid, native_m: float | None, wanted_m: float | None) -> Size | None:
    """Return the (width, height) px that a grid with a ground resolution of `native_m` metres has at `wanted_m`.

    None where these are the same to a tenth (`SAME_RESOLUTION`), or one of them is unknown.
    """
    if native_m is None or wanted_m is None or same_resolution(native_m, wanted_m):
        return None
    return max(1, round(grid.width * native_m / wanted_m)), max(1, round(grid.height * native_m / wanted_m))


def same_resolution(one: float, other: float) -> bool:
    """Return whether two ground resolutions count as the same."""
    return max(one / other, other / one) <= SAME_RESOLUTION
