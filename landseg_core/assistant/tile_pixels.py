"""What the assistant reads of an image: the same pixels whatever bands and contrast the user looks at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_core.raster.pyramid.overviews import PyramidReader
from landseg_core.raster.source import RasterSource
from landseg_core.raster.stretch import Rendering, default_rendering, sample_pixels

_LIMIT = 10.0  # deviations: what lies further off, such as a wrong value in a float raster, counts as this


@dataclass(frozen=True)
class ImageScale:
    """How an image's values become colours and numbers of a like size: by statistics of the image alone.

    Attributes:
        rendering: the image's own, as before the user chooses one; red, green and blue, or grey.
        means: of each band, over a sample of all parts of the image.
        deviations: the standard deviations of the same sample; 1 for a constant band.
    """

    rendering: Rendering
    means: tuple[float, ...]
    deviations: tuple[float, ...]

    @classmethod
    def of(cls, source: RasterSource) -> ImageScale:
        """Return the scale of an image; reads a sample of it, which may take a second.

        The bands are the data bands, or the three colours of an image with a palette.

        Raises:
            RasterError: GDAL cannot read the sample.
        """
        rendering = default_rendering(source)
        sample = sample_pixels(source, source.data_bands)
        if rendering.palette is not None:
            sample = rendering.to_rgba(sample[:, np.newaxis], np.ones((1, sample.shape[1]), bool))[0, :, :3].T
        means, deviations = zip(*(_statistics(band) for band in sample), strict=True)
        return cls(rendering, means, deviations)

    def normalised(self, pixels: npt.NDArray[Any], valid: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
        """Return (C, H, W) float32 of mean 0 and deviation 1 over the image, within 10 deviations; 0 without data."""
        mean, deviation = (
            np.array(values, np.float64)[:, np.newaxis, np.newaxis] for values in (self.means, self.deviations)
        )
        with np.errstate(invalid="ignore"):
            scaled = np.clip((pixels - mean) / deviation, -_LIMIT, _LIMIT)
        return np.where(valid, scaled, 0).astype(np.float32)


@dataclass(frozen=True, eq=False)
class TileImage:
    """A tile and a margin around it.

    Attributes:
        rgb: (H, W, 3) uint8, black where there is no data.
        bands: (C, H, W) float32, see `ImageScale.normalised`.
        valid: (H, W) bool: where there is data, in all bands a number; nowhere beyond the image.
        inside: the rows and columns of the tile itself.
    """

    rgb: npt.NDArray[np.uint8]
    bands: npt.NDArray[np.float32]
    valid: npt.NDArray[np.bool_]
    inside: tuple[slice, slice]


def read_tile_image(reader: PyramidReader, key: TileKey, scale: ImageScale, margin: int = 0) -> TileImage:
    """Return a tile with `margin` px of its level on each side.

    While coarse levels are missing (`reader.needs_pyramid`), pixels of coarse tiles are single ones of the image
    instead of means, and those at its far edges may differ from what a tile without margin shows.

    Raises:
        RasterError: GDAL cannot read it.
    """
    tile = reader.pyramid.tile_window(key)
    window = PixelWindow(tile.x - margin, tile.y - margin, tile.width + 2 * margin, tile.height + 2 * margin)
    pixels, valid = reader.read_window(key.level, window)
    if pixels.dtype.kind == "f":
        valid = valid & np.isfinite(pixels).all(0)
    rgba = scale.rendering.to_rgba(pixels[_positions(reader, scale.rendering)], valid)
    if scale.rendering.palette is not None:
        valid, pixels = rgba[..., 3] > 0, rgba[..., :3].transpose(2, 0, 1)
    inside = tile.shifted(-window.x, -window.y).slices()
    return TileImage(rgba[..., :3], scale.normalised(pixels, valid), valid, inside)


def _positions(reader: PyramidReader, rendering: Rendering) -> list[int]:
    return [reader.source.data_bands.index(band) for band in rendering.bands]


def _statistics(values: npt.NDArray[Any]) -> tuple[float, float]:
    """Return mean and deviation of the finite values; 0 and 1 where there are none, 1 instead of no deviation."""
    finite = values[np.isfinite(values)].astype(np.float64)
    if not finite.size:
        return 0.0, 1.0
    with np.errstate(over="ignore"):
        deviation = float(finite.std())
    return float(finite.mean()), deviation if 0 < deviation < np.inf else 1.0
