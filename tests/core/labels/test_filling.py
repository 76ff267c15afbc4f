from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from landseg_core.geo.window import PixelWindow
from landseg_core.labels.filling import connected_region, enclosed, flood, holes
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.labels.regions import MaskRegion, RectangleRegion, StrokeRegion

SIDES = ((0, 1), (1, 0), (0, -1), (-1, 0))
CORNERS = ((1, 1), (1, -1), (-1, 1), (-1, -1))


def spread(may: np.ndarray, start: list[tuple[int, int]], steps) -> np.ndarray:
    """Return what can be reached from `start` within `may`, the plain way."""
    reached = np.zeros(may.shape, bool)
    waiting = [place for place in start if may[place]]
    while waiting:
        row, column = waiting.pop()
        if reached[row, column]:
            continue
        reached[row, column] = True
        near = [(row + down, column + right) for down, right in steps]
        waiting += [(r, c) for r, c in near if 0 <= r < may.shape[0] and 0 <= c < may.shape[1] and may[r, c]]
    return reached


def labels_with(values: np.ndarray, x: int = 0, y: int = 0) -> LabelRaster:
    labels = LabelRaster(1200, 1000)
    window = PixelWindow(x, y, values.shape[1], values.shape[0])
    labels.begin().put(window, values, np.ones(values.shape, bool))
    return labels


small_maps = hnp.arrays(np.uint8, (9, 12), elements=st.sampled_from([2, 2, 3, 255]))


@given(small_maps, st.integers(0, 11), st.integers(0, 8))
def test_the_region_under_a_place_is_what_is_connected_by_sides(values, column, row) -> None:
    x, y = 506, 508  # where four tiles meet
    limit = PixelWindow(x, y, 12, 9)
    found = connected_region(labels_with(values, x, y), x + column + 0.9, y + row + 0.1, limit)
    expected = spread(values == values[row, column], [(row, column)], SIDES)
    np.testing.assert_array_equal(found.mask(limit), expected)
    assert limit.contains(found.bounds)
    assert found.pixels.any(axis=0).all()  # no wider than needed
    assert found.pixels.any(axis=1).all()


@given(small_maps, st.integers(0, 11), st.integers(0, 8))
def test_holes_are_the_unlabelled_pixels_with_no_way_out(values, column, row) -> None:
    limit = PixelWindow(0, 0, 12, 9)
    found = holes(labels_with(values), column + 0.5, row + 0.5, limit)
    region = spread(values == values[row, column], [(row, column)], SIDES)
    beyond = np.pad(~region, 1, constant_values=True)
    outside = spread(beyond, [(0, 0)], SIDES + CORNERS)[1:-1, 1:-1]
    expected = ~region & ~outside & (values == 255)
    if values[row, column] == 255:
        expected[:] = False
    np.testing.assert_array_equal(found.mask(limit), expected)


def test_a_thin_ring_holds_what_is_filled_in() -> None:
    labels = LabelRaster(1200, 1000)
    edit = labels.begin()
    ring = [(100.0, 500.0), (600.0, 100.0), (1100.0, 520.0), (600.0, 900.0), (100.0, 500.0)]
    edit.paint(StrokeRegion(ring, 1), 4)
    whole = PixelWindow(0, 0, 1200, 1000)
    hole = connected_region(labels, 600, 500, whole)
    assert 380_000 < np.count_nonzero(hole.pixels) < 420_000
    assert edit.paint(hole, 4) == np.count_nonzero(hole.pixels)
    assert np.count_nonzero(labels.read(whole) == 4) == np.count_nonzero(
        connected_region(labels, 600, 500, whole).pixels
    )


def test_filling_stays_within_its_limit() -> None:
    labels = LabelRaster(1200, 1000)
    limit = PixelWindow(-40, 300, 100, 5000)
    assert connected_region(labels, 5, 400, limit).window == PixelWindow(0, 300, 60, 700)


def test_a_hole_at_the_edge_of_the_limit_is_open() -> None:
    labels = LabelRaster(100, 100)
    edit = labels.begin()
    edit.paint(RectangleRegion((10, 10), (40, 40)), 4)
    edit.paint(RectangleRegion((20, 20), (30, 30)), 255)
    assert np.count_nonzero(holes(labels, 12, 12, PixelWindow(0, 0, 100, 100)).pixels) == 100
    assert not holes(labels, 12, 12, PixelWindow(0, 0, 100, 25)).pixels.any()


def test_another_class_in_a_hole_stays() -> None:
    values = np.full((9, 9), 4, np.uint8)
    values[2:7, 2:7] = 255
    values[4, 4] = 8
    found = holes(labels_with(values), 0.5, 0.5, PixelWindow(0, 0, 9, 9))
    assert np.count_nonzero(found.pixels) == 24
    assert not found.mask(PixelWindow(4, 4, 1, 1)).any()


@pytest.mark.parametrize("find", [connected_region, holes])
@pytest.mark.parametrize(
    ("place", "limit"),
    [
        ((-0.1, 5), PixelWindow(-10, 0, 50, 50)),
        ((5, 100), PixelWindow(0, 0, 500, 500)),
        ((60, 60), PixelWindow(0, 0, 50, 50)),
        ((5, 5), PixelWindow(200, 0, 50, 50)),
    ],
)
def test_a_click_outside_finds_nothing(find, place, limit) -> None:
    found: MaskRegion = find(LabelRaster(100, 100), *place, limit)
    assert not found.pixels.any()


def test_enclosed_and_flood_know_corners() -> None:
    ring = np.array([[0, 1, 1, 1], [1, 1, 0, 1], [1, 0, 1, 1], [1, 1, 1, 0]], bool)
    assert np.argwhere(enclosed(ring)).tolist() == [[1, 2], [2, 1]]
    ground = (~ring).astype(np.uint8)
    assert np.count_nonzero(flood(ground, (2, 1), 4)) == 1
    assert np.count_nonzero(flood(ground, (2, 1), 8)) == 2
