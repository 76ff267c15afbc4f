from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from landseg_core.geo.rectangles import disjoint, merged, padded, subtract, subtract_all
from landseg_core.geo.window import PixelWindow

windows = st.builds(PixelWindow, st.integers(0, 20), st.integers(0, 20), st.integers(1, 12), st.integers(1, 12))


def covered(parts: list[PixelWindow]) -> np.ndarray:
    times = np.zeros((40, 40), int)
    for part in parts:
        times[part.slices()] += 1
    return times


@given(windows, st.lists(windows, max_size=6))
def test_what_is_left_is_the_window_without_the_holes(window: PixelWindow, holes: list[PixelWindow]) -> None:
    expected = covered([window])
    expected[covered(holes) > 0] = 0
    np.testing.assert_array_equal(covered(subtract_all(window, holes)), expected)


def test_a_corner_is_cut_so_that_one_part_is_as_large_as_can_be() -> None:
    parts = subtract(PixelWindow(0, 0, 100, 60), PixelWindow(90, 40, 50, 50))
    assert sorted(parts) == [PixelWindow(0, 0, 90, 60), PixelWindow(90, 0, 10, 40)]
    assert subtract(PixelWindow(0, 0, 10, 10), PixelWindow(10, 0, 5, 5)) == [PixelWindow(0, 0, 10, 10)]
    assert subtract(PixelWindow(0, 0, 10, 10), PixelWindow(-5, -5, 50, 50)) == []
    assert len(subtract(PixelWindow(0, 0, 10, 10), PixelWindow(4, 4, 2, 2))) == 4


@given(st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=30))
def test_joined_windows_are_the_same_ground(cells: set[tuple[int, int]]) -> None:
    squares = [PixelWindow(5 * x, 5 * y, 5, 5) for x, y in cells]
    fewer = merged(squares)
    np.testing.assert_array_equal(covered(fewer), covered(squares))
    assert len(fewer) <= len(squares)


def test_a_full_grid_becomes_one_window() -> None:
    assert merged(PixelWindow(8 * x, 8 * y, 8, 8) for x in range(4) for y in range(3)) == [PixelWindow(0, 0, 32, 24)]


def test_grown() -> None:
    assert padded(PixelWindow(3, 4, 5, 6), 7) == PixelWindow(-4, -3, 19, 20)


@given(st.lists(windows, max_size=8))
def test_windows_apart_are_the_same_ground_once(over_each_other: list[PixelWindow]) -> None:
    np.testing.assert_array_equal(covered(disjoint(over_each_other)), covered(over_each_other) > 0)


def test_windows_that_lie_apart_stay_as_they_are() -> None:
    squares = [PixelWindow(8 * x, 8 * y, 8, 8) for x in range(3) for y in range(2)]
    assert disjoint(squares) == squares
