from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from landseg_core.training.losses import (
    _sums_by_class,
    cross_entropy,
    cross_entropy_sum,
    dice_loss,
    root_weights,
    teacher_loss_sum,
    weighted_cross_entropy_sum,
)


def test_is_the_mean_over_the_labelled_pixels() -> None:
    logits = torch.tensor([2.0, -1.0, 0.5]).view(1, 3, 1, 1).expand(1, 3, 1, 4)
    labels = torch.tensor([[[0, 2, 255, 255]]], dtype=torch.uint8)
    total = math.log(sum(math.exp(value) for value in (2.0, -1.0, 0.5)))
    assert float(cross_entropy_sum(logits, labels)) == pytest.approx(2 * total - 2.0 - 0.5)
    assert float(cross_entropy(logits, labels)) == pytest.approx(total - 1.25)


def test_unlabelled_pixels_teach_nothing() -> None:
    logits = torch.randn(2, 3, 4, 4, requires_grad=True)
    labels = torch.full((2, 4, 4), 255, dtype=torch.uint8)
    labels[0, 0, 0] = 1
    cross_entropy(logits, labels).backward()
    assert logits.grad is not None
    assert logits.grad[0, :, 0, 0].abs().min() > 0
    logits.grad[0, :, 0, 0] = 0
    assert not logits.grad.any()


def test_a_batch_without_labels_has_the_loss_zero() -> None:
    logits = torch.randn(1, 3, 4, 4, requires_grad=True)
    loss = cross_entropy(logits, torch.full((1, 4, 4), 255, dtype=torch.uint8))
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None
    assert not logits.grad.any()


def test_half_precision_is_summed_in_full() -> None:
    logits = torch.zeros(1, 2, 512, 512, dtype=torch.float16)
    loss = cross_entropy_sum(logits, torch.zeros(1, 512, 512, dtype=torch.uint8))
    assert float(loss) == pytest.approx(512 * 512 * math.log(2), rel=1e-4)


def reference(logits: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Return cross-entropy and Dice loss in float64, pixel by pixel."""
    classes = logits.shape[1]
    entropy, common, found, wanted = [], *np.zeros((3, classes))
    for chip, row, column in np.ndindex(labels.shape):
        truth = labels[chip, row, column]
        if truth == 255:
            continue
        scores = np.exp(logits[chip, :, row, column].astype(np.float64))
        scores /= scores.sum()
        entropy.append(-math.log(scores[truth]))
        common[truth] += scores[truth]
        found += scores
        wanted[truth] += 1
    present = wanted > 0
    dice = 1 - (2 * common + 1) / (found + wanted + 1)
    return float(np.mean(entropy)) if entropy else 0.0, float(dice[present].mean()) if present.any() else 0.0


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 6), st.floats(0, 1), st.sampled_from(["float32", "bfloat16"]))
def test_both_losses_are_those_of_a_plain_reference(seed: int, classes: int, ignored: float, kind: str) -> None:
    rng = np.random.default_rng(seed)
    logits = torch.from_numpy(rng.normal(0, 3, (2, classes, 5, 4))).to(getattr(torch, kind))
    labels = rng.integers(0, classes, (2, 5, 4)).astype(np.uint8)
    labels[rng.random(labels.shape) < ignored] = 255
    entropy, dice = reference(logits.double().numpy(), labels)
    assert float(cross_entropy(logits, torch.from_numpy(labels))) == pytest.approx(entropy, abs=1e-5)
    assert float(dice_loss(logits, torch.from_numpy(labels))) == pytest.approx(dice, abs=1e-5)


def test_what_the_network_says_of_unlabelled_pixels_is_nothing_to_dice() -> None:
    logits, labels = torch.randn(1, 3, 6, 6), torch.randint(0, 3, (1, 6, 6)).to(torch.uint8)
    labels[0, :, 3:] = 255
    loss = dice_loss(logits, labels)
    logits[0, :, :, 3:] = 50 * torch.randn(3, 6, 3)
    assert dice_loss(logits, labels) == loss


def test_a_perfect_map_has_no_dice_loss() -> None:
    labels = torch.randint(0, 3, (2, 9, 9)).to(torch.uint8)
    logits = 60 * torch.nn.functional.one_hot(labels.long(), 3).permute(0, 3, 1, 2).float()
    assert float(dice_loss(logits, labels)) == pytest.approx(0, abs=1e-6)


def test_many_pixels_are_counted_to_the_last() -> None:
    """Above 2^24 a float32 is the same after one more."""
    side, further = 4096, 1024
    labels = torch.zeros(1, side + further, side, dtype=torch.uint8)
    sums = _sums_by_class(torch.ones(labels.shape), labels.long(), 2)
    assert sums.tolist() == [side * (side + further), 0]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 6), st.floats(0, 1))
def test_a_teacher_is_followed_where_nothing_is_labelled(seed: int, classes: int, labelled: float) -> None:
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 3, (2, classes, 5, 4))
    labels = np.where(rng.random((2, 5, 4)) < labelled, 0, 255).astype(np.uint8)
    taught = rng.dirichlet(np.ones(classes), (2, 5, 4)).transpose(0, 3, 1, 2)
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    differences = -(taught * logs).sum(axis=1)[labels == 255]
    found = teacher_loss_sum(torch.from_numpy(logits), torch.from_numpy(labels), torch.from_numpy(taught))
    assert float(found) == pytest.approx(differences.sum(), abs=1e-4)


@settings(max_examples=30)
@given(st.integers(0, 2**32), st.integers(1, 5), st.floats(0, 1))
def test_the_pixels_of_a_class_in_a_chip_count_as_their_root(seed: int, classes: int, labelled: float) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, (3, 6, 5)).astype(np.uint8)
    labels[rng.random(labels.shape) > labelled] = 255
    weights = root_weights(torch.from_numpy(labels), classes).numpy()
    assert (weights[labels == 255] == 0).all()
    for chip, own in zip(labels, weights, strict=True):
        for value in set(np.unique(chip).tolist()) - {255}:
            assert own[chip == value].sum() == pytest.approx(np.sqrt((chip == value).sum()), rel=1e-5)
            assert np.ptp(own[chip == value]) == 0


def test_weighted_cross_entropy_is_that_of_each_pixel_times_its_weight() -> None:
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(0, 3, (2, 3, 5, 4)), rng.integers(0, 3, (2, 5, 4)).astype(np.uint8)
    labels[0, :2], weights = 255, rng.random((2, 5, 4))
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    each = -np.take_along_axis(logs, labels.clip(max=2)[:, None].astype(int), axis=1)[:, 0]
    found = weighted_cross_entropy_sum(*(torch.from_numpy(array) for array in (logits, labels, weights)))
    assert float(found) == pytest.approx((each * weights)[labels != 255].sum(), rel=1e-5)
