"""An image without a georeference of its own is georeferenced by the files next to it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS

from landseg_core.errors import OutputError
from landseg_core.formats.georeference import world_file, write_georeference
from landseg_core.geo.grid import RasterGrid
from landseg_core.output_files import OutputFiles
from landseg_core.raster.files.gdal import open_dataset

ROTATED = Affine(0.25, 0.1, 400_000, 0.05, -0.3, 5_000_000)


def test_a_world_file_names_the_centre_of_the_first_pixel() -> None:
    grid = RasterGrid(30, 20, Affine(0.5, 0, 400_000, 0, -0.25, 5_000_000), None)
    assert world_file(grid) == "0.5\n0.0\n0.0\n-0.25\n400000.25\n4999999.875\n"


@pytest.mark.parametrize("crs", [None, CRS.from_epsg(4326), CRS.from_epsg(2056)])
def test_gdal_reads_transform_and_crs(tmp_path: Path, crs: CRS | None) -> None:
    grid = RasterGrid(30, 20, ROTATED, crs)
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((20, 30), np.uint8))
    with OutputFiles() as outputs:
        write_georeference(outputs, tmp_path / "a.png", grid, ".pgw")
    with open_dataset(tmp_path / "a.png") as dataset:
        assert dataset.transform.almost_equals(ROTATED, precision=1e-6)
        assert dataset.crs == crs


def test_without_a_georeference_there_are_no_files_and_old_ones_are_deleted(tmp_path: Path) -> None:
    grid = RasterGrid(30, 20, Affine.identity(), None)
    (tmp_path / "a.pgw").write_text("of an older picture")
    with pytest.raises(OutputError, match="exists already"):
        write_georeference(OutputFiles(), tmp_path / "a.png", grid, ".pgw")
    with OutputFiles(overwrite=True) as outputs:
        write_georeference(outputs, tmp_path / "a.png", grid, ".pgw")
    assert list(tmp_path.iterdir()) == []
