from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import shapely
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from landseg_core.geo.window import PixelWindow
from landseg_core.labels.regions import (
    AreasRegion,
    ClippedRegion,
    CoarseRegion,
    MaskRegion,
    PolygonRegion,
    RectangleRegion,
    Region,
    StrokeRegion,
    rectangle_on,
)

VIEW = PixelWindow(-8, -5, 48, 40)
SLACK = 2e-6  # px: nearer to the edge of a stroke than this, rounding may decide

numbers = st.floats(-20, 50, allow_nan=False) | st.integers(-40, 90).map(lambda n: n / 2)
places = st.tuples(numbers, numbers)


@st.composite
def regions(draw) -> Region:
    points = draw(st.lists(places, min_size=1, max_size=6))
    kind = draw(st.sampled_from(["stroke", "polygon", "rectangle", "mask", "areas", "common"]))
    if kind == "common":
        return ClippedRegion(draw(regions()), draw(regions()))
    if kind == "areas":
        return AreasRegion([points, draw(st.lists(places, min_size=3, max_size=4))])
    if kind == "stroke":
        return StrokeRegion(points, draw(st.sampled_from([1, 1.4, 2, 7.5, 40])))
    if kind == "polygon":
        return PolygonRegion([points, draw(st.lists(places, max_size=4))])
    if kind == "rectangle":
        return RectangleRegion(points[0], points[-1])
    pixels = np.random.default_rng(draw(st.integers(0, 99))).random((9, 13)) < 0.5
    return MaskRegion(PixelWindow(draw(st.integers(-20, 50)), 3, 13, 9), pixels)


def centres(window: PixelWindow) -> tuple[np.ndarray, np.ndarray]:
    return np.meshgrid(np.arange(window.x, window.right) + 0.5, np.arange(window.y, window.bottom) + 0.5)


def distance(window: PixelWindow, points: list[tuple[float, float]]) -> np.ndarray:
    """Return the distance of each pixel centre to the polyline, by the textbook."""
    columns, rows = centres(window)
    best = np.full(columns.shape, np.inf)
    for (x0, y0), (x1, y1) in zip(points, points[1:] or points, strict=False):
        dx, dy = x1 - x0, y1 - y0
        square = dx * dx + dy * dy
        along = np.clip(((columns - x0) * dx + (rows - y0) * dy) / square, 0, 1) if square > 0 else 0.0
        best = np.minimum(best, np.hypot(columns - x0 - along * dx, rows - y0 - along * dy))
    return best


@given(regions(), st.integers(0, 47), st.integers(0, 39))
def test_a_region_is_the_same_in_any_window(region, column, row) -> None:
    whole = region.mask(VIEW)
    part = PixelWindow(VIEW.x + column, VIEW.y + row, VIEW.width - column, VIEW.height - row)
    np.testing.assert_array_equal(region.mask(part), whole[row:, column:])


@given(regions())
def test_the_bounds_hold_all_pixels(region) -> None:
    wide = PixelWindow(-80, -80, 200, 200)
    mask = region.mask(wide)
    assert mask.dtype == bool
    inside = region.bounds.intersection(wide)
    if inside is not None:
        mask[inside.shifted(80, 80).slices()] = False
    assert not mask.any()


@given(st.lists(places, min_size=1, max_size=5), st.floats(1.5, 40))
@example([(3.0, 4.0), (3.0, 4.0 + 1e-12)], 6.0)
@example([(3.5, 4.5), (30.5, 4.5)], 7.0)
@example([(3.5, 4.5), (3.5, 30.5)], 7.0)
def test_a_stroke_is_what_lies_within_half_its_diameter(points, diameter) -> None:
    mask, away = StrokeRegion(points, diameter).mask(VIEW), distance(VIEW, points)
    assert mask[away <= diameter / 2 - SLACK].all()
    assert not mask[away > diameter / 2 + SLACK].any()


def test_a_disc_has_its_area() -> None:
    mask = StrokeRegion([(600.3, 499.9)], 1000).mask(PixelWindow(0, 0, 1200, 1000))
    assert np.count_nonzero(mask) == pytest.approx(math.pi * 500**2, rel=1e-3)


@pytest.mark.parametrize("diameter", [0.0, 1.0, 1.4])
def test_a_thin_brush_paints_the_pixel_under_it(diameter) -> None:
    mask = StrokeRegion([(5.0, 7.99)], diameter).mask(PixelWindow(0, 0, 12, 12))
    assert np.argwhere(mask).tolist() == [[7, 5]]


@given(places, places)
def test_a_thin_stroke_is_a_connected_chain(start, end) -> None:
    ends = [(math.floor(x), math.floor(y)) for x, y in (start, end)]
    mask = StrokeRegion([start, end], 1).mask(PixelWindow(-30, -30, 100, 100))
    rows, columns = np.nonzero(mask)
    steps = [abs(ends[1][axis] - ends[0][axis]) for axis in (0, 1)]
    assert len(rows) == max(steps) + 1
    for column, row in ends:
        assert mask[row + 30, column + 30]
    longer = columns if steps[0] >= steps[1] else rows
    shorter = rows if steps[0] >= steps[1] else columns
    order = np.argsort(longer)
    assert (np.diff(longer[order]) == 1).all()
    assert (np.abs(np.diff(shorter[order])) <= 1).all()


def test_the_middle_of_a_thin_stroke_is_under_the_path() -> None:
    mask = StrokeRegion([(0.5, 0.5), (10.5, 5.5)], 1).mask(PixelWindow(0, 0, 12, 12))
    assert all(abs(row - column / 2) <= 0.5 for row, column in np.argwhere(mask))


@given(st.lists(places, min_size=2, max_size=6), st.floats(1, 20))
def test_a_stroke_is_the_sum_of_its_segments(points, diameter) -> None:
    parts = [StrokeRegion(pair, diameter).mask(VIEW) for pair in itertools.pairwise(points)]
    np.testing.assert_array_equal(StrokeRegion(points, diameter).mask(VIEW), np.logical_or.reduce(parts))


def test_a_stroke_needs_a_point() -> None:
    with pytest.raises(ValueError, match="point"):
        StrokeRegion([], 5)


@given(st.lists(st.tuples(st.integers(-20, 50), st.integers(-20, 50)), min_size=3, max_size=8))
def test_a_polygon_is_what_an_odd_number_of_edges_surrounds(ring) -> None:
    columns, rows = centres(VIEW)
    odd, unclear = np.zeros(columns.shape, bool), np.zeros(columns.shape, bool)
    for (x0, y0), (x1, y1) in zip(ring, ring[1:] + ring[:1], strict=True):
        if y0 != y1:
            beside = columns - x0 - (rows - y0) / (y1 - y0) * (x1 - x0)
            crossed = (rows > min(y0, y1)) & (rows < max(y0, y1))  # whole corners never lie in a row of centres
            odd ^= crossed & (beside >= 0)
            unclear |= crossed & (abs(beside) < SLACK)
    found = PolygonRegion([[(float(x), float(y)) for x, y in ring]]).mask(VIEW)
    np.testing.assert_array_equal(found[~unclear], odd[~unclear])


def test_a_polygon_has_its_pixels_by_their_centres() -> None:
    mask = PolygonRegion([[(1.4, 1.4), (3.6, 1.4), (3.6, 3.4), (1.4, 3.4)]]).mask(PixelWindow(0, 0, 6, 6))
    assert np.argwhere(mask).tolist() == [[1, 1], [1, 2], [1, 3], [2, 1], [2, 2], [2, 3]]


@given(places, places, places, places)
def test_polygons_with_a_common_edge_share_no_pixel_and_leave_none_out(a, b, c, d) -> None:
    side = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    other = (b[0] - a[0]) * (d[1] - a[1]) - (b[1] - a[1]) * (d[0] - a[0])
    assume(side * other < 0)
    one, two = PolygonRegion([[a, b, c]]).mask(VIEW), PolygonRegion([[b, a, d]]).mask(VIEW)
    assert not (one & two).any()
    np.testing.assert_array_equal(one | two, PolygonRegion([[a, c, b, d]]).mask(VIEW))


def test_holes_are_left_out() -> None:
    outer = [(0.0, 0.0), (20.0, 0.0), (20.0, 20.0), (0.0, 20.0)]
    hole = [(5.0, 5.0), (9.0, 5.0), (9.0, 12.0), (5.0, 12.0)]
    mask = PolygonRegion([outer, hole]).mask(PixelWindow(0, 0, 20, 20))
    assert np.count_nonzero(mask) == 400 - 28
    assert not mask[5:12, 5:9].any()


@pytest.mark.parametrize(
    "rings",
    [
        [],
        [[]],
        [[(3.0, 3.0)]],
        [[(3.0, 3.0), (9.0, 9.0)]],
        [[(3.0, 3.0), (9.0, 9.0), (3.0, 3.0)]],
        [[(3.0, 3.0)] * 5],
        [[(0.0, 4.5), (9.0, 4.5), (20.0, 4.5)]],
        [[(4.5, 0.0), (4.5, 9.0), (4.5, 20.0)]],
    ],
)
def test_a_polygon_without_an_area_has_no_pixels(rings) -> None:
    region = PolygonRegion(rings)
    assert not region.mask(VIEW).any()
    assert not region.mask(region.bounds).any()


def test_a_ring_may_be_closed_twice_over() -> None:
    ring = [(2.0, 2.0), (9.3, 2.0), (5.0, 11.0)]
    closed = PolygonRegion([[*ring, ring[0]]]).mask(VIEW)
    np.testing.assert_array_equal(closed, PolygonRegion([ring]).mask(VIEW))


def test_a_ring_that_crosses_itself_leaves_out_what_it_goes_round_twice() -> None:
    star = [(10 + 9 * math.sin(step * 0.8 * math.pi), 10 - 9 * math.cos(step * 0.8 * math.pi)) for step in range(5)]
    mask = PolygonRegion([star]).mask(PixelWindow(0, 0, 20, 20))
    assert not mask[10, 10]
    assert mask[3, 10]


@given(places, places)
def test_a_rectangle_is_the_polygon_of_its_corners(a, b) -> None:
    polygon = PolygonRegion([[a, (b[0], a[1]), b, (a[0], b[1])]])
    np.testing.assert_array_equal(RectangleRegion(a, b).mask(VIEW), polygon.mask(VIEW))


def test_a_mask_lies_where_its_window_is() -> None:
    region = MaskRegion(PixelWindow(3, 2, 2, 1), np.array([[True, False]]))
    assert np.argwhere(region.mask(PixelWindow(1, 1, 9, 9))).tolist() == [[1, 2]]
    assert not region.mask(PixelWindow(30, 30, 4, 4)).any()
    assert not MaskRegion.nothing().mask(VIEW).any()


def outside_slack(mask: np.ndarray, shape: shapely.Geometry) -> None:
    """Compare a mask of VIEW with a shape of shapely, but for pixel centres on its outline."""
    columns, rows = centres(VIEW)
    clear = shapely.distance(shapely.points(columns, rows), shape.boundary) > 1e-3
    expected = shapely.contains_xy(shape, columns, rows)
    np.testing.assert_array_equal(mask[clear], expected[clear])


@settings(max_examples=40)
@given(places, places, places)
def test_a_rectangle_on_a_side_is_that_of_shapely(a, b, opposite) -> None:
    assume(math.dist(a, b) > 0.1)
    ring = rectangle_on(a, b, opposite)
    (x0, y0), (x1, y1) = a, b
    side = math.dist(a, b)
    across = ((x1 - x0) * (opposite[1] - y0) - (y1 - y0) * (opposite[0] - x0)) / side
    assume(abs(across) > 0.1)
    # The band on one side of the line: flat ends, and the sign of the width says which side.
    outside_slack(PolygonRegion([ring]).mask(VIEW), shapely.LineString([a, b]).buffer(across, single_sided=True))


@given(places, places, places)
def test_a_rectangle_on_a_side_has_right_angles_and_reaches_the_third_click(a, b, opposite) -> None:
    assume(math.dist(a, b) > 0.1)
    first, second, third, fourth = rectangle_on(a, b, opposite)
    assert (first, second) == (a, b)
    assert math.dist(first, fourth) == pytest.approx(math.dist(second, third), abs=1e-6)
    along = np.subtract(second, first) / math.dist(a, b)
    assert np.dot(np.subtract(fourth, first), along) == pytest.approx(0, abs=1e-6)
    assert np.dot(np.subtract(opposite, fourth), [-along[1], along[0]]) == pytest.approx(0, abs=1e-6)


def test_a_side_without_a_length_makes_no_rectangle() -> None:
    assert not PolygonRegion([rectangle_on((3.0, 4.0), (3.0, 4.0), (9.0, 9.0))]).mask(VIEW).any()


sixteenths = st.tuples(*2 * [st.integers(-320, 800).map(lambda n: n / 16)])  # shapely divides by tiny steps


@settings(max_examples=40)
@given(st.lists(sixteenths, min_size=2, max_size=6, unique=True), st.floats(1.5, 25))
def test_a_line_with_a_width_is_the_buffer_of_shapely(points, width) -> None:
    mask = StrokeRegion(points, width).mask(VIEW)
    columns, rows = centres(VIEW)
    line = shapely.LineString(points)
    finely = line.buffer(width / 2, quad_segs=512)  # a polygon inside the true, round one
    away = shapely.distance(shapely.points(columns, rows), line)
    clear = abs(away - width / 2) > 1e-3
    np.testing.assert_array_equal(mask[clear], shapely.contains_xy(finely, columns, rows)[clear])


MASKS = hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12))


@given(mask=MASKS, scale=st.sampled_from([1, 2, 4, 8]), x=st.integers(0, 40), y=st.integers(0, 40))
def test_a_coarse_region_is_the_enlarged_mask(mask, scale: int, x: int, y: int) -> None:
    region = CoarseRegion(x, y, scale, mask)
    everything = np.zeros((150, 150), bool)
    everything[y : y + mask.shape[0] * scale, x : x + mask.shape[1] * scale] = mask.repeat(scale, 0).repeat(scale, 1)
    assert (region.mask(PixelWindow(0, 0, 150, 150)) == everything).all()
    part = PixelWindow(17, 9, 40, 31)
    assert (region.mask(part) == everything[part.slices()]).all()


@given(mask=MASKS)
def test_trimming_changes_no_pixel(mask) -> None:
    region = CoarseRegion(5, 7, 4, mask)
    trimmed = region.trimmed()
    window = PixelWindow(0, 0, 60, 60)
    if trimmed is None:
        assert not mask.any()
    else:
        assert (trimmed.mask(window) == region.mask(window)).all()
        assert trimmed.pixels.any(0)[[0, -1]].all()
        assert trimmed.pixels.any(1)[[0, -1]].all()


@settings(max_examples=25)
@given(regions(), regions())
def test_a_clipped_region_is_what_both_have_in_common(region: Region, clip: Region) -> None:
    both = ClippedRegion(region, clip)
    expected = region.mask(VIEW) & clip.mask(VIEW)
    np.testing.assert_array_equal(both.mask(VIEW), expected)
    inside = np.zeros(expected.shape, bool)
    part = both.bounds.intersection(VIEW)
    if part is not None:
        inside[part.shifted(-VIEW.x, -VIEW.y).slices()] = True
    assert not (expected & ~inside).any()
