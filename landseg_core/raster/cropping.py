"""The part of a raster that a user has asked for."""

from __future__ import annotations

from landseg_core.errors import RasterError
from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.window import PixelWindow
from landseg_core.raster.source import RasterSource


def chosen_window(source: RasterSource, window: PixelWindow | None, grid: RasterGrid | None = None) -> PixelWindow:
    """Return `window`, or that of the whole raster for None; `grid` is that of the whole where it is another.

    Raises:
        RasterError: the window reaches beyond the raster.
    """
    whole = (grid or source.grid).window
    if window is not None and not whole.contains(window):
        raise RasterError(
            f"the window {window} (x, y, width, height) reaches beyond {source.path},"
            f" which is {whole.width} x {whole.height} px; choose one inside"
        )
    return window or whole
