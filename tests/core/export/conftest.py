"""Maps to export."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS

from landseg_core.geo.grid import RasterGrid
from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.masks.classes import class_map_info
from landseg_core.output_files import OutputFiles
from landseg_core.raster.writer import MapInfo, MapWriter

WriteMap = Callable[..., Path]


@pytest.fixture
def values() -> np.ndarray:
    """Return 70 x 90 px of class values with unlabelled ones."""
    return np.random.default_rng(2).choice(np.array([0, 1, 4, 255], np.uint8), (70, 90))


@pytest.fixture
def write_map(tmp_path: Path, schema: ClassSchema, north_up: Affine) -> WriteMap:
    """Return `write_map(values, info=...)`, which writes a georeferenced map of `schema` to `in/map.tif`."""

    def write(pixels: np.ndarray, info: MapInfo | None = None) -> Path:
        path = tmp_path / "in" / "map.tif"
        path.parent.mkdir(exist_ok=True)
        grid = RasterGrid(pixels.shape[1], pixels.shape[0], north_up, CRS.from_epsg(32632))
        with (
            OutputFiles(overwrite=True) as outputs,
            MapWriter(outputs, path, grid, info or class_map_info(schema)) as writer,
        ):
            writer.write(grid.window, pixels)
        return path

    return write


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Return an empty folder."""
    folder = tmp_path / "out"
    folder.mkdir()
    return folder
