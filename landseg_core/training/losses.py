"""What training makes small."""

from __future__ import annotations

import torch
from torch.nn import functional

from landseg_core.labels.classes import UNLABELLED


def cross_entropy_sum(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return the summed cross-entropy of (N, K, H, W) logits for (N, H, W) class indices; 255 counts nothing.

    In float32, whatever arithmetic made the logits; laid out class by class, which the CPU does twice as fast.
    """
    scores = logits.float().contiguous()
    return functional.cross_entropy(scores, labels.long(), ignore_index=UNLABELLED, reduction="sum")


def cross_entropy(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return the mean cross-entropy of the labelled pixels; 0, not NaN, where there are none."""
    labelled = (labels != UNLABELLED).sum()
    return cross_entropy_sum(logits, labels) / labelled.clamp(min=1)
