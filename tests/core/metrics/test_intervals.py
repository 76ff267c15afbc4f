from __future__ import annotations

import numpy as np
import pytest

from landseg_core.metrics import intervals
from landseg_core.metrics.intervals import bootstrap
from landseg_core.metrics.rates import CLASS_RATES, rates

PIXELS = 4096


def ground(blocks: int, rng: np.random.Generator) -> np.ndarray:
    """Return (blocks, 3, 3) counts: the pixels of a block err together, at a rate of their own for each block."""
    shares, errors = rng.dirichlet([1.5, 1.0, 0.5], blocks), rng.beta(2, 8, (blocks, 3))
    counts = np.zeros((blocks, 3, 3), np.int64)
    for block in range(blocks):
        for k, pixels in enumerate(rng.multinomial(PIXELS, shares[block])):
            chances = np.full(3, errors[block, k] / 2)
            chances[k] = 1 - errors[block, k]
            counts[block, k] = rng.multinomial(pixels, chances)
    return counts


@pytest.fixture(scope="module")
def truth() -> np.ndarray:
    """The counts of so much ground that its figures are the true ones."""
    return ground(20_000, np.random.default_rng(1)).sum(axis=0)


def test_the_interval_covers_the_truth_about_as_often_as_it_says(truth: np.ndarray) -> None:
    true, rng = rates(truth), np.random.default_rng(2)
    simulations, covered = 300, np.zeros(2 + 3 * len(CLASS_RATES))
    for _ in range(simulations):
        found = bootstrap(ground(60, rng), resamples=400)
        told = [found.accuracy, found.miou, *(one for name in CLASS_RATES for one in found.classes[name])]
        wanted = [true.accuracy, true.miou, *(value for name in CLASS_RATES for value in getattr(true, name))]
        covered += [low <= value <= high for (low, high), value in zip(told, wanted, strict=True)]  # type: ignore[misc]
    assert ((covered / simulations >= 0.90) & (covered / simulations <= 0.99)).all(), covered / simulations


def test_counting_pixels_as_if_each_stood_alone_would_promise_far_too_much(truth: np.ndarray) -> None:
    counts = ground(60, np.random.default_rng(3))
    low, high = bootstrap(counts).accuracy or (0, 0)
    accuracy = float(rates(counts.sum(axis=0)).accuracy)
    alone = 2 * 1.96 * np.sqrt(accuracy * (1 - accuracy) / counts.sum())
    assert high - low > 10 * alone
    assert low < accuracy < high


def test_the_same_counts_give_the_same_intervals() -> None:
    counts = ground(40, np.random.default_rng(4))
    assert bootstrap(counts) == bootstrap(counts.copy())


def test_it_does_not_matter_in_how_many_pieces_it_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = ground(40, np.random.default_rng(5))
    whole = bootstrap(counts)
    monkeypatch.setattr(intervals, "_BATCH_CELLS", 40 * 70)
    assert bootstrap(counts) == whole


def test_blocks_that_are_all_alike_leave_no_doubt() -> None:
    found = bootstrap(np.tile(np.array([[6, 2], [1, 7]]), (30, 1, 1)))
    assert found.accuracy == pytest.approx((13 / 16, 13 / 16))
    assert found.classes["iou"][0] == pytest.approx((6 / 9, 6 / 9))


def test_of_few_blocks_there_is_no_interval() -> None:
    found = bootstrap(ground(4, np.random.default_rng(6)))
    assert (found.accuracy, found.miou, found.classes["f1"]) == (None, None, [None] * 3)
    assert bootstrap(np.zeros((0, 3, 3), np.int64)).accuracy is None


def test_a_class_of_few_blocks_has_no_interval_of_its_own() -> None:
    counts = ground(40, np.random.default_rng(7))
    counts[4:, 2] = 0
    counts[:, :, 2] = 0
    found = bootstrap(counts)
    assert found.classes["producers"][2] is None
    assert found.classes["users"][2] is None  # never predicted at all
    assert found.classes["iou"][0] is not None
    assert found.miou is not None
