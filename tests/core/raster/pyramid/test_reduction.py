"""Four pixels become one: their mean, or their most frequent code."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from landseg_core.raster.pyramid.reduction import halve

SIDES = st.integers(1, 9)


@st.composite
def images(
    draw: st.DrawFn,
    values: st.SearchStrategy[int] = st.integers(0, 255),  # noqa: B008 - strategies are constants
) -> tuple[np.ndarray, np.ndarray]:
    height, width = draw(SIDES), draw(SIDES)
    pixels = draw(npst.arrays(np.uint8, (2, height, width), elements=values))
    return pixels, draw(npst.arrays(bool, (height, width)))


def squares(pixels: np.ndarray, valid: np.ndarray) -> list[tuple[int, int, np.ndarray]]:
    """Return row, column and the valid (N, C) pixels of each 2 x 2 square."""
    rows, columns = -(-valid.shape[0] // 2), -(-valid.shape[1] // 2)
    corner = [(row, column) for row in range(rows) for column in range(columns)]
    return [
        (r, c, pixels[:, 2 * r : 2 * r + 2, 2 * c : 2 * c + 2][:, valid[2 * r : 2 * r + 2, 2 * c : 2 * c + 2]].T)
        for r, c in corner
    ]


@given(images())
def test_a_pixel_is_the_rounded_mean_of_the_valid_ones_it_covers(image: tuple[np.ndarray, np.ndarray]) -> None:
    halved, valid = halve(*image, categorical=False)
    for row, column, known in squares(*image):
        assert valid[row, column] == (len(known) > 0)
        if len(known):
            expected = np.floor(known.mean(axis=0, dtype=np.float64) + 0.5)
            assert (halved[:, row, column] == expected).all()


@given(images(values=st.integers(0, 3)))
def test_a_code_is_the_one_that_most_valid_pixels_have(image: tuple[np.ndarray, np.ndarray]) -> None:
    pixels, everything = image[0][:1], image[1]
    halved, valid = halve(pixels, everything, categorical=True)
    for row, column, known in squares(pixels, everything):
        assert valid[row, column] == (len(known) > 0)
        if len(known):
            values, counts = np.unique(known, return_counts=True)
            assert halved[0, row, column] in values[counts == counts.max()]


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16", "uint32", "int32"])
@pytest.mark.parametrize("limit", ["min", "max"])
def test_the_limits_of_a_type_are_kept(dtype: str, limit: str) -> None:
    pixels = np.full((1, 4, 4), getattr(np.iinfo(dtype), limit), dtype)
    halved, valid = halve(pixels, np.ones((4, 4), bool), categorical=False)
    assert halved.dtype == pixels.dtype
    assert (halved == pixels[:, :2, :2]).all()
    assert valid.all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_fractions_are_kept(dtype: str) -> None:
    halved, _ = halve(np.array([[[0.25, 0.5], [0.5, 0.25]]], dtype), np.ones((2, 2), bool), categorical=False)
    assert halved.dtype == dtype
    assert halved.item() == 0.375


def test_infinite_values_stay_what_they_are() -> None:
    pixels = np.full((1, 2, 2), np.inf, np.float32)
    pixels[0, 0, 0] = -np.inf
    halved, _ = halve(pixels, np.ones((2, 2), bool), categorical=False)
    assert np.isnan(halved).all()


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("side", [2, 6, 34, 514])
def test_opencv_rounds_as_we_do(dtype: str, side: int) -> None:
    pixels = np.random.default_rng(side).integers(0, np.iinfo(dtype).max, (3, side, side), dtype, endpoint=True)
    halved, _ = halve(pixels, np.ones((side, side), bool), categorical=False)
    total = sum(pixels[:, row::2, column::2].astype(np.uint32) for row in (0, 1) for column in (0, 1))
    np.testing.assert_array_equal(halved, (total + 2) // 4)
