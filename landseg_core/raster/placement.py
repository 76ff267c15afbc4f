"""A map of a part of an image, read as if it covered all of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from landseg_core.errors import RasterError
from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.tiling import TileKey, TilePyramid
from landseg_core.geo.window import PixelWindow
from landseg_core.messages import N_
from landseg_core.raster.pyramid.levels import CLOSE_ENOUGH, TILE
from landseg_core.raster.pyramid.reduction import Pixels, Valid, halve
from landseg_core.raster.source import RasterSource


@dataclass(frozen=True)
class Placement:
    """The position of a map: in `window` of an image on `grid`."""

    grid: RasterGrid
    window: PixelWindow

    def in_map(self, window: PixelWindow) -> PixelWindow:
        """Return a window of the image in px of the map; it may reach beyond the map."""
        return window.shifted(-self.window.x, -self.window.y)


class PlacedReader:
    """The tiles of a map of a part of an image, like those of `PyramidReader` for a raster of the whole image.

    Coarse tiles are read from the map's full resolution or from its own overviews: it needs no pyramid.

    Attributes:
        source: the map, which the reader does not close.
        placement: its position in the image.
        pyramid: the geometry of the image's tiles.
    """

    needs_pyramid = has_quicklook = False
    categorical = True

    def __init__(self, source: RasterSource, placement: Placement) -> None:
        self.source, self.placement = source, placement
        self.pyramid = TilePyramid(placement.grid.width, placement.grid.height, TILE)

    @property
    def grid(self) -> RasterGrid:
        """Return the grid of the image."""
        return self.placement.grid

    def read_tile(self, key: TileKey, bands: Sequence[int] | None = None) -> tuple[Pixels, Valid]:
        """Return the (C, H, W) pixels of a tile in the map's type, and (H, W) where the map has any.

        Raises:
            RasterError: GDAL cannot read it, or there is no such band.
        """
        tile = self.pyramid.tile_window(key)
        steps = key.level if key.level <= CLOSE_ENOUGH else 0
        scale = 1 << key.level
        window = PixelWindow(tile.x * scale, tile.y * scale, tile.width * scale, tile.height * scale)
        size = tile.height << steps, tile.width << steps
        window = self.placement.in_map(window)
        pixels, valid = self.source.read(window, bands, size), self.source.read_valid(window, size)
        for _ in range(steps):
            pixels, valid = halve(pixels, valid, categorical=True)
        return pixels, valid

    def close(self) -> None:
        """Release the map's file, as far as nobody reads from it."""
        self.source.release()


def chosen_window(source: RasterSource, window: PixelWindow | None, grid: RasterGrid | None = None) -> PixelWindow:
    """Return `window`, or that of the whole raster for None; `grid` is that of the whole if it is not the raster's.

    Raises:
        RasterError: the window reaches beyond the raster.
    """
    whole = (grid or source.grid).window
    if window is not None and not whole.contains(window):
        raise RasterError(
            N_(
                "the window {window} (x, y, width, height) reaches beyond {path}, which is {width} x {height} "
                "px; choose one inside",
                window=window,
                path=source.path,
                width=whole.width,
                height=whole.height,
            )
        )
    return window or whole
