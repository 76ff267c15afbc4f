"""A mask read on the pixels of an image, also where it has another grid."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from landseg_core.errors import InterchangeError
from landseg_core.formats.vector.grid_mapping import GridMapping, covered_window
from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.tiling import pieces
from landseg_core.geo.window import PixelWindow
from landseg_core.messages import N_
from landseg_core.raster.source import RasterSource

Pixels = npt.NDArray[Any]
Covered = npt.NDArray[np.bool_]

_READ_PIXELS = 16 * 2**20  # of the mask at a time, where its pixels are much smaller than the image's
_NUDGE = 1e-6  # px; a centre on the edge between two mask pixels goes to the same one all along the edge


class MaskOnImage:
    """A mask read in windows of the image `grid`: pixel for pixel, or else by nearest neighbour.

    Attributes:
        raster: the mask.
        window: the part of the image, in its px, outside of which the mask has no pixels.
        resampled: whether the mask has another grid.

    Raises:
        InterchangeError: the mask does not overlap the image, or has another size and no georeference.
    """

    def __init__(self, raster: RasterSource, grid: RasterGrid) -> None:
        if raster.grid.transform.is_degenerate:
            raise InterchangeError(
                N_("{path} has an invalid georeference (all its pixels are one point); correct it", path=raster.path)
            )
        self.raster = raster
        # Nodata is up to the code, since a mapping may give it a class; alpha and mask bands always mean "no data".
        self._has_mask = raster.nodata is None and not raster.all_valid
        self.resampled = not grid.matches(raster.grid)
        self.window = grid.window
        self._read: Callable[[PixelWindow], tuple[Pixels, Covered]] = self._native
        if self.resampled:
            self._read = self._nearest
            self.window = _common_window(raster, grid)
            self._mapping = GridMapping(grid, raster.grid)

    def read(self, window: PixelWindow) -> tuple[Pixels, Covered]:
        """Return the (C, H, W) mask pixels of a `window` in px of the image, and (H, W) where there are any.

        Raises:
            RasterError: the mask cannot be read.
        """
        return self._read(window)

    def _native(self, window: PixelWindow) -> tuple[Pixels, Covered]:
        valid = self.raster.read_valid(window) if self._has_mask else np.ones((window.height, window.width), np.bool_)
        return self.raster.read(window), valid

    def _nearest(self, window: PixelWindow) -> tuple[Pixels, Covered]:
        pixels = np.zeros((len(self.raster.data_bands), window.height, window.width), self.raster.dtype)
        covered = np.zeros((window.height, window.width), np.bool_)
        self._fill(window, window, pixels, covered)
        return pixels, covered

    def _fill(self, part: PixelWindow, whole: PixelWindow, pixels: Pixels, covered: Covered) -> None:
        """Fill `part` of the window `whole`, quarter by quarter where the mask's pixels under it are too many."""
        mask_pixels, inside = self._mask_pixels(part)
        if not inside.any():
            return
        below = _window_around(mask_pixels)
        if below.pixels > _READ_PIXELS and part.pixels > 1:
            for quarter in pieces(part, -(-part.width // 2), -(-part.height // 2)):
                self._fill(quarter, whole, pixels, covered)
            return
        mask, valid = self._native(below)
        columns, rows = mask_pixels[0] - below.x, mask_pixels[1] - below.y
        there = part.shifted(-whole.x, -whole.y).slices()
        pixels[:, *there] = mask[:, rows, columns]
        covered[there] = inside & valid[rows, columns]

    def _mask_pixels(self, window: PixelWindow) -> tuple[npt.NDArray[np.int64], Covered]:
        """Return the (2, H, W) column and row of the mask pixel nearest to each centre, and (H, W) if it holds that."""
        last = np.array([self.raster.grid.width, self.raster.grid.height])[:, None, None] - 1
        holding = np.floor(np.nan_to_num(self._mapping.pixel_centres(window) + _NUDGE, nan=-1))
        nearest = np.clip(holding, 0, last)
        return nearest.astype(np.int64), np.asarray((holding == nearest).all(axis=0))


def _window_around(pixels: npt.NDArray[np.int64]) -> PixelWindow:
    (left, top), (right, bottom) = pixels.min(axis=(1, 2)).tolist(), pixels.max(axis=(1, 2)).tolist()
    return PixelWindow(left, top, right - left + 1, bottom - top + 1)


def _common_window(raster: RasterSource, grid: RasterGrid) -> PixelWindow:
    mask = raster.grid
    if not (mask.is_georeferenced and grid.is_georeferenced):
        raise InterchangeError(
            N_(
                "{path} is {width} x {height} px, but the image is {image_width} x {image_height} px, and without a "
                "georeference the mask cannot be placed; choose a mask of the image's size or a GeoTIFF",
                path=raster.path,
                width=mask.width,
                height=mask.height,
                image_width=grid.width,
                image_height=grid.height,
            )
        )
    window = covered_window(grid, mask)
    if window is None:
        raise InterchangeError(
            N_("{path} does not overlap the image; choose the image that it belongs to", path=raster.path)
        )
    return window
