from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landseg_core.data.augment import SYMMETRIES, apply_symmetry, flip_and_turn, undo_symmetry


@given(st.integers(0, SYMMETRIES - 1), st.integers(1, 9))
def test_a_symmetry_can_be_undone(symmetry: int, side: int) -> None:
    chip = np.arange(2 * side * side).reshape(2, side, side)
    np.testing.assert_array_equal(undo_symmetry(apply_symmetry(chip, symmetry), symmetry), chip)


def test_the_eight_symmetries_are_all_different() -> None:
    chip = np.arange(9).reshape(3, 3)
    assert len({apply_symmetry(chip, symmetry).tobytes() for symmetry in range(SYMMETRIES)}) == 8


@given(st.integers(0, 2**32), st.integers(1, 6), st.integers(1, 8))
def test_pixels_and_labels_move_together(seed: int, count: int, side: int) -> None:
    labels = np.arange(count * side * side, dtype=np.uint8).reshape(count, side, side)
    pixels = np.stack([labels, 255 - labels], axis=1)
    turned, turned_labels = flip_and_turn(pixels, labels, np.random.default_rng(seed))
    np.testing.assert_array_equal(turned[:, 0], turned_labels)
    np.testing.assert_array_equal(turned[:, 1], 255 - turned_labels)
    np.testing.assert_array_equal(np.sort(turned_labels.reshape(count, -1)), np.sort(labels.reshape(count, -1)))


def test_the_same_random_numbers_give_the_same_turns() -> None:
    pixels, labels = np.arange(4 * 25).reshape(4, 1, 5, 5), np.arange(4 * 25).reshape(4, 5, 5)
    first = flip_and_turn(pixels, labels, np.random.default_rng(3))
    again = flip_and_turn(pixels, labels, np.random.default_rng(3))
    np.testing.assert_array_equal(first[0], again[0])


def test_chips_of_a_batch_turn_independently() -> None:
    pixels = np.broadcast_to(np.arange(25).reshape(5, 5), (64, 1, 5, 5))
    turned, _ = flip_and_turn(pixels, pixels[:, 0], np.random.default_rng(0))
    assert len({chip.tobytes() for chip in turned}) == 8


def test_as_many_labels_as_pixels() -> None:
    with pytest.raises(ValueError, match="zip"):
        flip_and_turn(np.zeros((2, 1, 3, 3)), np.zeros((1, 3, 3)), np.random.default_rng(0))
