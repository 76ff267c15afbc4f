from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landseg_core.models.normalisation import measure_normalisation


@given(st.lists(st.integers(1, 40), min_size=1, max_size=6), st.integers(0, 10**6))
def test_the_samples_together_give_what_numpy_gives(widths: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    parts = [rng.normal(1000, 30, (2, 3, width)) for width in widths]
    whole = np.concatenate(parts, axis=2).reshape(2, -1)
    measured = measure_normalisation((part, np.ones(part.shape[1:], bool)) for part in parts)
    np.testing.assert_allclose(measured.mean, whole.mean(axis=1), rtol=1e-9)
    np.testing.assert_allclose(measured.std, whole.std(axis=1), rtol=1e-9)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32, np.float64])
def test_any_type_of_pixels(dtype: Any) -> None:
    pixels = np.array([[[0, 100], [200, 100]]], dtype)
    measured = measure_normalisation([(pixels, np.ones((2, 2), bool))])
    assert measured.mean == (100.0,)
    assert measured.std[0] == pytest.approx(np.sqrt(5000))


@pytest.mark.parametrize("value", [0.0, 17.0, 1e6, 0.1])
def test_a_band_that_never_varies_can_be_divided_by(value: float) -> None:
    pixels = np.full((1, 50, 50), value, np.float32)
    assert measure_normalisation([(pixels, np.ones((50, 50), bool))] * 3).std == (1.0,)


def test_small_numbers_keep_their_deviation() -> None:
    reflectance = np.random.default_rng(0).normal(0.02, 0.001, (1, 50, 50)).astype(np.float32)
    assert measure_normalisation([(reflectance, np.ones((50, 50), bool))]).std[0] == pytest.approx(0.001, rel=0.1)


def test_only_valid_pixels_count() -> None:
    pixels = np.array([[[1, 3, 99]]], np.uint8)
    valid = np.array([[True, True, False]])
    assert measure_normalisation([(pixels, valid), (pixels, valid & False)]).mean == (2.0,)


@pytest.mark.parametrize("wild", [1e30, -9999.0, 65535.0])
def test_a_few_wild_values_do_not_count(wild: float) -> None:
    reflectance = np.random.default_rng(0).normal(300, 40, (1, 200, 200)).astype(np.float32)
    reflectance[0, 7, :90] = wild
    measured = measure_normalisation([(reflectance, np.ones((200, 200), bool))])
    assert measured.mean[0] == pytest.approx(300, rel=0.01)
    assert measured.std[0] == pytest.approx(40, rel=0.05)


def test_rare_values_of_a_band_that_is_nearly_one_value_count() -> None:
    footprints = np.zeros((1, 100, 100), np.uint8)
    footprints[0, 5, :50] = 255
    assert measure_normalisation([(footprints, np.ones((100, 100), bool))]).std[0] > 1
