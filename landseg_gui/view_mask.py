"""Lets a map of a part of the picture be laid over the picture: as a virtual raster on the picture's own grid."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path
from xml.etree import ElementTree as ET

import rasterio.shutil
from rasterio.errors import RasterioError

from landseg_core.errors import OutputError
from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.window import PixelWindow


@functools.cache
def _scratch() -> tempfile.TemporaryDirectory[str]:
    """Return the folder of these virtual rasters; it goes when the program ends, for they are of no other use."""
    return tempfile.TemporaryDirectory(prefix="landseg-views-")


def spread_over_picture(mask: Path, window: PixelWindow, grid: RasterGrid) -> Path:
    """Return a virtual raster of the size of `grid` that shows `mask` in `window` and nodata around it.

    Classes, colours and nodata are those of `mask`, which must stay where it is.

    Raises:
        OutputError: the virtual raster (a short text) cannot be written.
    """
    place = Path(tempfile.mkdtemp(dir=_scratch().name)) / f"{mask.stem}.vrt"
    try:
        rasterio.shutil.copy(str(mask.absolute()), str(place), driver="VRT")
        tree = ET.parse(place)
        _place_in_grid(tree.getroot(), window, grid)
        tree.write(place, encoding="utf-8")
    except (RasterioError, OSError) as error:
        raise OutputError(f"{mask} is written, but it cannot be laid over the picture: {error}") from error
    return place


def _place_in_grid(root: ET.Element, window: PixelWindow, grid: RasterGrid) -> None:
    root.set("rasterXSize", str(grid.width))
    root.set("rasterYSize", str(grid.height))
    transform = root.find("GeoTransform")
    if transform is not None:
        transform.text = ", ".join(map(repr, grid.transform.to_gdal()))
    for target in root.iter("DstRect"):
        target.set("xOff", str(window.x))
        target.set("yOff", str(window.y))
