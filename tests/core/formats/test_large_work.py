"""Labels beyond a limit are neither imported nor exported unless that is agreed to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from support.label_files import labels_of, patchy_labels, write_vector
from support.rasters import write_raster

from landseg_core import limits
from landseg_core.formats.exporters import EXPORTERS, export_labels
from landseg_core.formats.importers import import_labels
from landseg_core.labels.classes import ClassSchema
from landseg_core.limits import LargeWorkError
from landseg_core.project.project import Project

WIDTH, HEIGHT = 60, 50


@pytest.fixture
def most_pixels(monkeypatch: pytest.MonkeyPatch) -> Any:
    return lambda most: monkeypatch.setattr(limits, "MOST_PIXELS", most)


@pytest.mark.parametrize("form", EXPORTERS)
def test_exports(form: str, new_image, most_pixels, tmp_path: Path) -> None:
    project, image = new_image(WIDTH, HEIGHT, patchy_labels(WIDTH, HEIGHT))
    out = tmp_path / f"labels{EXPORTERS[form].suffix}"
    most_pixels(WIDTH * HEIGHT - 1)
    with pytest.raises(LargeWorkError, match=r"the labels of image\.tif: .*px, more than .*; give large=True"):
        export_labels(project, image.id, form, out)
    assert not out.exists()
    export_labels(project, image.id, form, out, large=True)
    most_pixels(WIDTH * HEIGHT)
    export_labels(project, image.id, form, out, overwrite=True)


def test_an_export_needs_room_for_what_is_labelled(new_image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project, image = new_image(WIDTH, HEIGHT, patchy_labels(WIDTH, HEIGHT))
    labelled = sum(project.class_pixels(image.id).values())
    monkeypatch.setattr(limits, "free_bytes", lambda _folder: labelled - 1)
    with pytest.raises(LargeWorkError, match="of free space"):
        export_labels(project, image.id, "tif", tmp_path / "labels.tif")
    monkeypatch.setattr(limits, "free_bytes", lambda _folder: labelled)
    export_labels(project, image.id, "tif", tmp_path / "labels.tif")


def test_imports_of_masks(new_image, most_pixels, tmp_path: Path) -> None:
    project, image = new_image(WIDTH, HEIGHT)
    mask = write_raster(tmp_path / "mask.tif", np.ones((HEIGHT, WIDTH), np.uint8))
    most_pixels(WIDTH * HEIGHT - 1)
    with pytest.raises(LargeWorkError, match=r"the labels from mask\.tif"):
        import_labels(project, image.id, mask)
    assert not project.history.steps
    import_labels(project, image.id, mask, large=True)
    assert (labels_of(project, image) == 1).all()


def test_imports_of_polygons_count_what_they_span(new_image, most_pixels, tmp_path: Path) -> None:
    project, image = new_image(WIDTH, HEIGHT)
    path = write_vector(tmp_path / "a.gpkg", [shapely.box(5, 5, 25, 15)], name=["water"])
    most_pixels(199)
    with pytest.raises(LargeWorkError, match=r"the labels from a\.gpkg"):
        import_labels(project, image.id, path)
    assert not project.history.steps
    most_pixels(200)
    assert import_labels(project, image.id, path) == 200


def test_an_image_that_claims_a_million_px_a_side(schema: ClassSchema, tmp_path: Path) -> None:
    """Labels are as large as what is painted; only what takes the whole image is refused."""
    image = tmp_path / "huge.vrt"
    size = 'rasterXSize="1000000" rasterYSize="1000000"'
    image.write_text(f'<VRTDataset {size}><VRTRasterBand dataType="Byte" band="1"/></VRTDataset>')
    small = write_vector(tmp_path / "small.gpkg", [shapely.box(999_900, 999_900, 999_950, 999_960)], name=["water"])
    whole = write_vector(tmp_path / "whole.gpkg", [shapely.box(0, 0, 1_000_000, 1_000_000)], name=["water"])
    with Project.create(tmp_path / "p.landseg", schema) as project:
        entry = project.add_image(image)
        with pytest.raises(LargeWorkError, match=r"whole\.gpkg: 1000 Gpx, more than 20 Gpx"):
            import_labels(project, entry.id, whole)
        assert import_labels(project, entry.id, small) == 3000
    with Project.open(tmp_path / "p.landseg") as project:
        assert project.class_pixels(entry.id) == {4: 3000}
        for form in EXPORTERS:
            with pytest.raises(LargeWorkError, match=r"huge\.vrt: 1000 Gpx, more than 20 Gpx"):
                export_labels(project, entry.id, form, tmp_path / "out")
