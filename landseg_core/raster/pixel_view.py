"""The pixels of a raster as a network sees them: chosen bands, zeros without data, on its own or on another grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.window import PixelWindow
from landseg_core.raster.finite import require_finite
from landseg_core.raster.resampling import GridScale
from landseg_core.raster.source import RasterSource

SAME_RESOLUTION = 1.1
"""Ground resolutions that differ by no more than this factor count as the same: nothing is resampled."""

Pixels = npt.NDArray[Any]
Valid = npt.NDArray[np.bool_]
Size = tuple[int, int]
Element = TypeVar("Element", bound=np.generic)


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


class OwnPixels:
    """The pixels as they are in the file."""

    def __init__(self, source: RasterSource, bands: Sequence[int]) -> None:
        self._source, self._bands = source, tuple(bands)
        self.grid = source.grid

    def read(self, window: PixelWindow) -> tuple[Pixels, Valid]:
        """See `PixelView`."""
        valid = self._source.read_valid(window)
        pixels = self._source.read(window, self._bands)
        require_finite(self._source, window, pixels, valid)
        pixels[:, ~valid] = 0
        return pixels, valid

    def at_centres(
        self, window: PixelWindow, read: Callable[[PixelWindow], npt.NDArray[Element]]
    ) -> npt.NDArray[Element]:
        """See `PixelView`."""
        return read(window)


class ResampledPixels:
    """The pixels brought to `size` (width, height) px over the same ground.

    A pixel holds data where any of those that it is made of does.
    """

    def __init__(self, source: RasterSource, bands: Sequence[int], size: Size) -> None:
        self._own = OwnPixels(source, bands)
        self._scale = GridScale.between((source.grid.width, source.grid.height), size)
        self.grid = source.grid.resized(*size)

    def read(self, window: PixelWindow) -> tuple[Pixels, Valid]:
        """See `PixelView`."""
        return self._scale.mean(window, self._own.read)

    def at_centres(
        self, window: PixelWindow, read: Callable[[PixelWindow], npt.NDArray[Element]]
    ) -> npt.NDArray[Element]:
        """See `PixelView`."""
        return self._scale.nearest(window, read)


def pixel_view(source: RasterSource, bands: Sequence[int], size: Size | None = None) -> PixelView:
    """Return a view of `bands` (numbers from 1), brought to `size` (width, height) px unless that is None."""
    return OwnPixels(source, bands) if size is None else ResampledPixels(source, bands, size)


def size_at(grid: RasterGrid, resolution_m: float | None) -> Size | None:
    """Return the (width, height) px that `grid` has at `resolution_m` metres of ground per pixel.

    None where that is its own but for a tenth (`SAME_RESOLUTION`), or where either is not known.
    """
    own = grid.ground_resolution() if resolution_m else None
    if resolution_m is None or own is None or same_resolution(own, resolution_m):
        return None
    return max(1, round(grid.width * own / resolution_m)), max(1, round(grid.height * own / resolution_m))


def same_resolution(one: float, other: float) -> bool:
    """Tell whether two ground resolutions count as the same."""
    return max(one / other, other / one) <= SAME_RESOLUTION
