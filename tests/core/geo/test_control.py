"""Control points and RPCs follow a crop and a resampling, and come back from a file as they went in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.rpc import RPC

from landseg_core.geo.control import ControlPoint, GroundControl
from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.window import PixelWindow
from landseg_core.output_files import OutputFiles
from landseg_core.raster.files.gdal import open_dataset
from landseg_core.raster.source import RasterSource
from landseg_core.raster.writer import MapWriter

UTM = CRS.from_epsg(32632)
COEFFICIENTS = [1.0, *[0.0] * 19]


def rpc(**changes: Any) -> RPC:
    values: dict[str, Any] = {
        "height_off": 500.0,
        "height_scale": 100.0,
        "lat_off": 46.0,
        "lat_scale": 0.1,
        "long_off": 8.0,
        "long_scale": 0.1,
        "line_off": 200.0,
        "line_scale": 200.0,
        "samp_off": 250.0,
        "samp_scale": 250.0,
        "line_num_coeff": [0.0, 0.0, -1.0, *[0.0] * 17],
        "line_den_coeff": COEFFICIENTS,
        "samp_num_coeff": [0.0, 1.0, *[0.0] * 18],
        "samp_den_coeff": COEFFICIENTS,
    }
    return RPC(**values | changes)


@pytest.fixture
def placed(tmp_path: Path) -> Path:
    """Return an image of 500 x 400 px that control points alone place, half a metre each."""
    path = tmp_path / "scan.tif"
    points = [
        GroundControlPoint(row, column, 400_000 + column / 2, 5_100_000 - row / 2, 12.0)
        for row in (0, 400)
        for column in (0, 500)
    ]
    with open_dataset(path, mode="w", driver="GTiff", width=500, height=400, count=1, dtype="uint8") as dataset:
        dataset.gcps = (points, UTM)
        dataset.write(np.ones((1, 400, 500), np.uint8))
    return path


def written(path: Path, source: RasterSource, window: PixelWindow) -> GroundControl | None:
    """Write a map of `window`, and return what places it."""
    grid = source.grid.crop(window)
    with OutputFiles() as outputs, MapWriter(outputs, path, grid) as writer:
        writer.write(grid.window, np.zeros((window.height, window.width), np.uint8))
    with RasterSource(path) as there:
        assert there.grid.transform.is_identity
        return there.grid.control


def test_a_map_is_placed_as_its_image_is(placed: Path, tmp_path: Path) -> None:
    with RasterSource(placed) as source:
        control = written(tmp_path / "map.tif", source, source.grid.window)
        assert control is not None
        assert control == source.grid.control
        assert len(control.points) == 4
        assert control.crs == UTM


def test_a_map_of_a_part_lies_where_the_part_does(placed: Path, tmp_path: Path) -> None:
    with RasterSource(placed) as source:
        control = written(tmp_path / "map.tif", source, PixelWindow(100, 60, 64, 32))
    assert control is not None
    for point in control.points:
        assert point.x == 400_000 + (point.column + 100) / 2
        assert point.y == 5_100_000 - (point.row + 60) / 2
        assert point.z == 12.0


def test_its_name_reads_well_in_a_sentence() -> None:
    point = ControlPoint(0, 0, 0, 0)
    assert GroundControl((point,)).name == "1 ground control point"
    assert GroundControl((point, point), rpc=rpc()).name == "2 ground control points and RPC"


def test_an_rpc_goes_with_the_map(tmp_path: Path) -> None:
    path = tmp_path / "satellite.tif"
    with open_dataset(path, mode="w", driver="GTiff", width=500, height=400, count=1, dtype="uint8") as dataset:
        dataset.rpcs = rpc()
        dataset.write(np.ones((1, 400, 500), np.uint8))
    with RasterSource(path) as source:
        whole = written(tmp_path / "map.tif", source, source.grid.window)
        part = written(tmp_path / "part.tif", source, PixelWindow(100, 60, 64, 32))
    assert whole is not None
    assert part is not None
    assert whole.rpc.to_dict() | {"err_bias": None, "err_rand": None} == rpc().to_dict()
    assert (part.rpc.samp_off, part.rpc.line_off) == (150.0, 140.0)


def test_beside_a_transform_the_rpc_alone_goes_with_the_map(tmp_path: Path) -> None:
    place = Affine(0.5, 0, 400_000, 0, -0.5, 5_100_000)
    point = ControlPoint(0, 0, 400_000, 5_100_000)
    grid = RasterGrid(500, 400, place, UTM, GroundControl((point,), UTM, rpc())).crop(PixelWindow(100, 60, 64, 32))
    with OutputFiles() as outputs, MapWriter(outputs, tmp_path / "map.tif", grid) as writer:
        writer.write(grid.window, np.zeros((32, 64), np.uint8))
    with RasterSource(tmp_path / "map.tif") as there:
        assert there.grid.transform == place @ Affine.translation(100, 60)
        assert there.grid.control is not None
        assert there.grid.control.points == ()
        assert (there.grid.control.rpc.samp_off, there.grid.control.rpc.line_off) == (150.0, 140.0)


def test_a_transform_is_enough(tmp_path: Path) -> None:
    path = tmp_path / "ortho.tif"
    place = {"crs": UTM, "transform": Affine(0.5, 0, 400_000, 0, -0.5, 5_100_000)}
    with open_dataset(path, mode="w", driver="GTiff", width=50, height=40, count=1, dtype="uint8", **place) as dataset:
        dataset.write(np.ones((1, 40, 50), np.uint8))
    with RasterSource(path) as source:
        assert source.grid.control is None


@given(st.floats(-500, 500), st.floats(-500, 500), st.floats(0.1, 10), st.floats(0.1, 10))
def test_points_keep_their_ground_through_crop_and_resampling(x: float, y: float, across: float, down: float) -> None:
    control = GroundControl((ControlPoint(10, 20, 1, 2), ControlPoint(300, 400, 3, 4)), UTM, rpc())
    moved = control.cropped(x, y).scaled(across, down)
    for before, after in zip(control.points, moved.points, strict=True):
        assert (after.x, after.y) == (before.x, before.y)
        assert after.column == pytest.approx((before.column - x) * across)
        assert after.row == pytest.approx((before.row - y) * down)
    # An RPC's own formula: column = offset + scale * polynomial, counted from the centre of the first pixel.
    for share in (-1.0, 0.0, 1.0):
        column = control.rpc.samp_off + share * control.rpc.samp_scale + 0.5
        assert moved.rpc.samp_off + share * moved.rpc.samp_scale + 0.5 == pytest.approx((column - x) * across)


POINTS = tuple(ControlPoint(column, row, 8.0 + column, 46.0 - row) for column in (0.0, 50.0) for row in (0.0, 40.0))


@pytest.mark.parametrize(
    ("control", "name"),
    [
        (GroundControl(POINTS, UTM), "4 ground control points"),
        (GroundControl(POINTS[:1], UTM), "1 ground control point"),
        (GroundControl(rpc=rpc()), "RPC"),
        (GroundControl(POINTS, UTM, rpc()), "4 ground control points and RPC"),
    ],
)
def test_a_crop_is_found_in_its_image_and_named(control: GroundControl, name: str) -> None:
    assert control.name == name
    assert control.offset_of(control.cropped(30, 20)) == (30, 20)


def test_what_is_no_crop_has_no_offset() -> None:
    control = GroundControl(POINTS, UTM, rpc())
    moved = (*POINTS[:3], replace(POINTS[3], column=51.0))
    for other in (
        GroundControl(),
        GroundControl(POINTS, UTM),
        GroundControl(moved, UTM, rpc()),
        GroundControl(POINTS, UTM, rpc(lat_off=47.0)),
    ):
        assert control.offset_of(other) is None
