"""What is exported and imported again is the same, pixel for pixel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.label_files import labels_of, patchy_labels

from landseg_core.formats.exporters import EXPORTERS, export_labels
from landseg_core.formats.importers import import_labels
from landseg_core.labels.classes import ClassSchema
from landseg_core.raster.source import RasterSource

SIZE = (601, 533)


@pytest.mark.parametrize("form", EXPORTERS)
def test_labels_come_back_pixel_for_pixel(form: str, georeference: dict[str, Any], new_image, tmp_path: Path) -> None:
    labels = patchy_labels(*SIZE)
    project, image = new_image(*SIZE, labels, **georeference)
    export_labels(project, image.id, form, tmp_path / f"labels.{form}")
    other, empty = new_image(*SIZE, **georeference)
    changed = import_labels(other, empty.id, tmp_path / f"labels.{form}")
    assert changed == (labels != 255).sum()
    np.testing.assert_array_equal(labels_of(other, empty), labels)


@pytest.mark.parametrize("form", EXPORTERS)
def test_classes_of_one_colour_come_back(form: str, new_image, tmp_path: Path) -> None:
    names = ("land", "water", "road")
    classes = [
        {"value": value, "name": name, "colour": "#808080"} for value, name in zip((0, 1, 4), names, strict=True)
    ]
    schema = ClassSchema.model_validate({"classes": classes})
    labels = patchy_labels(90, 70)
    project, image = new_image(90, 70, labels, classes=schema)
    export_labels(project, image.id, form, tmp_path / f"labels.{form}")
    other, empty = new_image(90, 70, classes=schema)
    import_labels(other, empty.id, tmp_path / f"labels.{form}")
    np.testing.assert_array_equal(labels_of(other, empty), labels)


@pytest.mark.parametrize("form", EXPORTERS)
def test_classes_are_known_by_their_names(form: str, new_image, tmp_path: Path) -> None:
    """In another project the same classes may have other values and colours."""
    labels = patchy_labels(90, 70)
    project, image = new_image(90, 70, labels)
    export_labels(project, image.id, form, tmp_path / f"labels.{form}")
    renumbered = ClassSchema.model_validate(
        {
            "classes": [
                {"value": 10, "name": "road", "colour": "#d9d4c7"},
                {"value": 11, "name": "land", "colour": "#0072b2"},
                {"value": 254, "name": "water", "colour": "#f0e442"},
            ]
        }
    )
    other, empty = new_image(90, 70, classes=renumbered)
    import_labels(other, empty.id, tmp_path / f"labels.{form}")
    table = np.full(256, 255, np.uint8)
    table[[0, 1, 4]] = 10, 11, 254
    np.testing.assert_array_equal(labels_of(other, empty), table[labels])


@pytest.mark.parametrize("form", EXPORTERS)
def test_an_image_without_labels_can_be_exported(form: str, new_image, tmp_path: Path) -> None:
    project, image = new_image(40, 30)
    export_labels(project, image.id, form, tmp_path / f"labels.{form}")
    assert (tmp_path / f"labels.{form}").stat().st_size > 0


@pytest.mark.parametrize("size", [(1, 1), (512, 1), (7, 513), (1024, 512), (513, 513)])
@pytest.mark.parametrize("form", EXPORTERS)
def test_odd_sizes(form: str, size: tuple[int, int], new_image, tmp_path: Path) -> None:
    labels = np.random.default_rng(3).choice(np.array([0, 1, 4], np.uint8), (-(-size[1] // 16), -(-size[0] // 16)))
    labels = np.kron(labels, np.ones((16, 16), np.uint8))[: size[1], : size[0]]
    project, image = new_image(*size, labels)
    export_labels(project, image.id, form, tmp_path / f"labels.{form}")
    other, empty = new_image(*size)
    import_labels(other, empty.id, tmp_path / f"labels.{form}")
    np.testing.assert_array_equal(labels_of(other, empty), labels)


@pytest.mark.imagery
@pytest.mark.parametrize("form", EXPORTERS)
def test_labels_in_the_grid_of_real_imagery_come_back(form: str, new_image, imagery: Path, tmp_path: Path) -> None:
    with RasterSource(imagery / "formats" / "naip_4band_epsg26914.tif") as naip:
        grid = naip.grid
    labels = patchy_labels(grid.width, grid.height)
    project, image = new_image(grid.width, grid.height, labels, transform=grid.transform, crs=grid.crs)
    export_labels(project, image.id, form, tmp_path / f"labels.{form}")
    other, empty = new_image(grid.width, grid.height, transform=grid.transform, crs=grid.crs)
    import_labels(other, empty.id, tmp_path / f"labels.{form}")
    np.testing.assert_array_equal(labels_of(other, empty), labels)
