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
from support.rasters import write_raster

from benchmarks.cell_drawing import WallStroke, best_stroke, cells_of, drags_over, likeness
from benchmarks.presses import TRUTH, WAYS, draw_all, row
from benchmarks.roofs import drawn, fewest_corners, fewest_rectangles, iou, roofs
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.regions import PolygonRegion

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


def test_a_drag_passes_all_cells_of_a_part_and_no_other() -> None:
    ids = np.arange(48).reshape(6, 8).repeat(10, 0).repeat(10, 1)
    chosen = np.isin(ids, [9, 10, 11, 19, 27, 26, 25, 38])  # a hook, and a cell apart that touches it by a corner
    drags = drags_over(ids, chosen)
    assert [{int(ids[row, column]) for column, row in drag} for drag in drags] == [{9, 10, 11, 19, 25, 26, 27}, {38}]
    for drag in drags:
        steps = np.abs(np.diff(np.array(drag), axis=0)).sum(axis=1)
        assert (steps <= 4).all()


def test_cells_count_by_their_larger_part() -> None:
    ids = np.arange(4).repeat(10)[np.newaxis].repeat(4, 0)
    roof = np.zeros_like(ids, bool)
    roof[:, 4:25] = True
    assert np.unique(ids[cells_of(ids, roof)]).tolist() == [0, 1]


def test_a_wall_is_mended_by_one_stroke_inside_or_outside() -> None:
    window, roof = PixelWindow(200, 150, 240, 220), SQUARE
    truth, nothing = PolygonRegion([roof]).mask(window), np.zeros((220, 240), bool)
    too_small = truth & ~WallStroke((300.0, 200.0), (380.0, 240.0), erases=False).on(nothing, window, 20)
    too_large = WallStroke((300.0, 196.0), (380.0, 236.0), erases=False).on(truth, window, 20)
    for painted, erases in ((too_small, False), (too_large, True)):
        stroke = best_stroke(roof, painted, window, 16, nothing)
        assert stroke is not None
        assert stroke.erases == erases
        assert likeness(stroke.on(painted, window, 16), truth) > likeness(painted, truth) + 0.05
    assert best_stroke(roof, too_large, window, 16, others=too_large & ~truth) is None
    assert best_stroke(roof, truth, window, 16, nothing) is None


@pytest.mark.slow
def test_what_is_suggested_is_accepted_by_a_click(qapp, tmp_path: Path) -> None:
    roofs = [tuple((x + dx, y + dy) for x, y in SQUARE) for dy in (-120, 0) for dx in (-150, 0, 150)][:4]
    rng, pixels = np.random.default_rng(0), np.full((3, 700, 900), 60, np.uint8)
    for roof in roofs:
        pixels[:, PolygonRegion([roof]).mask(PixelWindow(0, 0, 900, 700))] = 200
    pixels += rng.integers(0, 6, pixels.shape, np.uint8)
    (tmp_path / "session").mkdir()
    result = draw_all(WAYS[4], write_raster(tmp_path / "roofs.tif", pixels), roofs, tmp_path / "session", seed=0)
    assert result.presses == [2, 2, 2, 1]  # three with the ground around them
    assert result.choices == 5  # land, Accept Region, superpixels and building, the brush
    assert result.good == 4
