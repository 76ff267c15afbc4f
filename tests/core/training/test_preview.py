"""What a preview is planned to be, without a network."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from landseg_core.geo.window import PixelWindow
from landseg_core.training.preview import COARSEST, MOST_PIXELS, plan_preview

windows = st.builds(
    PixelWindow, st.integers(0, 5000), st.integers(0, 5000), st.integers(1, 40_000), st.integers(1, 40_000)
)
factors = st.floats(0.2, 5)
rooms = st.floats(1, 1e9)


@example(PixelWindow(0, 0, 1, 4102), 0.25, 1.0)
@example(PixelWindow(0, 0, 40_000, 1), 0.2, 1.0)
@given(windows, factors, rooms)
def test_a_plan_stays_in_its_window_and_in_its_room(window: PixelWindow, factor: float, pixels: float) -> None:
    plan = plan_preview(window, factor, pixels)
    assert window.contains(plan.window)
    room = max(128**2, min(pixels, MOST_PIXELS))
    assert plan.height * plan.width <= room + plan.height + plan.width + 1  # each side is rounded
    across = plan.window.width / plan.width
    if plan.width > 100:
        assert factor * 0.99 <= across <= factor * COARSEST * 1.01


@given(windows, factors, rooms)
def test_pieces_cover_a_plan_once_and_its_window_in_the_image(
    window: PixelWindow, factor: float, pixels: float
) -> None:
    plan = plan_preview(window, factor, min(pixels, 5e5))
    counted = np.zeros((plan.height, plan.width), np.uint8)
    whole, sizes = PixelWindow(0, 0, plan.width, plan.height), set()
    for piece in plan.pieces():
        counted[piece.slices()] += 1
        seen = plan.around(piece, 32)
        assert seen.contains(piece)
        assert whole.contains(seen)
        sizes.add((seen.width, seen.height))
    assert (counted == 1).all()
    assert len(sizes) == 1
    assert plan.in_image(PixelWindow(0, 0, plan.width, plan.height)) == plan.window


def test_what_fits_is_shown_whole_at_the_resolution_learnt() -> None:
    plan = plan_preview(PixelWindow(10, 20, 1000, 800), 1.0, 1e6)
    assert (plan.window, plan.width, plan.height) == (PixelWindow(10, 20, 1000, 800), 1000, 800)


def test_what_is_larger_is_shown_coarser_and_then_only_in_the_middle() -> None:
    coarser = plan_preview(PixelWindow(0, 0, 1800, 1800), 1.0, 2e6)
    assert (coarser.window.width, coarser.width) == (1800, 1414)
    middle = plan_preview(PixelWindow(0, 0, 8000, 8000), 1.0, 1e6)
    assert (middle.window, middle.width) == (PixelWindow(3300, 3300, 1400, 1400), 1000)


def test_the_middle_comes_first() -> None:
    first = next(plan_preview(PixelWindow(0, 0, 1100, 1100), 1.0, 1100**2).pieces())
    assert abs(first.x + first.width / 2 - 550) < first.width
    assert abs(first.y + first.height / 2 - 550) < first.height
