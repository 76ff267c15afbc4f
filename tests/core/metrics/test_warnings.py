from __future__ import annotations

import numpy as np
import pytest

from landseg_core.data.checks import class_notices
from landseg_core.metrics.blocks import BlockCounts
from landseg_core.metrics.warnings import evaluation_warnings, share_warnings

NAMES = ("land", "water", "road")
GOOD = np.array([[9000, 100, 100], [50, 3000, 50], [60, 60, 2000]])


def blocks(counts: np.ndarray, number: int = 40) -> BlockCounts:
    return BlockCounts(np.tile(counts, (number, 1, 1)), np.zeros(number, np.int64), ("a",), 256)


def warnings(counts: np.ndarray, number: int = 40, trained: tuple[bool, ...] = (True, True, True)) -> tuple[str, ...]:
    return evaluation_warnings(blocks(counts, number), NAMES, trained)


def test_good_metrics_need_none() -> None:
    assert warnings(GOOD) == ()


def test_a_class_that_is_never_predicted() -> None:
    counts = GOOD.copy()
    counts[:, 2] = 0
    assert warnings(counts) == ("road: labelled, but never predicted; the overall accuracy hides this",)


def test_a_class_that_is_hardly_found() -> None:
    counts = GOOD.copy()
    counts[1, 1] = counts[2, 2] = 1
    (sentence,) = warnings(counts)
    assert sentence == "water, road: labelled, but hardly ever found (IoU below 0.01); the overall accuracy hides this"


def test_a_class_that_is_predicted_but_not_there_is_not_dead() -> None:
    counts = GOOD.copy()
    counts[2] = 0
    assert warnings(counts, trained=(True, True, False)) == ()


def test_a_class_that_was_trained_and_never_validated_has_the_warning_of_the_data_check() -> None:
    counts = GOOD.copy()
    counts[2] = 0
    before = class_notices(np.array([9, 9, 9]), counts.sum(axis=1), NAMES)
    assert (
        warnings(counts)
        == tuple(before)
        == ("the accuracy of road cannot be measured: the validation areas have no such labels",)
    )


def test_a_class_of_few_pixels() -> None:
    counts = GOOD.copy()
    counts[2] = [3, 1, 20]
    assert warnings(counts) == ("too few validation pixels for reliable metrics (fewer than 1000): road",)
    counts[1] = [3, 20, 1]
    assert warnings(counts) == ("too few validation pixels for reliable metrics (fewer than 1000): water, road",)


@pytest.mark.parametrize(
    ("counts", "number", "words"),
    [
        (GOOD, 29, "labelled pixels (29 blocks of 256 px), too few for reliable metrics"),
        (GOOD, 1, "14,420 labelled pixels (1 block of 256 px)"),
        (np.diag([300, 90, 90]), 40, "19,200 labelled pixels (40 blocks"),
    ],
)
def test_too_few_labelled_pixels(counts: np.ndarray, number: int, words: str) -> None:
    (sentence,) = warnings(counts, number)
    assert words in sentence
    assert sentence.endswith("label more areas")


def test_a_class_with_much_of_the_map_and_few_of_the_labels_is_named() -> None:
    assert share_warnings([0.43, 0.52, 0.05], [50, 949, 1], NAMES) == (
        "land has about 40% of the map, but 5% of the labels; label more of it",
    )
    assert share_warnings([0.4, 0.3, 0.3], [30, 40, 30], NAMES) == ()
    assert len(share_warnings([0.4, 0.6, 0.0], [0, 0, 0], NAMES)) == 2
