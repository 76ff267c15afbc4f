"""A map of a part of a picture, read as if it reached over all of it."""

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
    """Where a map lies: in `window` of a picture on `grid`."""

    grid: RasterGrid
    window: PixelWindow

    def in_map(self, window: PixelWindow) -> PixelWindow:
        """Return a window of the picture in px of the map, beyond which it may reach."""
        return window.shifted(-self.window.x, -self.window.y)


class PlacedReader:
    """The tiles of a map of a part, for a picture of any size: what `PyramidReader` is to a raster of the whole.

    Coarse tiles are made of the map's full resolution or of its own overviews, at once: it needs no pyramid.

    Attributes:
        source: the map, which the reader does not close.
        placement: where it lies.
        pyramid: the geometry of the picture's tiles.
    """

    needs_pyramid = has_quicklook = False
    categorical = True

    def __init__(self, source: RasterSource, placement: Placement) -> None:
        self.source, self.placement = source, placement
        self.pyramid = TilePyramid(placement.grid.width, placement.grid.height, TILE)

    @property
    def grid(self) -> RasterGrid:
        """Return the grid of the picture."""
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
        place = self.placement.in_map(window)
        pixels, valid = self.source.read(place, bands, size), self.source.read_valid(place, size)
        for _ in range(steps):
            pixels, valid = halve(pixels, valid, categorical=True)
        return pixels, valid

    def close(self) -> None:
        """Let go of the map, as far as nobody reads it."""
        self.source.release()


def chosen_window(source: RasterSource, window: PixelWindow | None, grid: RasterGrid | None = None) -> PixelWindow:
    """Return `window`, or that of the whole raster for None; `grid` is that of the whole where it is another.

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
