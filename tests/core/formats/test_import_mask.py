from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS
from support.label_files import labels_of, patchy_labels
from support.rasters import write_raster

from landseg_core.errors import DatasetError, InterchangeError, JobStopped
from landseg_core.events import JobControl, Notice, Progress
from landseg_core.formats.import_mask import import_mask
from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.masks.classes import class_map_info
from landseg_core.labels.masks.value_mapping import mask_mapping
from landseg_core.output_files import OutputFiles
from landseg_core.raster.files.gdal import open_dataset
from landseg_core.raster.source import RasterSource
from landseg_core.raster.writer import MapWriter

WIDTH, HEIGHT = 60, 50
UTM = CRS.from_epsg(32632)
LAND, WATER, ROAD = "#d9d4c7", "#0072b2", "#f0e442"


@pytest.fixture
def values() -> np.ndarray:
    return np.random.default_rng(1).choice(np.array([0, 1, 4, 255], np.uint8), (HEIGHT, WIDTH))


def rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(colour[1:])
    return red, green, blue


def test_an_index_png_labels_pixel_for_pixel(new_image, values, tmp_path: Path) -> None:
    project, image = new_image(WIDTH, HEIGHT)
    changed = import_mask(project, image.id, write_raster(tmp_path / "mask.png", values))
    assert changed == (values != 255).sum()
    np.testing.assert_array_equal(labels_of(project, image), values)
    assert [step.name for step in project.history.steps] == ["Import mask.png"]


def test_unlabelled_pixels_leave_labels_as_they_are(new_image, values, tmp_path: Path) -> None:
    before = np.full((HEIGHT, WIDTH), 4, np.uint8)
    project, image = new_image(WIDTH, HEIGHT, before)
    import_mask(project, image.id, write_raster(tmp_path / "mask.png", values))
    np.testing.assert_array_equal(labels_of(project, image), np.where(values == 255, 4, values))
    project.undo()
    np.testing.assert_array_equal(labels_of(project, image), before)


@pytest.mark.parametrize("nodata", [9, 255])
def test_nodata_is_unlabelled(nodata: int, new_image, values, tmp_path: Path) -> None:
    mask = np.where(values == 255, nodata, values).astype(np.uint8)
    project, image = new_image(WIDTH, HEIGHT)
    import_mask(project, image.id, write_raster(tmp_path / "mask.tif", mask, nodata=nodata))
    np.testing.assert_array_equal(labels_of(project, image), values)


@pytest.mark.parametrize("dtype", [np.uint16, np.int16, np.int32])
def test_whole_numbers_of_any_type(dtype: Any, new_image, values, tmp_path: Path) -> None:
    project, image = new_image(WIDTH, HEIGHT)
    import_mask(project, image.id, write_raster(tmp_path / "mask.tif", values.astype(dtype)))
    np.testing.assert_array_equal(labels_of(project, image), values)


def test_colours_of_a_palette_decide(new_image, tmp_path: Path) -> None:
    mask = np.tile(np.array([10, 20, 30], np.uint8), (HEIGHT, WIDTH // 3))
    palette = {10: rgb(WATER), 20: rgb(ROAD), 30: rgb(LAND)}
    project, image = new_image(WIDTH, HEIGHT)
    import_mask(project, image.id, write_raster(tmp_path / "mask.png", mask, palette=palette))
    np.testing.assert_array_equal(labels_of(project, image)[0, :3], [4, 0, 1])


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_an_image_in_class_colours(suffix: str, new_image, values, tmp_path: Path) -> None:
    table = np.zeros((256, 4), np.uint8)
    for value, colour in ((1, LAND), (4, WATER), (0, ROAD)):
        table[value] = (*rgb(colour), 255)
    rgba = np.moveaxis(table[values], -1, 0)
    project, image = new_image(WIDTH, HEIGHT)
    profile = {} if suffix == ".png" else {"photometric": "rgb", "alpha": "yes"}
    import_mask(project, image.id, write_raster(tmp_path / f"mask{suffix}", rgba, **profile))
    np.testing.assert_array_equal(labels_of(project, image), values)


def test_the_classes_that_a_file_names_go_by_name(new_image, schema: ClassSchema, values, tmp_path: Path) -> None:
    other = ClassSchema.model_validate(
        {"classes": [{"value": 1, "name": "water", "colour": LAND}, {"value": 4, "name": "road", "colour": WATER}]}
    )
    project, image = new_image(WIDTH, HEIGHT)
    with OutputFiles() as outputs, MapWriter(outputs, tmp_path / "m.tif", image.grid, class_map_info(other)) as writer:
        writer.write(image.grid.window, np.where(values == 0, 255, values).astype(np.uint8))
    import_mask(project, image.id, tmp_path / "m.tif")
    table = np.full(256, 255, np.uint8)
    table[[1, 4]] = 4, 0
    np.testing.assert_array_equal(labels_of(project, image), table[values])


def test_a_named_class_that_the_project_does_not_have(new_image, tmp_path: Path) -> None:
    """The colour would fit a class of the project, but the name says that it is another."""
    other = ClassSchema.model_validate({"classes": [{"value": 1, "name": "wetland", "colour": WATER}]})
    project, image = new_image(WIDTH, HEIGHT)
    with OutputFiles() as outputs, MapWriter(outputs, tmp_path / "m.tif", image.grid, class_map_info(other)) as writer:
        writer.write(image.grid.window, np.ones((HEIGHT, WIDTH), np.uint8))
    with pytest.raises(InterchangeError, match=r"the value 1 \(wetland\) in 3000 px.*--map '1=CLASSNAME'"):
        import_mask(project, image.id, tmp_path / "m.tif")


def test_a_mapping_says_which_class_a_value_is(new_image, tmp_path: Path) -> None:
    mask = np.tile(np.array([7, 8, 9, 1], np.uint8), (HEIGHT, WIDTH // 4))
    project, image = new_image(WIDTH, HEIGHT)
    path = write_raster(tmp_path / "mask.png", mask)
    import_mask(project, image.id, path, {7: "water", 8: "water", 9: "unlabelled", 1: "road"})
    np.testing.assert_array_equal(labels_of(project, image)[0, :4], [4, 4, 255, 0])


def test_values_out_of_the_mapping_keep_their_own_class(new_image, tmp_path: Path) -> None:
    mask = np.tile(np.array([7, 4], np.uint8), (HEIGHT, WIDTH // 2))
    project, image = new_image(WIDTH, HEIGHT)
    import_mask(project, image.id, write_raster(tmp_path / "mask.png", mask), {7: ""})
    np.testing.assert_array_equal(labels_of(project, image)[0, :2], [255, 4])


def test_a_colour_can_be_mapped(new_image, tmp_path: Path) -> None:
    red = np.zeros((3, HEIGHT, WIDTH), np.uint8)
    red[0] = 255
    project, image = new_image(WIDTH, HEIGHT)
    import_mask(project, image.id, write_raster(tmp_path / "mask.png", red), mask_mapping({"#ff0000": "road"}))
    assert (labels_of(project, image) == 0).all()


@pytest.mark.parametrize(("text", "pixel"), [("255", (0, 0, 255)), ("#0000ff", (255,))])
def test_a_number_is_no_colour(text: str, pixel: tuple[int, ...], new_image, tmp_path: Path) -> None:
    """Blue is 0x0000ff, and 255 as well: what is said of one must not move the other."""
    mask = np.zeros((len(pixel), HEIGHT, WIDTH), np.uint8) + np.array(pixel, np.uint8)[:, None, None]
    project, image = new_image(WIDTH, HEIGHT)
    with pytest.raises(InterchangeError, match=r"which no class has|choose its class with --map 255=CLASS"):
        import_mask(project, image.id, write_raster(tmp_path / "mask.png", mask), mask_mapping({text: "road"}))


def test_a_value_without_a_class_is_refused_whole(new_image, values, tmp_path: Path) -> None:
    values[:2] = 7
    values[-1, :3] = 8
    project, image = new_image(WIDTH, HEIGHT)
    message = r"mask\.png holds the value 7 in 120 px, the value 8 in 3 px, which no class has; .*--map '7=CLASSNAME'"
    with pytest.raises(InterchangeError, match=message):
        import_mask(project, image.id, write_raster(tmp_path / "mask.png", values))
    assert (labels_of(project, image) == 255).all()
    assert not project.history.steps


def test_an_unknown_class_name_is_refused(new_image, values, tmp_path: Path) -> None:
    project, image = new_image(WIDTH, HEIGHT)
    with pytest.raises(InterchangeError, match="no class called lake; the classes are land, water, road"):
        import_mask(project, image.id, write_raster(tmp_path / "mask.png", values), {4: "lake"})


def test_what_is_no_mask_is_refused(new_image, tmp_path: Path) -> None:
    project, image = new_image(WIDTH, HEIGHT)
    with pytest.raises(DatasetError, match="is not a mask"):
        import_mask(project, image.id, write_raster(tmp_path / "a.tif", np.zeros((HEIGHT, WIDTH), np.float32)))


def test_another_size_without_a_georeference_is_refused(new_image, tmp_path: Path) -> None:
    project, image = new_image(WIDTH, HEIGHT, transform=Affine(0.5, 0, 399_000, 0, -0.5, 5_131_000), crs=UTM)
    with pytest.raises(InterchangeError, match="61 x 50 px, but the image is 60 x 50 px"):
        import_mask(project, image.id, write_raster(tmp_path / "mask.png", np.zeros((HEIGHT, WIDTH + 1), np.uint8)))


def test_a_stop_changes_nothing(new_image, tmp_path: Path) -> None:
    project, image = new_image(1100, 20)
    mask = write_raster(tmp_path / "mask.png", patchy_labels(1100, 20))
    control = JobControl()

    def stop_while_importing(event: object) -> None:
        if isinstance(event, Progress) and event.task.startswith("Import") and event.done:
            control.stop()

    with pytest.raises(JobStopped):
        import_mask(project, image.id, mask, on_event=stop_while_importing, control=control)
    assert (labels_of(project, image) == 255).all()
    assert not project.history.steps


@pytest.mark.imagery
def test_a_palette_png_of_other_numbers(new_image, imagery: Path) -> None:
    """Its numbers are not the values of the classes, and no class has its colours: only a mapping helps."""
    path = imagery / "formats" / "palette_mask_example.png"
    with RasterSource(path) as raster:
        size, numbers = (raster.grid.width, raster.grid.height), raster.read(raster.grid.window)[0]
    project, image = new_image(*size)
    with pytest.raises(InterchangeError, match="the palette colour #"):
        import_mask(project, image.id, path)
    found = np.unique(numbers).tolist()
    import_mask(project, image.id, path, {number: "water" if number == found[-1] else "" for number in found})
    np.testing.assert_array_equal(labels_of(project, image) == 4, numbers == found[-1])


# --- what values take away


def binary() -> np.ndarray:
    """Return a mask of 0 and 255, a fifth of it 255."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[:10] = 255
    return mask


def notices_of(project, image, path: Path, mapping: dict[int, str] | None = None) -> list[str]:
    events: list[object] = []
    import_mask(project, image.id, path, mapping, on_event=events.append)
    return [event.message for event in events if isinstance(event, Notice)]


def test_a_mask_of_0_and_255_needs_a_class_for_255(new_image, tmp_path: Path) -> None:
    project, image = new_image(WIDTH, HEIGHT)
    path = write_raster(tmp_path / "mask.png", binary())
    message = r"mask.png: the only values are 0 and 255.*600 px \(20.0 %\) would be lost.*--map 255=CLASS"
    with pytest.raises(InterchangeError, match=message):
        import_mask(project, image.id, path)
    assert (labels_of(project, image) == 255).all()
    assert not project.history.steps
    assert notices_of(project, image, path, {255: "water"}) == []
    np.testing.assert_array_equal(labels_of(project, image), np.where(binary() == 255, 4, 0))
    project.undo()
    assert notices_of(project, image, path, {255: ""}) == []
    np.testing.assert_array_equal(labels_of(project, image), np.where(binary() == 255, 255, 0))


def test_a_mask_that_declares_255_as_nodata_is_fine(new_image, tmp_path: Path) -> None:
    project, image = new_image(WIDTH, HEIGHT)
    (notice,) = notices_of(project, image, write_raster(tmp_path / "mask.png", binary(), nodata=255))
    assert notice == (
        "mask.png: counted as unlabelled: the declared nodata 255 in 600 px (20.0 %); "
        "to keep such pixels give --map 255=CLASS"
    )
    np.testing.assert_array_equal(labels_of(project, image), np.where(binary() == 255, 255, 0))


def test_declared_nodata_is_unlabelled_also_where_a_class_has_it(new_image, values, tmp_path: Path) -> None:
    project, image = new_image(WIDTH, HEIGHT)
    path = write_raster(tmp_path / "mask.tif", values, nodata=0)
    (notice,) = notices_of(project, image, path)
    assert "the declared nodata 0 (road) in" in notice
    assert "255 in" in notice
    np.testing.assert_array_equal(labels_of(project, image), np.where(values == 0, 255, values))
    project.undo()
    import_mask(project, image.id, path, {0: "road"})
    np.testing.assert_array_equal(labels_of(project, image), values)


def test_the_declared_nodata_of_a_mask_that_names_its_classes(
    new_image, schema: ClassSchema, values, tmp_path: Path
) -> None:
    """Another program may have declared it later."""
    project, image = new_image(WIDTH, HEIGHT)
    path = tmp_path / "m.tif"
    with OutputFiles() as outputs, MapWriter(outputs, path, image.grid, class_map_info(schema)) as writer:
        writer.write(image.grid.window, values)
    with open_dataset(path, mode="r+") as dataset:
        dataset.nodata = 0
    import_mask(project, image.id, path)
    np.testing.assert_array_equal(labels_of(project, image), np.where(values == 0, 255, values))


def test_values_that_may_count_from_1_are_said(new_image, tmp_path: Path) -> None:
    five = [{"value": value, "name": f"c{value}", "colour": f"#00000{value}"} for value in range(5)]
    project, image = new_image(WIDTH, HEIGHT, classes=ClassSchema.model_validate({"classes": five}))
    mask = np.resize(np.array([1, 2, 3, 4], np.uint8), (HEIGHT, WIDTH))
    (notice,) = notices_of(project, image, write_raster(tmp_path / "mask.png", mask))
    assert notice.startswith(
        "mask.png: no pixel has the value 0 (c0); the values may be shifted by one: if so, give --map 1=c0"
    )
    with pytest.raises(InterchangeError, match="the value 5 in 1500 px, which no class has; the values may be"):
        import_mask(project, image.id, write_raster(tmp_path / "five.png", np.where(mask < 3, mask, np.uint8(5))))
