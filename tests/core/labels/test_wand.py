from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from landseg_core.labels.wand import similar_region


def disc(height: int = 90, width: int = 120) -> np.ndarray:
    """Return (H, W) bool: a disc of 30 px radius."""
    rows, columns = np.mgrid[:height, :width]
    return (rows - 45) ** 2 + (columns - 60) ** 2 < 900


def picture(noise: int) -> np.ndarray:
    """Return a disc of (90, 140, 60) on a ground of (150, 90, 80) and up to `noise` more or less."""
    clean = np.where(disc()[..., None], (90, 140, 60), (150, 90, 80))
    return (clean + np.random.default_rng(1).integers(-noise, noise + 1, clean.shape)).astype(np.uint8)


@pytest.mark.parametrize("noise", [0, 8])
def test_the_region_of_a_colour_is_found(noise) -> None:
    np.testing.assert_array_equal(similar_region(picture(noise), (60, 45), 2 * noise + 1), disc())


def test_more_tolerance_never_finds_less() -> None:
    pixels, last = picture(20), np.zeros((90, 120), bool)
    for tolerance in (0, 4.5, 10, 20, 40, 60, 255):
        found = similar_region(pixels, (60, 45), tolerance)
        assert found[45, 60]
        assert not (last & ~found).any()
        last = found
    assert last.all()


def test_another_region_of_the_same_colour_is_left_out() -> None:
    pixels = np.zeros((20, 30, 3), np.uint8)
    pixels[:, 14] = 200
    found = similar_region(pixels, (3, 3), 30)
    assert found[:, :14].all()
    assert not found[:, 14:].any()


def test_every_band_counts() -> None:
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[:, 4:, 2] = 50
    assert np.count_nonzero(similar_region(pixels, (0, 0), 49)) == 32
    assert np.count_nonzero(similar_region(pixels, (0, 0), 50)) == 64


def test_one_noisy_pixel_under_the_cursor_does_not_mislead() -> None:
    pixels = np.full((20, 20, 3), 100, np.uint8)
    pixels[10, 10] = 255
    assert similar_region(pixels, (10, 10), 5).all()


def test_pinholes_are_closed_and_larger_holes_are_not() -> None:
    pixels = np.full((40, 40, 3), 100, np.uint8)
    pixels[5:9, 5:9] = 0
    pixels[20:24, 20:25] = 0
    found = similar_region(pixels, (0, 0), 5)
    assert found[5:9, 5:9].all()
    assert not found[20:24, 20:25].any()


def test_a_notch_at_the_edge_is_no_hole() -> None:
    pixels = np.full((10, 10, 3), 100, np.uint8)
    pixels[0, 4] = 0
    assert not similar_region(pixels, (8, 8), 5)[0, 4]


@given(
    hnp.arrays(np.uint8, st.tuples(st.integers(1, 6), st.integers(1, 6), st.sampled_from([1, 3]))),
    st.data(),
    st.floats(0, 255),
)
def test_any_picture_will_do(pixels, data, tolerance) -> None:
    height, width, _ = pixels.shape
    before = pixels.copy()
    seed = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    found = similar_region(pixels, seed, tolerance)
    assert found.shape == (height, width)
    assert found.dtype == bool
    assert found[seed[1], seed[0]]
    np.testing.assert_array_equal(pixels, before)
    around = pixels[max(0, seed[1] - 1) : seed[1] + 2, max(0, seed[0] - 1) : seed[0] + 2]
    away = np.abs(pixels - np.median(around, axis=(0, 1))).max(axis=-1)
    holes_apart = found & (away > tolerance)
    holes_apart[seed[1], seed[0]] = False
    assert not holes_apart[[0, -1]].any()  # only what is surrounded may look different
    assert not holes_apart[:, [0, -1]].any()
