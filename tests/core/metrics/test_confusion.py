from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landseg_core.metrics.confusion import ConfusionMatrix


def maps(classes: int, size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes + 1, size).astype(np.uint8)
    truth[truth == classes] = 255
    return truth, rng.integers(0, classes, size).astype(np.uint8)


def by_hand(classes: int, truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    counts = np.zeros((classes, classes), np.int64)
    for row, column in zip(truth.tolist(), prediction.tolist(), strict=True):
        if row != 255:
            counts[row, column] += 1
    return counts


@given(st.integers(1, 250), st.integers(0, 300), st.integers(0, 2**32 - 1))
def test_counts_each_labelled_pixel_in_its_cell(classes: int, size: int, seed: int) -> None:
    truth, prediction = maps(classes, size, seed)
    matrix = ConfusionMatrix(classes)
    matrix.add(truth, prediction)
    np.testing.assert_array_equal(matrix.counts, by_hand(classes, truth, prediction))
    assert matrix.pixels == np.count_nonzero(truth != 255)


@given(st.lists(st.integers(0, 400), max_size=5), st.integers(0, 2**32 - 1))
def test_parts_add_up_to_the_whole(cuts: list[int], seed: int) -> None:
    truth, prediction = maps(4, 400, seed)
    whole, parts = ConfusionMatrix(4), ConfusionMatrix(4)
    whole.add(truth, prediction)
    for a, b in zip(np.split(truth, sorted(cuts)), np.split(prediction, sorted(cuts)), strict=True):
        parts.add(a, b)
    np.testing.assert_array_equal(whole.counts, parts.counts)


def test_figures_of_a_known_matrix() -> None:
    matrix = ConfusionMatrix(3)
    matrix.add(np.uint8([[0, 0, 0, 1], [1, 1, 255, 0]]), np.uint8([[0, 0, 1, 1], [1, 0, 2, 0]]))
    assert matrix.as_lists() == [[3, 1, 0], [1, 2, 0], [0, 0, 0]]
    assert matrix.accuracy == pytest.approx(5 / 7)
    assert matrix.iou() == [pytest.approx(3 / 5), pytest.approx(2 / 4), None]
    assert matrix.miou == pytest.approx((3 / 5 + 2 / 4) / 2)


def test_a_class_that_is_only_predicted_counts_as_zero() -> None:
    matrix = ConfusionMatrix(2)
    matrix.add(np.uint8([0, 0]), np.uint8([0, 1]))
    assert matrix.iou() == [0.5, 0.0]
    assert matrix.miou == 0.25


def test_without_labels_there_are_no_figures() -> None:
    matrix = ConfusionMatrix(2)
    matrix.add(np.uint8([255, 255]), np.uint8([0, 1]))
    assert (matrix.pixels, matrix.iou()) == (0, [None, None])
    assert math.isnan(matrix.accuracy)
    assert math.isnan(matrix.miou)


@pytest.mark.parametrize(("truth", "prediction"), [([2], [0]), ([0], [2]), ([254], [0]), ([0], [255])])
def test_an_index_beyond_the_classes_is_a_mistake(truth: list[int], prediction: list[int]) -> None:
    with pytest.raises(ValueError, match="beyond the 2 classes"):
        ConfusionMatrix(2).add(np.uint8(truth), np.uint8(prediction))


def test_another_shape_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="truth is"):
        ConfusionMatrix(2).add(np.zeros(2, np.uint8), np.zeros(3, np.uint8))


def test_the_figures_are_json() -> None:
    matrix = ConfusionMatrix(2)
    matrix.add(np.uint8([0, 1]), np.uint8([0, 0]))
    assert json.loads(json.dumps([matrix.as_lists(), matrix.iou(), matrix.miou])) == [
        [[1, 0], [1, 0]],
        [0.5, 0.0],
        0.25,
    ]
