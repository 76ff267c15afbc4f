"""A grid brought to another over the same ground: means, consistent under windows, and true to the place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landseg_core.geo.window import PixelWindow
from landseg_core.raster import resampling
from landseg_core.raster.resampling import AxisScale, GridScale, as_type

lengths = st.integers(1, 60)
scales = st.builds(AxisScale, lengths, lengths)
Part = tuple[np.ndarray, np.ndarray]


def dense(scale: AxisScale) -> np.ndarray:
    """Return the (size, length) matrix that brings an axis to its new size."""
    kernel, matrix = scale.kernel(0, scale.size), np.zeros((scale.size, scale.length))
    for indices, weights in zip(kernel.indices, kernel.weights, strict=True):
        np.add.at(matrix, (np.arange(scale.size), indices), weights)
    return matrix


@given(scales)
def test_a_constant_stays_what_it_is(scale: AxisScale) -> None:
    matrix = dense(scale)
    assert (matrix >= 0).all()
    np.testing.assert_allclose(matrix.sum(axis=1), 1, atol=1e-6)


@given(scales)
def test_a_slope_keeps_its_place(scale: AxisScale) -> None:
    """Each new pixel of a ramp has the value at its own centre: to an eighth of an old pixel, but for the ends."""
    own = (np.arange(scale.length) + 0.5) / scale.length
    new = (np.arange(scale.size) + 0.5) / scale.size
    reach = 0.5 / min(scale.size, scale.length)
    inner = (new > reach) & (new < 1 - reach)
    tolerance = 1e-6 if scale.size >= scale.length else 0.125 / scale.length
    np.testing.assert_allclose((dense(scale) @ own)[inner], new[inner], atol=tolerance)
    assert np.abs(dense(scale) @ own - new).max() <= reach + 1e-6


@given(st.integers(1, 40), st.integers(1, 6))
def test_shrinking_by_a_whole_number_averages_blocks(size: int, factor: int) -> None:
    values = np.random.default_rng(size).random(size * factor)
    expected = values.reshape(size, factor).mean(axis=1)
    np.testing.assert_allclose(dense(AxisScale(size * factor, size)) @ values, expected, atol=1e-6)


@given(scales)
def test_each_pixel_has_the_one_below_its_centre(scale: AxisScale) -> None:
    centres = (np.arange(scale.size) + 0.5) * scale.length / scale.size
    nearest = scale.nearest(0, scale.size)
    assert ((nearest <= centres) & (centres <= nearest + 1)).all()


@given(scales, st.data())
def test_windows_side_by_side_stay_so(scale: AxisScale, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, scale.length))
    assert scale.placed(0, scale.length) == (0, scale.size)
    assert scale.placed(0, cut)[1] == scale.placed(cut, scale.length)[0]
    own = scale.nearest(*scale.placed(0, cut))
    assert (own < max(cut, 1)).all()


@st.composite
def pictures(draw: st.DrawFn) -> tuple[GridScale, PixelWindow, np.ndarray, np.ndarray]:
    scale = GridScale(draw(scales), draw(scales))
    x, y = draw(st.integers(0, scale.columns.size - 1)), draw(st.integers(0, scale.rows.size - 1))
    width, height = draw(st.integers(1, scale.columns.size - x)), draw(st.integers(1, scale.rows.size - y))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    kind = draw(st.sampled_from([np.uint8, np.uint16, np.float32, np.float64]))
    values = (rng.random((2, scale.rows.length, scale.columns.length)) * 200).astype(kind)
    valid = rng.random(values.shape[1:]) < draw(st.sampled_from([0.2, 0.9, 1]))
    values[:, ~valid] = 0
    return scale, PixelWindow(x, y, width, height), values, valid


def reader(values: np.ndarray, valid: np.ndarray) -> Any:
    return lambda window: (values[:, *window.slices()], valid[window.slices()])


def whole(scale: GridScale) -> PixelWindow:
    return PixelWindow(0, 0, scale.columns.size, scale.rows.size)


@given(pictures(), st.integers(1, 500))
def test_a_pixel_does_not_depend_on_the_window_that_reads_it(picture: Any, budget: int) -> None:
    scale, window, values, valid = picture
    read = reader(values, valid)
    everything, there = scale.mean(whole(scale), read)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resampling, "PIECE_PIXELS", budget)
        part, part_there = scale.mean(window, read)
        below = scale.nearest(window, lambda own: values[0][own.slices()])
    assert part.dtype == values.dtype
    np.testing.assert_array_equal(part, everything[:, *window.slices()])
    np.testing.assert_array_equal(part_there, there[window.slices()])
    np.testing.assert_array_equal(
        below, scale.nearest(whole(scale), lambda own: values[0][own.slices()])[window.slices()]
    )


@given(pictures())
def test_means_lie_between_the_valid_values_and_know_nothing_of_the_others(picture: Any) -> None:
    scale, _, values, valid = picture
    means, there = scale.mean(whole(scale), reader(values, valid))
    if valid.any():
        assert means[:, there].min() >= values[:, valid].min() - 1e-3
        assert means[:, there].max() <= values[:, valid].max() + 1e-3
    rows, columns = dense(scale.rows), dense(scale.columns)
    share = rows @ valid @ columns.T
    np.testing.assert_array_equal(there, share > 1e-9)
    if values.dtype.kind == "f":
        expected = rows @ values.astype(float) @ columns.T
        np.testing.assert_allclose(
            means[:, there], (expected / np.maximum(share, 1e-9))[:, there], rtol=1e-4, atol=1e-3
        )


@given(scales, scales)
def test_a_window_too_small_for_a_pixel_gets_the_one_there(rows: AxisScale, columns: AxisScale) -> None:
    scale = GridScale(rows, columns)
    last = PixelWindow(columns.length - 1, rows.length - 1, 1, 1)
    assert whole(scale).contains(scale.placed(last))


def test_the_same_size_changes_nothing() -> None:
    values = np.random.default_rng(0).integers(0, 65536, (3, 20, 30), np.uint16)
    scale = GridScale.between((30, 20), (30, 20))
    means, _ = scale.mean(whole(scale), reader(values, np.ones((20, 30), np.bool_)))
    np.testing.assert_array_equal(means, values)


def test_whole_numbers_are_rounded_within_their_range() -> None:
    values = np.array([-1.0, 0.4, 0.6, 254.7, 300.0])
    assert as_type(values, np.dtype(np.uint8)).tolist() == [0, 0, 1, 255, 255]


@given(st.integers(8, 60), st.integers(4, 60))
def test_a_hole_far_away_changes_no_bit(length: int, size: int) -> None:
    scale = GridScale(AxisScale(length, size), AxisScale(length, size))
    values = np.random.default_rng(length).random((1, length, length), np.float32)
    valid = np.ones((length, length), np.bool_)
    sound, _ = scale.mean(whole(scale), reader(values, valid))
    valid[0, 0] = False
    values[:, 0, 0] = 0
    damaged, _ = scale.mean(whole(scale), reader(values, valid))
    untouched = slice(scale.rows.placed(2, length)[0] + 1, None)
    np.testing.assert_array_equal(damaged[:, untouched], sound[:, untouched])
