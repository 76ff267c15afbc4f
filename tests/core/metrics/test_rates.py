from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from landseg_core.metrics.confusion import ConfusionMatrix
from landseg_core.metrics.rates import CLASS_RATES, class_divisors, joined, rates


def by_hand(counts: np.ndarray) -> dict[str, list[float]]:
    """Return each class's rates as they are defined: true and false positives, false negatives."""
    told: dict[str, list[float]] = {name: [] for name in CLASS_RATES}
    for k in range(len(counts)):
        hits = int(counts[k, k])
        missed, false = int(counts[k].sum()) - hits, int(counts[:, k].sum()) - hits
        for name, whole, part in (
            ("iou", hits + missed + false, hits),
            ("f1", 2 * hits + missed + false, 2 * hits),
            ("producers", hits + missed, hits),
            ("users", hits + false, hits),
        ):
            told[name].append(part / whole if whole else np.nan)
    return told


matrices = st.integers(1, 5).flatmap(
    lambda k: arrays.arrays(np.int64, (k, k), elements=st.one_of(st.just(0), st.integers(0, 10**9)))
)


@given(matrices)
def test_rates_are_those_of_their_definitions(counts: np.ndarray) -> None:
    own = rates(counts)
    for name, expected in by_hand(counts).items():
        np.testing.assert_allclose(getattr(own, name), expected)
    total, ious = int(counts.sum()), [value for value in by_hand(counts)["iou"] if not np.isnan(value)]
    np.testing.assert_allclose(own.accuracy, int(np.trace(counts)) / total if total else np.nan)
    np.testing.assert_allclose(own.miou, sum(ious) / len(ious) if ious else np.nan)
    matrix = ConfusionMatrix(len(counts))
    matrix.counts += counts
    np.testing.assert_array_equal([matrix.accuracy, matrix.miou], [own.accuracy, own.miou])
    np.testing.assert_array_equal([np.nan if value is None else value for value in matrix.iou()], own.iou)


def test_many_matrices_at_once_give_what_each_gives() -> None:
    stack = np.random.default_rng(0).integers(0, 9, (7, 3, 3))
    stack[2] = 0
    together, apart = rates(stack), [rates(counts) for counts in stack]
    for name in ("accuracy", "miou", *CLASS_RATES):
        np.testing.assert_array_equal(getattr(together, name), [getattr(one, name) for one in apart])
        halves = joined([rates(stack[:3]), rates(stack[3:])])
        np.testing.assert_array_equal(getattr(halves, name), getattr(together, name))


def test_a_known_matrix() -> None:
    own = rates(np.array([[8, 2], [0, 10]]))
    assert own.accuracy == pytest.approx(18 / 20)
    assert own.iou == pytest.approx([8 / 10, 10 / 12])
    assert own.f1 == pytest.approx([16 / 18, 20 / 22])
    assert own.producers == pytest.approx([8 / 10, 1])
    assert own.users == pytest.approx([1, 10 / 12])
    assert class_divisors(np.array([[8, 2], [0, 10]]))["users"].tolist() == [8, 12]
