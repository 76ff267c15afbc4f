from __future__ import annotations

import numpy as np
import pytest

from landseg_core.data.checks import class_notices
from landseg_core.metrics.blocks import BlockCounts
from landseg_core.metrics.warnings import evaluation_warnings

NAMES = ("land", "water", "road")
GOOD = np.array([[9000, 100, 100], [50, 3000, 50], [60, 60, 2000]])


def blocks(counts: np.ndarray, number: int = 40) -> BlockCounts:
    return BlockCounts(np.tile(counts, (number, 1, 1)), np.zeros(number, np.int64), ("a",), 256)


def told(counts: np.ndarray, number: int = 40, trained: tuple[bool, ...] = (True, True, True)) -> tuple[str, ...]:
    return evaluation_warnings(blocks(counts, number), NAMES, trained)


def test_good_figures_need_none() -> None:
    assert told(GOOD) == ()


def test_a_class_that_is_never_predicted() -> None:
    counts = GOOD.copy()
    counts[:, 2] = 0
    assert told(counts) == ("road: labelled, but never predicted; the accuracy hides it",)


def test_a_class_that_is_hardly_found() -> None:
    counts = GOOD.copy()
    counts[1, 1] = counts[2, 2] = 1
    (sentence,) = told(counts)
    assert sentence == "water, road: labelled, but hardly ever found (IoU under 0.01); the accuracy hides it"


def test_a_class_that_is_predicted_but_not_there_is_not_dead() -> None:
    counts = GOOD.copy()
    counts[2] = 0
    assert told(counts, trained=(True, True, False)) == ()


def test_a_class_that_was_trained_and_never_validated_is_told_in_the_words_of_the_data_check() -> None:
    counts = GOOD.copy()
    counts[2] = 0
    before = class_notices(np.array([9, 9, 9]), counts.sum(axis=1), NAMES)
    assert (
        told(counts)
        == tuple(before)
        == ("the accuracy of road cannot be measured: the validation areas have no such labels",)
    )


def test_a_class_of_few_pixels() -> None:
    counts = GOOD.copy()
    counts[2] = [3, 1, 20]
    assert told(counts) == ("fewer than 1000 validation pixels: road; its figures mean little",)
    counts[1] = [3, 20, 1]
    assert told(counts) == ("fewer than 1000 validation pixels each: water, road; their figures mean little",)


@pytest.mark.parametrize(
    ("counts", "number", "words"),
    [
        (GOOD, 29, "labelled pixels in 29 blocks of 256 px: too little ground to rely on"),
        (GOOD, 1, "14,420 labelled pixels in 1 block of 256 px"),
        (np.diag([300, 90, 90]), 40, "19,200 labelled pixels in 40 blocks"),
    ],
)
def test_too_little_ground(counts: np.ndarray, number: int, words: str) -> None:
    (sentence,) = told(counts, number)
    assert words in sentence
    assert sentence.endswith("label more of it to validate on")
