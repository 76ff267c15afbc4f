"""Grids know their place, and how large a pixel is in true ground metres."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from rasterio.crs import CRS

from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.window import PixelWindow

# Poland CS92 as the masks of LandCover.ai carry it: no code of an authority, so only the parameters can be used.
CUSTOM_POLAND = (
    'PROJCS["Projection: Transverse Mercator; Datum: WGS84; Ellipsoid: WGS84",GEOGCS["WGS 84",DATUM["WGS_1984",'
    'SPHEROID["WGS 84",6378137,298.257223563]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],'
    'PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",0],PARAMETER["central_meridian",19],'
    'PARAMETER["scale_factor",0.9993],PARAMETER["false_easting",500000],PARAMETER["false_northing",-5300000],'
    'UNIT["metre",1],AXIS["Easting",EAST],AXIS["Northing",NORTH]]'
)
UNDEFINED = 'LOCAL_CS["Undefined Cartesian SRS"]'
GEOCENTRIC = CRS.from_epsg(4978)
BERLIN_3857 = (1_490_000.0, 6_890_000.0)  # latitude 52.5


def grid_at(crs: CRS | None, x: float, y: float, pixel: float, angle: float = 0.0) -> RasterGrid:
    transform = Affine.translation(x, y) @ Affine.rotation(angle) @ Affine.scale(pixel, -pixel)
    return RasterGrid(1000, 800, transform, crs)


def test_web_mercator_metres_shrink_with_the_latitude() -> None:
    grid = grid_at(CRS.from_epsg(3857), *BERLIN_3857, 0.3)
    latitude = 2 * math.atan(math.exp((BERLIN_3857[1] - 400 * 0.3) / 6378137)) - math.pi / 2
    assert grid.ground_resolution() == pytest.approx(0.3 * math.cos(latitude), rel=0.004)


def test_degrees_become_metres() -> None:
    at_equator = grid_at(CRS.from_epsg(4326), 10, 0.04, 1e-4)
    assert at_equator.ground_resolution() == pytest.approx(math.sqrt(11.1319 * 11.0574), rel=1e-4)
    at_60 = grid_at(CRS.from_epsg(4326), 10, 60.04, 1e-4)
    assert at_60.ground_resolution() == pytest.approx(math.sqrt(5.58 * 11.1412), rel=1e-3)


def test_us_feet_become_metres() -> None:
    new_york = CRS.from_epsg(2263)
    assert grid_at(new_york, 985_000, 200_000, 0.5).ground_resolution() == pytest.approx(0.5 * 0.3048006, rel=1e-4)


@given(st.floats(-180, 180))
def test_turning_a_grid_leaves_its_ground_resolution(angle: float) -> None:
    # Around the centre, since the resolution of web mercator is that of the place.
    transform = (
        Affine.translation(*BERLIN_3857)
        @ Affine.rotation(angle)
        @ Affine.scale(0.3, -0.3)
        @ Affine.translation(-500, -400)
    )
    turned = RasterGrid(1000, 800, transform, CRS.from_epsg(3857))
    upright = RasterGrid(
        1000, 800, grid_at(None, *BERLIN_3857, 0.3).transform @ Affine.translation(-500, -400), turned.crs
    )
    assert turned.ground_resolution() == pytest.approx(upright.ground_resolution(), rel=1e-5)


def test_a_sheared_grid_is_measured_by_its_pixels_area() -> None:
    utm = CRS.from_epsg(32633)
    sheared = RasterGrid(100, 100, Affine(0.4, 0.4, 500_000, 0.0, -0.4, 5_800_000), utm)
    assert sheared.ground_resolution() == pytest.approx(0.4 / 0.9996, rel=1e-4)


def test_a_custom_projection_is_measured_by_its_parameters() -> None:
    crs = CRS.from_wkt(CUSTOM_POLAND)
    assert crs.to_epsg() is None
    assert grid_at(crs, 570_000, 210_000, 0.25).ground_resolution() == pytest.approx(0.25, rel=1e-3)


@pytest.mark.parametrize("crs", [None, CRS.from_wkt(UNDEFINED), GEOCENTRIC], ids=["none", "undefined", "geocentric"])
def test_without_a_map_of_the_earth_there_are_no_ground_metres(crs: CRS | None) -> None:
    assert grid_at(crs, 100, 100, 0.5).ground_resolution() is None


def test_a_crs_that_makes_no_sense_tells_no_ground_metres() -> None:
    utm = CRS.from_epsg(32633).to_wkt()
    crs = CRS.from_wkt(utm.replace('"latitude_of_origin",0', '"latitude_of_origin",400'))
    assert grid_at(crs, 500_000, 5_800_000, 0.5).ground_resolution() is None


@pytest.mark.parametrize(("unit", "metres"), [('"metre",1', 0.5), ('"foot",0.3048', 0.5 * 0.3048)])
def test_in_a_local_crs_the_plane_is_the_ground(unit: str, metres: float) -> None:
    crs = CRS.from_wkt(f'LOCAL_CS["site grid",UNIT[{unit}],AXIS["x",EAST],AXIS["y",NORTH]]')
    assert grid_at(crs, 100, 100, 0.5, angle=20).ground_resolution() == pytest.approx(metres)


def test_a_crs_without_a_place_says_nothing_about_pixels() -> None:
    assert RasterGrid(100, 100, Affine.identity(), CRS.from_epsg(32633)).ground_resolution() is None


def test_a_place_off_the_earth_has_no_ground_resolution() -> None:
    assert grid_at(CRS.from_epsg(32633), 1e30, 1e30, 0.5).ground_resolution() is None


@pytest.mark.imagery
def test_the_orthophotos_true_resolution(imagery: Path) -> None:
    import rasterio

    with rasterio.open(imagery / "ortho" / "swissimage_brig_8704x6656.tif") as dataset:
        grid = RasterGrid(dataset.width, dataset.height, dataset.transform, dataset.crs)
    assert grid.transform.a == pytest.approx(0.2986, abs=1e-4)
    assert grid.ground_resolution() == pytest.approx(0.206, abs=0.002)


@given(st.floats(-1e5, 1e5), st.floats(-1e5, 1e5), st.floats(-180, 180))
def test_to_crs_and_to_pixel_are_inverse(column: float, row: float, angle: float) -> None:
    grid = grid_at(None, 500_000, 5_800_000, 0.25, angle)
    assert grid.to_pixel(*grid.to_crs(column, row)) == pytest.approx((column, row), abs=1e-3)


@given(st.integers(-500, 500), st.integers(-500, 500), st.floats(-180, 180))
def test_a_cropped_grid_puts_its_corner_where_the_window_is(x: int, y: int, angle: float) -> None:
    grid = grid_at(None, 500_000, 5_800_000, 0.25, angle)
    crop = grid.crop(PixelWindow(x, y, 30, 20))
    assert (crop.width, crop.height) == (30, 20)
    assert crop.to_crs(0, 0) == pytest.approx(grid.to_crs(x, y))
    assert crop.to_crs(30, 20) == pytest.approx(grid.to_crs(x + 30, y + 20))


UTM, OTHER_UTM = CRS.from_epsg(32633), CRS.from_epsg(32632)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (grid_at(UTM, 0, 0, 0.5), True),
        (grid_at(UTM, 0.0001, 0, 0.5), True),
        (grid_at(UTM, 0.25, 0, 0.5), False),
        (grid_at(UTM, 0, 0, 0.5001), False),
        (grid_at(OTHER_UTM, 0, 0, 0.5), False),
        (grid_at(None, 0, 0, 0.5), True),
        (RasterGrid(1000, 800, Affine.identity(), None), True),
        (RasterGrid(1000, 801, Affine.identity(), None), False),
    ],
)
def test_grids_match_where_their_pixels_lie_on_each_other(other: RasterGrid, expected: bool) -> None:
    mine = grid_at(UTM, 0, 0, 0.5)
    assert mine.matches(other) is expected
    assert other.matches(mine) is expected


@given(st.integers(-50, 400), st.integers(-50, 300), st.integers(1, 300), st.integers(1, 300), st.floats(0, 360))
def test_a_cut_out_finds_its_place(x, y, width, height, turn) -> None:
    grid = RasterGrid(400, 300, Affine(0.2, 0, 4e5, 0, -0.2, 5e6) @ Affine.rotation(turn), CRS.from_epsg(32632))
    window = PixelWindow(x, y, width, height)
    expected = window if window.intersection(grid.window) else None
    assert grid.window_of(grid.crop(window)) == expected


def test_what_does_not_fit_has_no_place() -> None:
    grid = RasterGrid(400, 300, Affine(0.2, 0, 4e5, 0, -0.2, 5e6), CRS.from_epsg(32632))
    assert grid.window_of(RasterGrid(400, 300, Affine.identity(), None)) == grid.window
    assert grid.window_of(RasterGrid(100, 100, Affine.identity(), None)) is None
    assert grid.window_of(RasterGrid(100, 100, Affine(0.3, 0, 4e5, 0, -0.3, 5e6), CRS.from_epsg(32632))) is None
    assert grid.window_of(RasterGrid(100, 100, Affine(0.2, 0, 4e5 + 0.1, 0, -0.2, 5e6), CRS.from_epsg(32632))) is None
    assert grid.window_of(RasterGrid(100, 100, Affine(0.2, 0, 4e5, 0, -0.2, 5e6), CRS.from_epsg(3857))) is None


@pytest.mark.parametrize(
    ("transform", "crs", "north_up"),
    [
        (Affine(0.5, 0, 4e5, 0, -0.5, 5e6), "EPSG:32632", True),
        (Affine(0.5, 0, 4e5, 0, 0.5, 5e6), "EPSG:32632", False),
        (Affine(0.5, 0.1, 4e5, 0.1, -0.5, 5e6), "EPSG:32632", False),
        (Affine(0.5, 0, 4e5, 0, -0.5, 5e6), None, False),
    ],
)
def test_north_is_up_without_rotation_or_flip(transform, crs, north_up) -> None:
    assert RasterGrid(10, 10, transform, CRS.from_user_input(crs) if crs else None).is_north_up == north_up
