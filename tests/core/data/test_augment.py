from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landseg_core.data.augment import (
    SYMMETRIES,
    Geometry,
    apply_symmetry,
    resized_labels,
    resized_pixels,
)


@given(st.integers(0, SYMMETRIES - 1), st.integers(1, 9))
def test_a_symmetry_keeps_every_pixel_and_is_undone_by_doing_it_again(symmetry: int, side: int) -> None:
    chip = np.arange(2 * side * side).reshape(2, side, side)
    turned = apply_symmetry(chip, symmetry)
    assert sorted(turned.flat) == sorted(chip.flat)
    again = turned
    for _ in range(3):  # the order of every symmetry of a square divides four
        again = apply_symmetry(again, symmetry)
    np.testing.assert_array_equal(again, chip)


def test_the_eight_symmetries_are_all_different() -> None:
    chip = np.arange(9).reshape(3, 3)
    assert len({apply_symmetry(chip, symmetry).tobytes() for symmetry in range(SYMMETRIES)}) == 8


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from(["uint8", "uint16", "int16", "int32", "float32"]))
def test_a_resized_chip_keeps_its_mean_and_its_position(side: int, wanted: int, dtype: str) -> None:
    columns = np.broadcast_to(np.arange(side) * 100 // side, (2, side, side)).astype(dtype)
    resized = resized_pixels(columns, wanted)
    assert (resized.shape, resized.dtype) == ((2, wanted, wanted), columns.dtype)
    assert (np.diff(resized[0].astype(float), axis=1) >= 0).all()
    assert abs(resized.astype(float).mean() - columns.mean()) <= 100 / side / 2 + 1


@given(st.integers(1, 40), st.integers(1, 40))
def test_resized_labels_take_the_class_at_their_centre(side: int, wanted: int) -> None:
    labels = np.arange(side * side, dtype=np.uint8).reshape(side, side)
    resized = resized_labels(labels, wanted)
    assert resized.shape == (wanted, wanted)
    for index in (0, wanted // 2, wanted - 1):
        centre = int((index + 0.5) * side / wanted)
        assert resized[index, index] == labels[centre, centre]


@given(st.integers(4, 60), st.integers(4, 60))
def test_pixels_and_labels_stay_on_each_other(side: int, wanted: int) -> None:
    """The edge between two halves is at the same position in both, to a pixel."""
    labels = np.zeros((side, side), np.uint8)
    labels[:, side // 2 :] = 1
    pixels = np.stack([labels * 200])
    seen = resized_pixels(pixels, wanted)[0].astype(float).sum(axis=1) / 200
    edges = resized_labels(labels, wanted).astype(float).sum(axis=1)
    assert np.abs(seen - edges).max() <= 1


@given(st.integers(0, 2**32), st.integers(8, 300), st.floats(0.3, 1), st.floats(1, 3))
def test_windows_have_a_side_within_the_scales(seed: int, size: int, low: float, high: float) -> None:
    side = Geometry(scale=(low, high)).window_side(size, np.random.default_rng(seed))
    assert round(size / high) <= side <= round(size / low)


def test_scales_are_drawn_evenly_in_their_logarithm() -> None:
    rng, geometry = np.random.default_rng(0), Geometry(scale=(0.5, 2.0))
    sides = np.array([geometry.window_side(1000, rng) for _ in range(4000)])
    assert (sides > 1000).mean() == pytest.approx(0.5, abs=0.03)
    assert (sides > 1000 * 2**0.5).mean() == pytest.approx(0.25, abs=0.03)


@pytest.mark.parametrize(
    ("flips", "rotations", "count"), [(True, True, 8), (True, False, 2), (False, True, 4), (False, False, 1)]
)
def test_only_the_symmetries_that_are_wanted(flips: bool, rotations: bool, count: int) -> None:
    rng = np.random.default_rng(0)
    drawn = [Geometry(flips, rotations).symmetry(rng) for _ in range(400)]
    assert len(set(drawn)) == count
    assert np.bincount(drawn).max() < 1.5 * len(drawn) / count
