"""Rasters for tests: how they are written, and the size, the grid and the pixels that many of them have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from affine import Affine
from rasterio.enums import ColorInterp

from landseg_core.raster.files.gdal import open_dataset

WIDTH, HEIGHT = 1500, 1100
TRANSFORM = Affine(0.5, 0, 400_000, 0, -0.5, 5_000_000)
UTM_GRID = {"crs": "EPSG:32632", "transform": TRANSFORM}
"""Half a metre a pixel, north up."""

_DRIVERS = {".tif": "GTiff", ".png": "PNG", ".jpg": "JPEG"}


def write_raster(
    path: Path,
    pixels: npt.NDArray[Any],
    *,
    palette: dict[int, Any] | None = None,
    colours: Sequence[ColorInterp] = (),
    tags: Mapping[str, str] | None = None,
    **profile: Any,
) -> Path:
    """Write (C, H, W) or (H, W) pixels: `palette` maps values to colours, `colours` are the bands'."""
    bands = pixels[None] if pixels.ndim == 2 else pixels
    path.parent.mkdir(parents=True, exist_ok=True)
    count, height, width = bands.shape
    size = {"count": count, "height": height, "width": width, "dtype": bands.dtype}
    with (
        rasterio.Env(GDAL_PAM_ENABLED="NO"),
        open_dataset(path, mode="w", driver=_DRIVERS[path.suffix], **size, **profile) as dataset,
    ):
        if colours:
            dataset.colorinterp = colours
        if palette is not None:
            dataset.write_colormap(1, dict.fromkeys(range(256), (0, 0, 0)) | palette)
        dataset.write(bands)
        if tags:
            dataset.update_tags(**tags)
    return path


def coordinate_pixels(width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """Return (3, H, W) pixels: red is the column, green the row, blue 60."""
    columns, rows = np.meshgrid(np.arange(width) % 256, np.arange(height) % 256)
    return np.stack([columns, rows, np.full_like(rows, 60)]).astype(np.uint8)
