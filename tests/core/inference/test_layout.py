"""Windows cover an image; their weights sum up to one; what a window sees too little of does not count."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landseg_core.geo.window import PixelWindow
from landseg_core.inference.layout import AxisWindow, ReceptiveField, axis_windows, plan_strips


@st.composite
def axes(draw: st.DrawFn, longest: int = 1500) -> tuple[int, int, int, ReceptiveField]:
    """Return length, window size, overlap and field of a network."""
    field = ReceptiveField(draw(st.sampled_from([1, 2, 4, 16])), draw(st.integers(0, 120)))
    overlap = draw(st.integers(0, 300))
    size = (-(-overlap // field.stride) + draw(st.integers(1, 20))) * field.stride
    return draw(st.integers(1, longest)), size, overlap, field


def summed(spans: list[AxisWindow], length: int) -> np.ndarray:
    total = np.zeros(length)
    for span in spans:
        total[span.first : span.last] += span.weights
    return total


@settings(deadline=None)
@given(axes())
def test_every_pixel_counts_once_in_all(axis: tuple[int, int, int, ReceptiveField]) -> None:
    length, size, overlap, field = axis
    spans = axis_windows(length, size, overlap, field)
    assert np.allclose(summed(spans, length), 1, atol=1e-6)
    assert all((span.weights > 0).all() for span in spans)


@settings(deadline=None)
@given(axes())
def test_windows_start_on_the_pooling_grid_and_end_at_the_image(axis: tuple[int, int, int, ReceptiveField]) -> None:
    length, size, overlap, field = axis
    spans = axis_windows(length, size, overlap, field)
    assert all(span.start % field.stride == 0 for span in spans)
    assert all(span.start <= span.first < span.last <= span.stop <= min(span.start + size, length) for span in spans)
    assert all(before.stop - after.start >= overlap for before, after in pairwise(spans))


@settings(deadline=None)
@given(axes())
def test_nothing_is_left_out_at_the_image_edges(axis: tuple[int, int, int, ReceptiveField]) -> None:
    length, size, overlap, field = axis
    spans = axis_windows(length, size, overlap, field)
    assert (spans[0].start, spans[0].first) == (0, 0)
    assert (spans[-1].stop, spans[-1].last) == (length, length)


@settings(deadline=None)
@given(axes())
def test_with_twice_the_reach_only_pixels_that_see_enough_count(axis: tuple[int, int, int, ReceptiveField]) -> None:
    length, size, overlap, field = axis
    field = ReceptiveField(field.stride, min(field.radius, overlap // 2))
    spans = axis_windows(length, size, overlap, field)
    assert all(span.first - span.start >= field.radius for span in spans[1:])
    assert all(span.stop - span.last >= field.radius for span in spans[:-1])


def test_the_weights_fade_linearly_where_both_windows_see_enough() -> None:
    left, right = axis_windows(length=30, size=20, overlap=10, field=ReceptiveField(1, radius=3))
    assert (left.start, left.stop, right.start, right.stop) == (0, 20, 10, 30)
    assert left.weights.tolist() == [1.0] * 13 + [0.875, 0.625, 0.375, 0.125]
    assert right.weights.tolist() == [0.125, 0.375, 0.625, 0.875] + [1.0] * 13
    assert (left.first, right.first) == (0, 13)


def test_with_less_overlap_each_pixel_is_left_to_the_window_that_sees_more_around_it() -> None:
    left, right = axis_windows(length=36, size=24, overlap=12, field=ReceptiveField(1, radius=24))
    assert (left.stop, right.start) == (24, 12)
    assert (left.last, right.first) == (20, 16)
    assert right.weights[:5].tolist() == [0.125, 0.375, 0.625, 0.875, 1.0]


@settings(deadline=None)
@given(axes())
def test_windows_fade_into_each_other_in_the_middle_of_their_overlap(
    axis: tuple[int, int, int, ReceptiveField],
) -> None:
    length, size, overlap, field = axis
    spans = axis_windows(length, size, overlap, field)
    for left, right in pairwise(spans):
        shared = left.stop - right.start
        if shared <= size // 2:  # else a third window takes part
            faded = left.last - right.first
            assert left.last + right.first == left.stop + right.start
            assert faded <= max(field.fade + 1, shared - 2 * field.radius)


def test_the_overlap_that_a_network_needs() -> None:
    assert ReceptiveField(16, radius=107).overlap == 64
    assert ReceptiveField(32, radius=1000).overlap == 128
    assert ReceptiveField(2, radius=0).overlap == 0


@st.composite
def targets(draw: st.DrawFn) -> tuple[tuple[int, int, int, ReceptiveField], int, int]:
    axis = draw(axes(longest=400))
    first = draw(st.integers(0, axis[0] - 1))
    return axis, first, draw(st.integers(first + 1, axis[0]))


@settings(deadline=None)
@given(targets())
def test_cut_windows_keep_their_weights_and_all_they_depend_on(target: tuple) -> None:
    (length, size, overlap, field), first, last = target
    spans = axis_windows(length, size, overlap, field)
    total = np.zeros(length)
    for span in spans:
        cut = span.cut(first, last, field)
        if cut is None:
            continue
        assert cut.start % field.stride == 0
        assert span.start <= cut.start <= cut.first < cut.last <= cut.stop <= span.stop
        assert cut.start == span.start or cut.first - cut.start >= field.radius
        assert cut.stop == span.stop or cut.stop - cut.last >= field.radius
        assert np.array_equal(cut.weights, span.weights[cut.first - span.first : cut.last - span.first])
        total[cut.first : cut.last] += cut.weights
    assert np.allclose(total[first:last], 1, atol=1e-6)


@settings(deadline=None)
@given(targets(), st.integers(1, 500))
def test_strips_lie_side_by_side_and_are_as_wide_as_allowed(target: tuple, max_width: int) -> None:
    (length, size, overlap, field), first, last = target
    columns = axis_windows(length, size, overlap, field)
    rows = axis_windows(50, size, overlap, field)
    strips = plan_strips(PixelWindow(first, 0, last - first, 50), rows, columns, field, max_width)
    assert (strips[0].first, strips[-1].last) == (first, last)
    assert all(before.last == after.first for before, after in pairwise(strips))
    assert all(strip.width <= max(max_width, size) for strip in strips)
    for strip in strips:
        total = summed([*strip.columns], length)
        assert np.allclose(total[strip.first : strip.last], 1, atol=1e-6)
        assert total[: strip.first].sum() == total[strip.last :].sum() == 0


def test_strips_see_few_pixels_twice() -> None:
    field = ReceptiveField(16, 107)
    spans = axis_windows(50_000, 1024, 128, field)
    (whole,) = plan_strips(PixelWindow(0, 0, 50_000, 1024), spans[:1], spans, field, 10**6)
    strips = plan_strips(PixelWindow(0, 0, 50_000, 1024), spans[:1], spans, field, 12_000)
    seen = sum(window.pixels for strip in strips for window in strip.windows())
    assert len(strips) == 5
    assert seen < 1.03 * sum(window.pixels for window in whole.windows())


def test_an_overlap_without_a_step_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot overlap by 64 px"):
        axis_windows(1000, 64, 64, ReceptiveField(16, 5))
