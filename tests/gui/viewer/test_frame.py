from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from landseg_gui.viewer.frame import LARGEST_SCALE, SMALLEST_SCALE, ViewFrame, limited_scale

scales = st.floats(SMALLEST_SCALE, LARGEST_SCALE)
positions = st.floats(-50_000, 50_000)
frames = st.builds(ViewFrame, st.integers(1, 4000), st.integers(1, 3000), scales, positions, positions)


@given(frames, positions, positions)
def test_device_and_raster_coordinates_are_inverse(frame: ViewFrame, column: float, row: float) -> None:
    x, y = frame.to_device(column, row)
    assert math.dist(frame.to_raster(x, y), (column, row)) < 1e-6


@given(frames, scales, st.floats(0, 4000), st.floats(0, 3000))
def test_zoom_keeps_what_is_under_the_cursor(frame: ViewFrame, scale: float, x: float, y: float) -> None:
    before, after = frame.to_raster(x, y), frame.zoomed(scale, x, y).to_raster(x, y)
    assert math.dist(before, after) < 1e-6


@given(frames, st.integers(1, 50_000), st.integers(1, 50_000))
def test_what_is_visible_covers_the_viewport_or_ends_at_the_raster(frame: ViewFrame, width: int, height: int) -> None:
    seen = frame.visible(width, height)
    right, bottom = frame.to_raster(frame.width, frame.height)
    if seen is None:
        assert right <= 0 or bottom <= 0 or frame.left >= width or frame.top >= height
    else:
        assert seen.x <= max(0, frame.left)
        assert seen.y <= max(0, frame.top)
        assert seen.right >= min(width, right) - 1e-6
        assert seen.bottom >= min(height, bottom) - 1e-6


@given(st.integers(1, 4000), st.integers(1, 3000), st.integers(1, 200_000), st.integers(1, 200_000))
def test_fit_shows_the_whole_raster_in_the_middle(across: int, down: int, width: int, height: int) -> None:
    frame = ViewFrame(across, down).fitted(width, height)
    left, top = frame.to_device(0, 0)
    right, bottom = frame.to_device(width, height)
    assert left >= -1e-6
    assert top >= -1e-6
    assert math.isclose(left, across - right, abs_tol=1e-6)
    assert math.isclose(top, down - bottom, abs_tol=1e-6)


@given(frames, st.integers(1, 50_000), st.integers(1, 50_000))
def test_nobody_gets_lost(frame: ViewFrame, width: int, height: int) -> None:
    kept = frame.kept_near(width, height)
    column, row = kept.to_raster(kept.width / 2, kept.height / 2)
    assert -1e-6 <= column <= width + 1e-6
    assert -1e-6 <= row <= height + 1e-6


def test_the_middle_stays_when_the_size_changes() -> None:
    frame = ViewFrame(800, 600, 0.5, 100, 50)
    middle = frame.to_raster(400, 300)
    assert frame.resized(300, 200).to_raster(150, 100) == middle


def test_zoom_ends_at_its_limits_but_a_huge_raster_still_fits() -> None:
    assert limited_scale(100, fit=0.1) == LARGEST_SCALE
    assert limited_scale(0.001, fit=0.1) == SMALLEST_SCALE
    assert limited_scale(0.001, fit=0.004) == 0.004
