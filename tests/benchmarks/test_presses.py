"""Roofs drawn by a simulated person in the window, and the presses that it takes."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine

from benchmarks.presses import TRUTH, WAYS, draw_all, row
from benchmarks.roofs import drawn, fewest_corners, fewest_rectangles, iou, roofs

SQUARE = ((300.0, 200.0), (380.0, 240.0), (340.0, 320.0), (260.0, 280.0))
ELL = ((100.0, 300.0), (220.0, 300.0), (220.0, 340.0), (150.0, 340.0), (150.0, 420.0), (100.0, 420.0))


@pytest.fixture
def raster(tmp_path: Path) -> Path:
    path = tmp_path / "image.tif"
    layout = {"crs": "EPSG:3857", "transform": Affine(0.3, 0, 500, 0, -0.3, 900), "tiled": True, "blockxsize": 256}
    with rasterio.open(
        path, "w", driver="GTiff", width=900, height=700, count=3, dtype="uint8", blockysize=256, **layout
    ) as target:
        target.write(np.random.default_rng(0).integers(0, 255, (3, 700, 900), np.uint8))
    return path


def test_the_truth_is_sound() -> None:
    told = json.loads(TRUTH.read_text())
    window = shapely.box(*(told["window"][key] for key in "xy"), *(told["window"][key] + 1000 for key in "xy"))
    buildings = [shapely.Polygon(roof) for roof in roofs(TRUTH)]
    assert len(buildings) == 24
    for building in buildings:
        assert building.is_valid
        assert window.contains(building.centroid)
    overlap = sum(building.area for building in buildings) - shapely.union_all(buildings).area
    assert overlap < 1e-3 * sum(building.area for building in buildings)


def test_a_square_needs_one_rectangle_and_an_ell_two() -> None:
    assert [len(fewest_rectangles(roof)) for roof in (SQUARE, ELL)] == [1, 2]
    for roof in (SQUARE, ELL):
        assert iou(drawn(fewest_rectangles(roof)), shapely.Polygon(roof)) > 0.95
    assert iou(drawn(fewest_rectangles(ELL, most=1)), shapely.Polygon(ELL)) < 0.9


def test_corners_that_hardly_count_are_left_out() -> None:
    with_notch = (*SQUARE[:2], (361.0, 279.0), *SQUARE[2:])
    assert fewest_corners(with_notch) == SQUARE
    assert fewest_corners(ELL) == ELL


@pytest.mark.parametrize(("way", "presses"), [(WAYS[0], [5, 7]), (WAYS[1], [3, 6]), (WAYS[2], [3, 3])])
def test_presses_are_counted_in_the_window(qapp, raster: Path, tmp_path: Path, way, presses) -> None:
    (tmp_path / "session").mkdir()
    result = draw_all(way, raster, [SQUARE, ELL], tmp_path / "session", seed=0)
    assert result.presses == presses
    assert result.total == sum(presses)
    assert result.good == (1 if way is WAYS[2] else 2)
    assert math.isclose(result.ious[0], 0.97, abs_tol=0.03)
    assert f"| {result.total} |" in row(result)
