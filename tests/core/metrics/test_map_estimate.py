"""Metrics of a whole map from few labels: right on average, narrower with more labels, not fooled by sure networks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landseg_core.labels.classes import ClassSchema
from landseg_core.metrics.blocks import BlockCounts
from landseg_core.metrics.calibration import TEMPERATURES, CalibrationTally
from landseg_core.metrics.evaluation import evaluate_blocks
from landseg_core.metrics.intervals import intervals_of_draws
from landseg_core.metrics.map_estimate import MapEstimate, estimate_map
from landseg_core.metrics.rates import rates

CLASSES, PIXELS = 4, 4000
QUICK = settings(max_examples=5, deadline=None)


@dataclass(frozen=True)
class Ground:
    """A map's (N, K) scores and (N,) true classes; its network is `boast` times as sure as it should be."""

    scores: np.ndarray
    truth: np.ndarray

    @classmethod
    def of(cls, seed: int, boast: float) -> Ground:
        rng = np.random.default_rng(seed)
        honest = rng.normal(0, 2.5, (PIXELS, CLASSES)) + rng.normal(0, 0.7, CLASSES)
        shares = np.exp(honest) / np.exp(honest).sum(axis=1, keepdims=True)
        truth = (shares.cumsum(axis=1) < rng.uniform(size=(PIXELS, 1))).sum(axis=1)
        return cls(boast * honest, np.minimum(truth, CLASSES - 1).astype(np.uint8))

    @property
    def true_confusion(self) -> np.ndarray:
        counts = np.zeros((CLASSES, CLASSES))
        np.add.at(counts, (self.truth, self.scores.argmax(axis=1)), 1 / len(self.truth))
        return counts

    def estimate(self, labelled: np.ndarray, each: int = 1, label_weight: float = 1.0) -> MapEstimate:
        """Return the estimate with labels at the numbered pixels, in groups of `each` of about one class."""
        tally = CalibrationTally(CLASSES)
        for part in np.array_split(self.scores, 3):
            tally.add_map(part)
        by_class = labelled[np.argsort(self.truth[labelled], kind="stable")]
        for group in np.array_split(by_class, len(labelled) // each):
            tally.add_labels(int(group[0]), self.scores[group], self.truth[group])
        calibration = tally.calibration()
        assert calibration is not None
        return estimate_map(calibration, label_weight)


def width(estimate: MapEstimate) -> float:
    interval = intervals_of_draws(estimate.draws).miou
    assert interval is not None
    return interval[1] - interval[0]


@QUICK
@given(st.integers(0, 10_000), st.floats(1.0, 6.0))
def test_labels_everywhere_give_the_metrics_of_these_labels(seed: int, boast: float) -> None:
    ground = Ground.of(seed, boast)
    labelled = np.random.default_rng(seed).choice(PIXELS, 500, replace=False)
    plain = rates(Ground(ground.scores[labelled], ground.truth[labelled]).true_confusion)
    found = rates(ground.estimate(labelled).confusion)
    assert found.miou == pytest.approx(plain.miou, abs=0.06)
    assert found.accuracy == pytest.approx(plain.accuracy, abs=0.05)


def test_labels_everywhere_are_right_on_average() -> None:
    errors = []
    for seed in range(12):
        ground = Ground.of(seed, 1 + seed / 4)
        found = rates(ground.estimate(np.random.default_rng(seed).choice(PIXELS, 500, replace=False)).confusion)
        plain = rates(ground.true_confusion)
        errors.append((found.miou - plain.miou, found.accuracy - plain.accuracy))
    assert np.abs(np.mean(errors, axis=0)).max() < 0.02


@QUICK
@given(st.integers(0, 10_000), st.floats(1.0, 6.0))
def test_more_labels_narrow_the_interval(seed: int, boast: float) -> None:
    ground, order = Ground.of(seed, boast), np.random.default_rng(seed).permutation(PIXELS)
    few, many = ground.estimate(order[:12]), ground.estimate(order[:400])
    assert width(many) < 0.8 * width(few)


def test_labels_that_do_not_stand_for_the_map_count_less() -> None:
    """They are at the errors of the network: what they say is too bad for the map, and nothing at a weight of 0."""
    ground = Ground.of(1, 1.0)
    wrong = np.flatnonzero(ground.scores.argmax(axis=1) != ground.truth)
    found = [rates(ground.estimate(wrong[:40], label_weight=weight).confusion).accuracy for weight in (1.0, 0.3, 0.0)]
    assert found == sorted(found)
    assert found[0] < found[1] - 0.02
    other = ground.estimate(np.arange(40), label_weight=0.0)
    assert rates(other.confusion).accuracy == pytest.approx(found[2])


def test_the_interval_of_few_labels_holds_the_truth_of_any_network() -> None:
    inside, misses = 0, []
    for seed in range(30):
        ground = Ground.of(seed, 0.7 + 0.07 * seed)
        true = rates(ground.true_confusion).miou
        estimate = ground.estimate(np.random.default_rng(seed).choice(PIXELS, 75, replace=False), each=3)
        low, high = intervals_of_draws(estimate.draws).miou or (0.0, 0.0)
        inside += low <= true <= high
        misses.append(abs(rates(estimate.confusion).miou - true))
        assert high - low < 0.35
    assert inside >= 27
    assert np.mean(misses) < 0.08


def test_all_entries_are_shares_of_the_map_and_its_classes_keep_theirs() -> None:
    ground = Ground.of(1, 3.0)
    estimate = ground.estimate(np.arange(30))
    shown = np.bincount(ground.scores.argmax(axis=1), minlength=CLASSES) / PIXELS
    assert estimate.confusion.sum() == pytest.approx(1)
    np.testing.assert_allclose(estimate.confusion.sum(axis=0), shown)
    np.testing.assert_allclose(estimate.draws.sum(axis=1), np.tile(shown, (1000, 1)), atol=1e-12)


def test_a_group_is_one_observation_however_many_pixels_it_has() -> None:
    scores = np.random.default_rng(0).normal(0, 2, (50, CLASSES))
    once, often = CalibrationTally(CLASSES), CalibrationTally(CLASSES)
    once.add_labels("stroke", scores, np.full(50, 2, np.uint8))
    for _ in range(3):
        often.add_labels("stroke", scores, np.full(50, 2, np.uint8))
    for tally in (once, often):
        tally.add_map(scores)
    first, second = once.calibration(), often.calibration()
    assert first is not None
    assert second is not None
    np.testing.assert_allclose(first.surprise, second.surprise)
    np.testing.assert_allclose(first.found, second.found)
    assert first.found.sum() == pytest.approx(1)
    assert first.surprise.shape == (len(TEMPERATURES), 1)


def test_unlabelled_pixels_are_no_group_and_without_labels_there_is_no_estimate() -> None:
    tally = CalibrationTally(CLASSES)
    tally.add_map(np.zeros((5, CLASSES)))
    tally.add_labels(0, np.zeros((5, CLASSES)), np.full(5, 255, np.uint8))
    assert tally.calibration() is None


def test_classes_that_are_not_known_do_not_count() -> None:
    estimate = Ground.of(2, 2.0).estimate(np.arange(30)).of_classes([True, True, True, False])
    assert np.isnan(rates(estimate.confusion).iou[3])
    assert (estimate.draws[:, 3] == 0).all()


def test_an_evaluation_by_an_estimate_says_so_and_keeps_what_the_labels_say(schema: ClassSchema) -> None:
    labels = BlockCounts(np.full((6, 3, 3), 10), np.zeros(6, np.int64), ("a",), 256)
    confusion = np.diag([0.5, 0.3, 0.2])
    estimate = MapEstimate(confusion, np.tile(confusion, (20, 1, 1)))
    found = evaluate_blocks(labels, schema, estimate=estimate, warnings=("labels cover 1% of the images",))
    assert (found.estimated, found.miou, found.miou_interval) == (True, 1.0, (1.0, 1.0))
    assert found.labels_accuracy == pytest.approx(1 / 3)
    assert found.labels_miou == pytest.approx(0.2)
    assert found.pixels == 540
    assert found.warnings[0] == "labels cover 1% of the images"
    plain = evaluate_blocks(labels, schema)
    assert (plain.estimated, plain.labels_miou, plain.miou) == (False, None, pytest.approx(0.2))
