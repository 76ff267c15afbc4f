from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from support.rasters import HEIGHT, TRANSFORM, WIDTH, coordinate_pixels

from landseg_core.errors import RasterError
from landseg_core.events import JobControl, ignore_event
from landseg_core.raster.pyramid.overviews import PyramidReader
from landseg_core.raster.source import RasterSource
from landseg_gui.session.files import opening


@pytest.fixture
def control() -> JobControl:
    return JobControl()


def grid_of(path):
    return RasterSource(path).grid


def test_a_picture_comes_with_all_that_takes_time(picture) -> None:
    opened = opening.open_image_alone(picture).image
    assert opened.rendering.bands == (1, 2, 3)
    assert opened.ground_resolution == pytest.approx(0.5, rel=1e-3)
    assert opened.crs_name == "EPSG:32632"


def test_a_large_picture_without_overviews_comes_with_its_quicklook(make_raster) -> None:
    path = make_raster("wide.tif", np.full((3, 300, 5000), 80, np.uint8))
    reader = opening.open_image_alone(path).image.reader
    reader.source.close()  # nothing is read any more
    pixels, valid = reader.read_tile(reader.pyramid.quicklook_key, (1, 2, 3))
    assert (pixels == 80).all()
    assert valid.all()


def test_our_own_map_tells_its_classes(picture, own_map, schema, control) -> None:
    (mask,) = opening.open_mask_alone(own_map, grid_of(picture), None, None, control).masks
    assert mask.schema == schema
    assert not mask.guessed
    assert mask.name == "map.tif"
    assert mask.reader.categorical


def test_a_mask_without_classes_gets_one_per_value(picture, plain_mask, control) -> None:
    (mask,) = opening.open_mask_alone(plain_mask, grid_of(picture), None, "mine", control).masks
    assert mask.guessed
    assert mask.name == "mine"
    assert mask.schema.values == (1, 3)
    assert mask.schema.names == ("class 1", "class 3")
    assert len({item.colour for item in mask.schema.classes}) == 2


def test_the_classes_given_count_more_than_the_file(picture, own_map, control) -> None:
    from landseg_core.labels.classes import load_classes

    given = load_classes("landcover-ai")
    (mask,) = opening.open_mask_alone(own_map, grid_of(picture), given, None, control).masks
    assert mask.schema == given


@pytest.mark.parametrize(("nodata", "unshown"), [(None, 24), (255, 0)])
def test_it_is_known_how_much_of_a_mask_of_0_and_255_is_not_shown(
    nodata: int | None, unshown: int, picture, make_raster, control
) -> None:
    grid = grid_of(picture)
    values = np.zeros((1, grid.height, grid.width), np.uint8)
    values[0, 3:7, :6] = 255
    path = make_raster("binary.tif", values, nodata=nodata)
    (mask,) = opening.open_mask_alone(path, grid, None, None, control).masks
    assert mask.schema.values == (0,)
    assert mask.unshown == unshown


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"crs": "EPSG:32633"}, "the CRS of the mask is EPSG:32633, that of the image EPSG:32632"),
        ({"transform": Affine(0.5, 0, 400_000.25, 0, -0.5, 5_000_000)}, r"lies \+0\.50 px across"),
        ({"transform": Affine(0.6, 0, 400_000, 0, -0.5, 5_000_000)}, "differ in size or orientation"),
    ],
)
def test_a_mask_on_another_grid_is_refused_with_the_reason(
    picture, make_raster, mask_values, control, options, reason
) -> None:
    path = make_raster("elsewhere.tif", mask_values, **options)
    with pytest.raises(RasterError, match=reason):
        opening.open_mask_alone(path, grid_of(picture), None, None, control)


def test_a_mask_of_another_size_is_refused(picture, make_raster, control) -> None:
    larger = make_raster("large.tif", np.ones((1, 1200, 1500), np.uint8))
    with pytest.raises(RasterError, match="1500 x 1200 px, the image 1500 x 1100 px"):
        opening.open_mask_alone(larger, grid_of(picture), None, None, control)


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_smaller_mask_that_does_not_tell_its_place_is_refused(picture, make_raster, control) -> None:
    path = make_raster("small.tif", np.ones((1, 800, 1000), np.uint8), crs=None, transform=Affine.identity())
    with pytest.raises(RasterError, match="1000 x 800 px, the image 1500 x 1100 px"):
        opening.open_mask_alone(path, grid_of(picture), None, None, control)


def test_a_mask_of_a_part_lies_where_it_belongs(picture, make_raster, control) -> None:
    transform = TRANSFORM @ Affine.translation(300, 200)
    path = make_raster("part.tif", np.ones((1, 80, 100), np.uint8), transform=transform, nodata=255)
    mask = opening.open_mask_alone(path, grid_of(picture), None, None, control).masks[0]
    assert mask.name == "part.tif"
    assert mask.reader.grid == grid_of(picture)
    expected = np.zeros((HEIGHT, WIDTH), bool)
    expected[200:280, 300:400] = True
    for key in mask.reader.pyramid.tiles_in(0, mask.reader.grid.window):
        pixels, valid = mask.reader.read_tile(key)
        np.testing.assert_array_equal(valid, expected[mask.reader.pyramid.source_window(key).slices()])
        assert (pixels[0][valid] == 1).all()


def test_a_picture_is_no_mask(picture, control) -> None:
    with pytest.raises(RasterError, match="3 bands of uint8"):
        opening.open_mask_alone(picture, grid_of(picture), None, None, control)


def test_a_mask_needs_a_picture(own_map, control) -> None:
    with pytest.raises(RasterError, match="open the image first"):
        opening.open_mask_alone(own_map, None, None, None, control)


def test_the_first_raster_is_the_picture_and_masks_lie_over_it(picture, own_map, plain_mask, control) -> None:
    opened = opening.open_files([picture, own_map, plain_mask], None, control)
    assert opened.image.reader.source.path == picture
    assert [mask.name for mask in opened.masks] == ["map.tif", "plain.tif"]
    assert opened.problems == ()


def test_masks_join_the_picture_that_is_open(picture, plain_mask, control) -> None:
    opened = opening.open_files([plain_mask], grid_of(picture), control)
    assert opened.image is None
    assert len(opened.masks) == 1


def test_another_picture_takes_its_place(picture, make_raster, control) -> None:
    other = make_raster("other.tif", coordinate_pixels(300, 200))
    opened = opening.open_files([other], grid_of(picture), control)
    assert opened.image.reader.source.path == other


def test_a_map_alone_is_picture_and_mask(own_map, schema, control) -> None:
    opened = opening.open_files([own_map], None, control)
    assert opened.image.reader.source.path == own_map
    assert opened.masks[0].schema == schema


def test_our_own_map_of_another_picture_is_refused(make_raster, own_map, control) -> None:
    other = make_raster("other.tif", coordinate_pixels(300, 200))
    opened = opening.open_files([own_map], grid_of(other), control)
    assert opened.image is None
    assert "does not match the image" in opened.problems[0]


def test_one_bad_file_does_not_keep_the_others_out(tmp_path, picture, own_map, make_raster, control) -> None:
    other = make_raster("other.tif", coordinate_pixels(300, 200))
    opened = opening.open_files([tmp_path / "gone.tif", picture, other, own_map], None, control)
    assert opened.image.reader.source.path == picture
    assert len(opened.masks) == 1
    assert len(opened.problems) == 2
    assert "gone.tif" in opened.problems[0]
    assert "other.tif is not a mask" in opened.problems[1]


def test_overviews_are_built_and_used(wide_picture, control) -> None:
    reader = PyramidReader(RasterSource(wide_picture))
    assert reader.needs_pyramid
    opening.overviews_work(reader)(ignore_event, control)
    assert not reader.needs_pyramid
