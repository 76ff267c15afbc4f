"""Projects to import into and export from, and maps to export."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from affine import Affine
from rasterio.crs import CRS
from support.rasters import write_raster

from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.masks.classes import class_map_info
from landseg_core.output_files import OutputFiles
from landseg_core.project.images import ImageEntry
from landseg_core.project.project import Project
from landseg_core.raster.writer import MapInfo, MapWriter

Labels = npt.NDArray[np.uint8]
NewImage = Callable[..., tuple[Project, ImageEntry]]

GRIDS: dict[str, dict[str, Any]] = {
    "picture": {},
    "no_crs": {"transform": Affine(0.5, 0, 399_000, 0, -0.5, 5_131_000)},
    "utm": {"transform": Affine(0.5, 0, 399_000, 0, -0.5, 5_131_000), "crs": CRS.from_epsg(32632)},
    "mercator": {"transform": Affine(0.3, 0, 890_000, 0, -0.3, 5_830_000), "crs": CRS.from_epsg(3857)},
    "degrees": {"transform": Affine(1e-5, 0, 8, 0, -1e-5, 46.3), "crs": CRS.from_epsg(4326)},
    "local": {
        "transform": Affine(0.5, 0, 1000, 0, -0.5, 2000),
        "crs": CRS.from_wkt('LOCAL_CS["site grid",UNIT["metre",1],AXIS["x",EAST],AXIS["y",NORTH]]'),
    },
    "crs_only": {"crs": CRS.from_epsg(32632)},
    "rotated": {
        "transform": Affine.translation(399_000, 5_131_000) @ Affine.rotation(25) @ Affine.scale(0.5, -0.5),
        "crs": CRS.from_epsg(32632),
    },
}


@pytest.fixture(params=GRIDS)
def georeference(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return the georeference of an image, one after the other."""
    return GRIDS[request.param]


@pytest.fixture
def new_image(tmp_path: Path, schema: ClassSchema) -> Iterator[NewImage]:
    """Return `new_image(width, height, labels=None, **georeference)`: a project with one image, painted like that."""
    with ExitStack() as projects:
        count = 0

        def make(
            width: int, height: int, labels: Labels | None = None, classes: ClassSchema = schema, **georeference: Any
        ) -> tuple[Project, ImageEntry]:
            nonlocal count
            count += 1
            folder = tmp_path / f"project_{count}"
            raster = write_raster(folder / "image.tif", np.zeros((height, width), np.uint8), **georeference)
            project = projects.enter_context(Project.create(folder / "labels.landseg", classes))
            (image,) = project.add_images([project.examine_image(raster)], as_step=False)
            if labels is not None:
                paint(project, image, labels)
            return project, image

        yield make


def paint(project: Project, image: ImageEntry, labels: Labels) -> None:
    """Make `labels` the labels of the whole image."""

    def cut(_key: TileKey, window: PixelWindow, _values: Labels) -> Labels:
        return labels[window.slices()]

    project.edit_tiles(image.id, "paint", cut)


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
