from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landseg_gui.panels.runs.series import Smoother, ThinnedSeries


def test_few_points_are_kept_as_they_are() -> None:
    series = ThinnedSeries(8)
    for x in range(7):
        series.add(x, x * x)
    assert series.x.tolist() == list(range(7))
    assert series.y.tolist() == [x * x for x in range(7)]


@given(count=st.integers(0, 3000), capacity=st.integers(1, 20).map(lambda half: 2 * half))
def test_any_number_of_points_fits_and_a_line_stays_a_line(count: int, capacity: int) -> None:
    series = ThinnedSeries(capacity)
    for x in range(count):
        series.add(x, 3 * x + 1)
    assert len(series) < capacity
    np.testing.assert_allclose(series.y, 3 * series.x + 1)
    steps = np.diff(series.x)
    assert (steps > 0).all()
    np.testing.assert_allclose(steps, steps[:1].repeat(len(steps)), err_msg="each stands for as many points")


def test_merging_keeps_the_mean() -> None:
    series = ThinnedSeries(4)
    for x, y in enumerate([0.0, 2.0, 4.0, 8.0]):
        series.add(x, y)
    assert series.y.tolist() == [1.0, 6.0]
    assert series.x.tolist() == [0.5, 2.5]


def test_what_is_not_finite_is_left_out() -> None:
    series = ThinnedSeries(8)
    series.add(1, math.nan)
    series.add(2, math.inf)
    assert len(series) == 0


def test_a_cleared_series_takes_points_at_full_detail_again() -> None:
    series = ThinnedSeries(4)
    for x in range(9):
        series.add(x, x)
    series.clear()
    series.add(1, 5)
    assert series.y.tolist() == [5.0]


def test_points_that_a_run_does_again_are_replaced() -> None:
    series = ThinnedSeries(8)
    for x in range(1, 6):
        series.add(x, 1.0)
    series.add(3, 2.0)
    series.add(4, 3.0)
    assert (list(series.x), list(series.y)) == ([1, 2, 3, 4], [1.0, 1.0, 2.0, 3.0])
    series.clear()
    series.add(1, 5.0)
    assert list(series.y) == [5.0]


def test_an_odd_capacity_is_refused() -> None:
    with pytest.raises(ValueError, match="even"):
        ThinnedSeries(5)


def test_a_constant_is_not_pulled_by_the_start() -> None:
    smoother = Smoother(0.1)
    assert [smoother.add(4.0) for _ in range(5)] == pytest.approx([4.0] * 5)


def test_smoothing_halves_a_jump_in_time() -> None:
    smoother = Smoother(0.5)
    smoother.add(0.0)
    assert smoother.add(3.0) == pytest.approx(2.0)
    assert smoother.add(math.nan) == pytest.approx(2.0)
