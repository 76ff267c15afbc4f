"""What training makes small: cross-entropy and Dice loss, in which unlabelled pixels (255) do not count, and the
distance to a teacher's predictions, in which only they do."""

from __future__ import annotations

import torch
from torch.nn import functional

from landseg_core.labels.classes import UNLABELLED

_SMOOTHING = 1.0
"""Pixels added above and below in the Dice coefficient: one odd pixel of a class must not decide a whole batch."""


def cross_entropy_sum(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return the summed cross-entropy of (N, K, H, W) logits for (N, H, W) class indices; 255 counts nothing.

    In float32, whatever arithmetic made the logits; laid out class by class, which the CPU does twice as fast.
    """
    scores = logits.float().contiguous()
    return functional.cross_entropy(scores, labels.long(), ignore_index=UNLABELLED, reduction="sum")


def cross_entropy(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return the mean cross-entropy of the labelled pixels; 0 where there are none."""
    return cross_entropy_sum(logits, labels) / (labels != UNLABELLED).sum().clamp(min=1)


def root_weights(labels: torch.Tensor, classes: int) -> torch.Tensor:
    """Return (N, H, W) weights of labelled pixels: n pixels of a class in a chip count as the root of n together.

    So a polygon does not outvote strokes, which have a hundredth of its pixels. 0 where there is no label.
    """
    labelled = labels != UNLABELLED
    indices = labels.long().masked_fill(~labelled, classes).flatten(1)
    counts = torch.zeros((len(labels), classes + 1), device=labels.device).scatter_add_(
        1, indices, torch.ones_like(indices, dtype=torch.float32)
    )
    return counts.clamp(min=1).rsqrt().gather(1, indices).view(labels.shape) * labelled


def weighted_cross_entropy_sum(logits: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Return the sum of the cross-entropy of (N, K, H, W) logits for (N, H, W) class indices times their weights."""
    scores = logits.float().contiguous()
    losses = functional.cross_entropy(scores, labels.long(), ignore_index=UNLABELLED, reduction="none")
    return (losses * weights).sum()


def teacher_loss_sum(logits: torch.Tensor, labels: torch.Tensor, taught: torch.Tensor) -> torch.Tensor:
    """Return the summed cross-entropy of (N, K, H, W) logits for `taught` probabilities of the unlabelled pixels.

    0 where every pixel of the (N, H, W) labels has a class. In float32, as `cross_entropy_sum`.
    """
    unlabelled = labels == UNLABELLED
    differences = -(taught * logits.float().contiguous().log_softmax(dim=1)).sum(dim=1)
    return (differences * unlabelled).sum()


def dice_loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return one minus the mean soft Dice coefficient of the classes in the batch's labels; 0 where there are none.

    Milletari, Navab, Ahmadi: "V-Net", 3DV 2016, over all labelled pixels of the batch together. It asks the same of
    every class, however rare it is, where cross-entropy asks the same of every pixel.
    """
    labelled = labels != UNLABELLED
    scores = logits.float().contiguous().softmax(dim=1)
    truth = labels.long().masked_fill(~labelled, 0)
    counted = labelled.to(scores.dtype)
    found = torch.einsum("nkhw,nhw->nk", scores, counted).sum(dim=0)
    of_truth = scores.gather(1, truth[:, None])[:, 0] * counted
    common, wanted = (_sums_by_class(values, truth, len(found)) for values in (of_truth, counted))
    coefficients = (2 * common + _SMOOTHING) / (found + wanted + _SMOOTHING)
    present = (wanted > 0).to(scores.dtype)
    return ((1 - coefficients) * present).sum() / present.sum().clamp(min=1)


def _sums_by_class(values: torch.Tensor, truth: torch.Tensor, classes: int) -> torch.Tensor:
    """Return the (K,) sums of (N, H, W) values by class.

    Not by a tensor of ones and zeros for each class: that would take longer than all the rest of the loss. Each row by
    itself first: a float32 that is summed up in one go stands still at 2^24, a few chips of many pixels.
    """
    rows = values.new_zeros((*values.shape[:2], classes)).scatter_add(2, truth, values)
    return rows.sum(dim=(0, 1))
