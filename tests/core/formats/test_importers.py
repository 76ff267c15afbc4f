from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely
from support.label_files import labels_of, write_vector
from support.rasters import write_raster

from landseg_core.errors import InterchangeError, JobStopped, ProjectError
from landseg_core.events import JobControl
from landseg_core.formats.importers import describe_source, import_labels
from landseg_core.formats.source_info import SourceInfo, SourceValue
from landseg_core.labels.masks.value_mapping import colour_code, mask_mapping


def test_the_suffix_decides(new_image, tmp_path: Path) -> None:
    project, image = new_image(20, 10)
    import_labels(project, image.id, write_raster(tmp_path / "a.png", np.full((10, 20), 4, np.uint8)))
    assert (labels_of(project, image) == 4).all()
    import_labels(project, image.id, write_vector(tmp_path / "a.gpkg", [shapely.box(0, 0, 20, 10)], None, n=["land"]))
    assert (labels_of(project, image) == 1).all()


def test_a_mapping_by_text(new_image, tmp_path: Path) -> None:
    project, image = new_image(20, 10)
    mask = write_raster(tmp_path / "a.png", np.full((10, 20), 9, np.uint8))
    import_labels(project, image.id, mask, {"9": "water"})
    assert (labels_of(project, image) == 4).all()


def test_values_of_masks_are_numbers_and_colours() -> None:
    assert mask_mapping({"7": "a", "#0072B2": "b", "-1": ""}) == {7: "a", colour_code(0x00, 0x72, 0xB2): "b", -1: ""}
    with pytest.raises(InterchangeError, match="'lake' is not a mask value"):
        mask_mapping({"lake": "water"})


@pytest.mark.parametrize("other", ["0255", "+255", "255 "])
def test_one_value_in_two_ways_of_writing_has_one_class(other: str) -> None:
    assert mask_mapping({"255": "water", other: "water"}) == {255: "water"}
    with pytest.raises(InterchangeError, match="is given two classes in different spellings"):
        mask_mapping({"255": "water", other: "land"})


def test_a_mask_has_no_fields(new_image, tmp_path: Path) -> None:
    project, image = new_image(20, 10)
    mask = write_raster(tmp_path / "a.png", np.zeros((10, 20), np.uint8))
    with pytest.raises(InterchangeError, match="has no fields"):
        import_labels(project, image.id, mask, attribute="class")


def test_an_image_that_there_is_not(new_image, tmp_path: Path) -> None:
    project, _ = new_image(20, 10)
    mask = write_raster(tmp_path / "a.png", np.zeros((10, 20), np.uint8))
    with pytest.raises(ProjectError, match="no image number 99"):
        import_labels(project, 99, mask)


def test_what_is_in_a_mask(schema, tmp_path: Path) -> None:
    mask = np.full((10, 20), 255, np.uint8)
    mask[0, :5], mask[1, :7] = 4, 9
    assert describe_source(write_raster(tmp_path / "a.png", mask), schema) == SourceInfo(
        "mask",
        (
            SourceValue("4", "value 4", 5, "water"),
            SourceValue("9", "value 9", 7, ""),
            SourceValue("255", "value 255", 188, ""),
        ),
    )


def test_of_a_mask_of_0_and_255_somebody_has_to_say_what_255_is(schema, tmp_path: Path) -> None:
    mask = np.zeros((10, 20), np.uint8)
    mask[:3] = 255
    found = describe_source(write_raster(tmp_path / "a.png", mask), schema).values
    assert found == (SourceValue("0", "value 0", 140, "road"), SourceValue("255", "value 255", 60, None))
    (_, declared) = describe_source(write_raster(tmp_path / "b.tif", mask, nodata=255), schema).values
    assert declared == SourceValue("255", "value 255 (declared as nodata)", 60, "")


def test_a_class_that_is_declared_nodata_is_listed(schema, tmp_path: Path) -> None:
    mask = np.repeat(np.array([[0], [1]], np.uint8), 10, axis=1)
    found = describe_source(write_raster(tmp_path / "a.tif", mask, nodata=0), schema).values
    assert found == (SourceValue("0", "value 0 (declared as nodata)", 10, ""), SourceValue("1", "value 1", 10, "land"))


def test_what_is_in_a_palette(schema, tmp_path: Path) -> None:
    mask = write_raster(tmp_path / "a.png", np.full((10, 20), 3, np.uint8), palette={3: (0, 0x72, 0xB2)})
    (value,) = describe_source(mask, schema).values
    assert value == SourceValue("3", "palette colour #0072b2 (number 3)", 200, "water", "#0072b2")


def test_what_is_in_an_image_of_colours(schema, tmp_path: Path) -> None:
    colours = np.zeros((3, 10, 20), np.uint8)
    colours[0] = 255
    (value,) = describe_source(write_raster(tmp_path / "a.png", colours), schema).values
    assert value == SourceValue("#ff0000", "colour #ff0000", 200, "", "#ff0000")


def test_a_photograph_is_no_mask(schema, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (3, 90, 90), np.uint8)
    with pytest.raises(InterchangeError, match="as a photo does"):
        describe_source(write_raster(tmp_path / "a.png", noise), schema)


def test_what_is_in_polygons(schema, tmp_path: Path) -> None:
    shapes = [shapely.box(x, 0, x + 1, 1) for x in range(3)]
    path = write_vector(tmp_path / "a.gpkg", shapes, cover=["water", "wetland", "water"], code=[4, 8, 4])
    assert describe_source(path, schema) == SourceInfo(
        "polygons",
        attributes={
            "cover": (SourceValue("water", "water", 2, "water"), SourceValue("wetland", "wetland", 1, "")),
            "code": (SourceValue("4", "4", 2, "water"), SourceValue("8", "8", 1, "")),
        },
        attribute="cover",
    )


def test_describing_can_be_stopped(schema, tmp_path: Path) -> None:
    control = JobControl()
    control.stop()
    with pytest.raises(JobStopped):
        describe_source(write_raster(tmp_path / "a.png", np.zeros((9, 9), np.uint8)), schema, control=control)
