"""Export against OpenCV, and how soon landseg is there."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from affine import Affine

from benchmarks.label_project import CLASSES, painted_tile
from benchmarks.starting import starting
from benchmarks.table import Line, interleaved
from landseg_core.formats.geotiff import export_geotiff
from landseg_core.formats.png import export_png
from landseg_core.geo.grid import RasterGrid
from landseg_core.labels.masks.classes import class_map_info
from landseg_core.output_files import OutputFiles
from landseg_core.raster.writer import MapWriter

SIDE = 8192


def lines(_raster: Path) -> Iterator[Line]:
    with tempfile.TemporaryDirectory() as name:
        yield from exporting(Path(name))
    yield from starting()


def exporting(folder: Path) -> Iterator[Line]:
    """Export a map from its file; OpenCV has its pixels in memory, and writes neither place nor classes."""
    values = np.tile(np.hstack([painted_tile(seed) for seed in range(4)]), (SIDE // 512, SIDE // 2048))
    mask = folder / "mask.tif"
    write_map(mask, values)
    yield interleaved(
        f"export {SIDE} x {SIDE} px of classes as PNG",
        lambda: export_png(mask, folder / "exported.png", "index", overwrite=True),
        "cv2.imwrite of the array",
        lambda: write_plain(folder / "plain.png", values),
    )
    yield interleaved(
        "the same as GeoTIFF, with overviews, and read back",
        lambda: export_geotiff(mask, folder / "exported.tif", overwrite=True),
        "cv2.imwrite of the array, LZW",
        lambda: write_plain(folder / "plain.tif", values),
    )


def write_map(path: Path, values: np.ndarray) -> None:
    grid = RasterGrid(values.shape[1], values.shape[0], Affine(1, 0, 0, 0, -1, 0), None)
    with OutputFiles() as outputs, MapWriter(outputs, path, grid, class_map_info(CLASSES)) as writer:
        writer.write(grid.window, values)


def write_plain(path: Path, values: np.ndarray) -> None:
    assert cv2.imwrite(str(path), values)
