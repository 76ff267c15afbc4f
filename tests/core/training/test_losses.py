from __future__ import annotations

import math

import pytest
import torch

from landseg_core.training.losses import cross_entropy, cross_entropy_sum


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
