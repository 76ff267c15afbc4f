"""Class values on the pixels of an image: of a raster file, or of a coarser level in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from landseg_core.errors import RasterError
from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED
from landseg_core.messages import N_
from landseg_core.raster.source import RasterSource

Values = npt.NDArray[np.uint8]
Where = npt.NDArray[np.bool_]


class ValuesOnImage(Protocol):
    """One 8-bit value for each pixel of a `window` of an image, in its px."""

    @property
    def window(self) -> PixelWindow:
        """Return the part of the image that has values."""

    def read(self, window: PixelWindow) -> tuple[Values, Where]:
        """Return (H, W) values in a window of the image, and where there are any."""


@dataclass(frozen=True)
class MapOnImage:
    """A raster of one 8-bit band that covers a `window` of an image pixel for pixel."""

    source: RasterSource
    window: PixelWindow

    def read(self, window: PixelWindow) -> tuple[Values, Where]:
        """Return (H, W) values in a window of the image, and where there are any."""
        own = window.shifted(-self.window.x, -self.window.y)
        return self.source.read(own)[0], self.source.read_valid(own)


@dataclass(frozen=True, eq=False)
class EnlargedMap:
    """`values` (H, W) of a level of an image, of which each stands for a square of `scale` px.

    The first one is that of the upper left corner of `window`, px of the image; 255 is no value.
    """

    values: Values
    scale: int
    window: PixelWindow

    def read(self, window: PixelWindow) -> tuple[Values, Where]:
        """Return (H, W) values in a window of the image, and where there are any."""
        found = np.full((window.height, window.width), UNLABELLED, np.uint8)
        part = window.intersection(self.window)
        if part is not None:
            rows = (np.arange(part.y, part.bottom) - self.window.y) // self.scale
            columns = (np.arange(part.x, part.right) - self.window.x) // self.scale
            found[part.shifted(-window.x, -window.y).slices()] = self.values[np.ix_(rows, columns)]
        return found, found != UNLABELLED


def map_on_image(source: RasterSource, image: RasterGrid, window: PixelWindow | None) -> MapOnImage:
    """Return a map as it lies on an image: on its `window`, or where its georeference says.

    Raises:
        RasterError: it has several bands or none of 8 bits, or its pixels are not those of the image.
    """
    require_values(source)
    window = window or image.window_of(source.grid)
    if window is None or (window.width, window.height) != (source.grid.width, source.grid.height):
        raise RasterError(
            N_(
                "{path} does not match the pixels of this image; choose a prediction that was made from it",
                path=source.path,
            )
        )
    return MapOnImage(source, window)


def require_values(source: RasterSource) -> None:
    """Refuse a raster that is not one band of 8-bit values.

    Raises:
        RasterError: it is not.
    """
    if len(source.data_bands) != 1 or source.dtype != np.uint8:
        raise RasterError(
            N_(
                "{path} has %n bands of type {dtype}; choose a prediction, which has one band of 8-bit values",
                n=len(source.data_bands),
                one="{path} has one band of type {dtype}; choose a prediction, which has one band of 8-bit values",
                path=source.path,
                dtype=source.dtype,
            )
        )
