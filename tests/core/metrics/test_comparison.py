from __future__ import annotations

import numpy as np
import pytest

from landseg_core.metrics.comparison import compare
from landseg_core.metrics.intervals import FEWEST_BLOCKS

LABELS = np.array([400, 300, 100])


def blocks(count: int, accuracy: float, seed: int, hard: float = 0.1) -> np.ndarray:
    """Return (count, 3, 3) matrices of the same labels; some blocks are harder than others, for every model alike."""
    rng, hardness = np.random.default_rng(seed), np.random.default_rng(1).uniform(-hard, hard, count)
    counts = np.zeros((count, 3, 3), np.int64)
    for block, k in np.ndindex(count, 3):
        right = accuracy + hardness[block] + rng.normal(0, 0.01)
        chances = np.full(3, (1 - right) / 2)
        chances[k] = right
        counts[block, k] = rng.multinomial(LABELS[k], chances)
    return counts


@pytest.mark.parametrize(("own", "other", "worse"), [(0.7, 0.8, True), (0.8, 0.7, False), (0.75, 0.75, False)])
def test_a_model_is_worse_only_beyond_the_interval(own: float, other: float, worse: bool) -> None:
    found = compare(blocks(30, own, 2), blocks(30, other, 3))
    assert found.is_worse is worse
    assert found.interval is not None
    assert found.interval[0] <= found.difference <= found.interval[1]


def test_blocks_that_are_hard_for_both_do_not_widen_the_interval() -> None:
    low, high = compare(blocks(30, 0.75, 2, hard=0.0), blocks(30, 0.7, 3, hard=0.0)).interval or (0, 0)
    harder_low, harder_high = compare(blocks(30, 0.75, 2, hard=0.2), blocks(30, 0.7, 3, hard=0.2)).interval or (0, 0)
    assert harder_high - harder_low < 2 * (high - low)


def test_a_model_is_as_good_as_itself() -> None:
    counts = blocks(12, 0.7, 2)
    assert compare(counts, counts).interval == (0.0, 0.0)
    assert compare(counts, counts).difference == 0.0


def test_a_few_blocks_decide_nothing() -> None:
    few = FEWEST_BLOCKS - 1
    found = compare(blocks(few, 0.3, 2), blocks(few, 0.9, 3))
    assert found.interval is None
    assert not found.is_worse
    assert found.as_dict()["interval"] is None


def test_other_labels_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="different blocks or labels"):
        compare(blocks(9, 0.7, 2), 2 * blocks(9, 0.7, 2))
