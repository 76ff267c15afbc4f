"""Maps and labels are the same to a format: what it writes of one, it writes of the other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely

from landseg_core.formats.geopackage import write_geopackage
from landseg_core.formats.geotiff import write_geotiff
from landseg_core.formats.png import write_png
from landseg_core.formats.strips import LabelSource, MapSource
from landseg_core.geo.window import PixelWindow
from landseg_core.raster.files.gdal import open_dataset
from tests.core.formats.conftest import GRIDS, NewImage

WriteMap = Callable[..., Path]


@pytest.fixture
def values() -> np.ndarray:
    """Return (700, 1300) class values in patches over three columns of tiles, of which the middle one is empty."""
    coarse = np.random.default_rng(4).choice(np.array([0, 1, 4, 255], np.uint8), (19, 36))
    values = coarse.repeat(37, 0).repeat(37, 1)[:700, :1300].copy()
    values[:, 512:1024] = 255
    return values


def read(path: Path) -> dict[str, Any]:
    """Return what a file holds, whatever its format, but for the tags that only one of the sources has."""
    if path.suffix == ".gpkg":
        meta, _, wkb, columns = pyogrio.raw.read(path)
        shapes = [shapely.normalize(shape).wkt for shape in shapely.from_wkb(wkb)]
        return {"crs": meta["crs"], "polygons": sorted(zip(shapes, *map(list, columns), strict=True))}
    with open_dataset(path) as dataset:
        georeference = dataset.transform, dataset.crs, dataset.nodata
        return {"pixels": dataset.read(1).tolist(), "georeference": georeference, "colours": dataset.colormap(1)}


@pytest.mark.parametrize(
    ("write", "name"), [(write_png, "a.png"), (write_geotiff, "a.tif"), (write_geopackage, "a.gpkg")]
)
def test_a_map_and_labels_of_the_same_values_make_the_same_file(
    write: Callable[..., None], name: str, new_image: NewImage, write_map: WriteMap, values: np.ndarray, out: Path
) -> None:
    project, image = new_image(1300, 700, values, **GRIDS["utm"])
    (out / "labels").mkdir()
    with project.read_transaction() as view:
        write(LabelSource(project.path, image, view), out / "labels" / name)
    with MapSource(write_map(values)) as source:
        write(source, out / name)
    assert read(out / name) == read(out / "labels" / name)


def test_labels_are_read_in_any_window(new_image: NewImage, values: np.ndarray) -> None:
    project, image = new_image(1300, 700, values)
    with project.read_transaction() as view:
        source = LabelSource(project.path, image, view)
        for window in (PixelWindow(500, 400, 600, 300), PixelWindow(0, 511, 1300, 2), PixelWindow(600, 0, 9, 9)):
            np.testing.assert_array_equal(source.read(window), values[window.slices()])


def test_tiles_of_a_map_end_at_the_window_and_empty_ones_are_left_out(write_map: WriteMap, values: np.ndarray) -> None:
    window = PixelWindow(100, 50, 450, 600)  # reaches into the empty column
    with MapSource(write_map(values), window=window) as source:
        tiles = dict(source.tiles())
    found = np.full_like(values, 255)
    for key, tile in tiles.items():
        found[key.row * 512 :, key.column * 512 :][: tile.shape[0], : tile.shape[1]] = tile
    expected = np.full_like(values, 255)
    expected[window.slices()] = values[window.slices()]
    np.testing.assert_array_equal(found, expected)
    assert {(key.row, key.column) for key in tiles} == {(0, 0), (1, 0)}
