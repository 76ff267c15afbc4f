"""Small rasters of every kind."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.errors import NotGeoreferencedWarning
from support.pyramids import coordinate_bands

Save = Callable[..., Path]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Return `save(name, pixels (C, H, W), mask=None, palette=None, **profile)`, which writes a raster."""
    folder = tmp_path / "rasters"
    folder.mkdir()

    def save_raster(name: str, pixels: np.ndarray, **options: Any) -> Path:
        path = folder / name
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            _write(path, pixels, **options)
        return path

    return save_raster


def _write(
    path: Path,
    pixels: np.ndarray,
    *,
    mask: np.ndarray | None = None,
    external_mask: bool = False,
    colours: Any = None,
    palette: dict[int, tuple[int, ...]] | None = None,
    **profile: Any,
) -> None:
    count, height, width = pixels.shape
    profile = {"driver": "GTiff", "width": width, "height": height, "count": count, "dtype": pixels.dtype} | profile
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK="NO" if external_mask else "YES", GDAL_PAM_ENABLED="NO"),
        rasterio.open(path, "w", **profile) as target,
    ):
        if colours:
            target.colorinterp = colours
        target.write(pixels)
        if palette:
            target.write_colormap(1, palette)
        if mask is not None:
            target.write_mask(mask)


@pytest.fixture
def save_places(save: Save) -> Save:
    """Return `save_places(height, width, **profile)`, which writes a tiled raster of `coordinate_bands`."""
    tiled = {"tiled": True, "blockxsize": 256, "blockysize": 256, "compress": "deflate"}
    return lambda height, width, **profile: save("places.tif", coordinate_bands(height, width), **(tiled | profile))
