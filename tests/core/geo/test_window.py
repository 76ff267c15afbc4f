"""Windows behave as sets of pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landseg_core.geo.window import PixelWindow

WINDOWS = st.builds(
    PixelWindow,
    x=st.integers(0, 30),
    y=st.integers(0, 30),
    width=st.integers(1, 30),
    height=st.integers(1, 30),
)


def pixels_of(window: PixelWindow) -> np.ndarray:
    canvas = np.zeros((64, 64), bool)
    canvas[window.slices()] = True
    return canvas


@given(WINDOWS, WINDOWS)
def test_an_intersection_holds_exactly_the_common_pixels(one: PixelWindow, other: PixelWindow) -> None:
    common = one.intersection(other)
    expected = pixels_of(one) & pixels_of(other)
    assert (pixels_of(common) == expected).all() if common else not expected.any()


@given(WINDOWS, WINDOWS)
def test_a_window_contains_another_when_it_has_all_its_pixels(one: PixelWindow, other: PixelWindow) -> None:
    assert one.contains(other) == bool((pixels_of(one) >= pixels_of(other)).all())


@given(WINDOWS)
def test_the_area_is_the_number_of_pixels(window: PixelWindow) -> None:
    assert window.pixels == pixels_of(window).sum()


@given(WINDOWS, st.integers(-50, 50), st.integers(-50, 50))
def test_shifting_there_and_back_changes_nothing(window: PixelWindow, dx: int, dy: int) -> None:
    moved = window.shifted(dx, dy)
    assert (moved.x - window.x, moved.y - window.y) == (dx, dy)
    assert moved.shifted(-dx, -dy) == window


@pytest.mark.parametrize(("width", "height"), [(0, 5), (5, 0), (-1, 5)])
def test_a_window_has_pixels(width: int, height: int) -> None:
    with pytest.raises(ValueError, match="positive size"):
        PixelWindow(0, 0, width, height)


def test_a_window_is_written_as_the_command_line_takes_it() -> None:
    assert str(PixelWindow(1, 2, 3, 4)) == "1,2,3,4"
