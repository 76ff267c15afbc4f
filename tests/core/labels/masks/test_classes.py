"""A map's file tells its own classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from support.rasters import write_raster

from landseg_core.errors import RasterError
from landseg_core.geo.grid import RasterGrid
from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.masks.classes import CLASSES_TAG, class_map_info, mask_schema
from landseg_core.output_files import OutputFiles
from landseg_core.raster.files.gdal import open_dataset
from landseg_core.raster.writer import MapWriter


@pytest.fixture
def map_path(tmp_path: Path, schema: ClassSchema) -> Path:
    path = tmp_path / "map.tif"
    grid = RasterGrid(40, 30, Affine.translation(7, 8), None)
    with OutputFiles() as outputs, MapWriter(outputs, path, grid, class_map_info(schema)) as writer:
        writer.write(grid.window, np.ones((30, 40), np.uint8))
    return path


def test_a_map_of_ours_gives_its_classes_back_in_their_order(map_path: Path, schema: ClassSchema) -> None:
    before = sorted(map_path.parent.iterdir())
    assert mask_schema(map_path) == schema
    assert sorted(map_path.parent.iterdir()) == before


@pytest.mark.parametrize("tag", ["", "no JSON", '{"classes": []}'])
def test_without_the_tag_gdals_categories_and_colours_serve(map_path: Path, schema: ClassSchema, tag: str) -> None:
    with open_dataset(map_path, mode="r+") as dataset:
        dataset.update_tags(**{CLASSES_TAG: tag})
    found = mask_schema(map_path)
    assert found is not None
    assert found.classes == tuple(sorted(schema.classes, key=lambda item: item.value))


def test_colours_alone_name_no_class(map_path: Path) -> None:
    with open_dataset(map_path, mode="r+") as dataset:
        dataset.update_tags(**{CLASSES_TAG: ""})
    map_path.with_name("map.tif.aux.xml").unlink()
    assert mask_schema(map_path) is None


def test_a_plain_raster_names_no_class(tmp_path: Path) -> None:
    assert mask_schema(write_raster(tmp_path / "plain.png", np.zeros((4, 5), np.uint8))) is None


def test_what_is_no_raster_is_named(tmp_path: Path) -> None:
    (tmp_path / "text.tif").write_text("text")
    for path in (tmp_path / "text.tif", tmp_path / "missing.tif"):
        with pytest.raises(RasterError, match=path.name):
            mask_schema(path)
