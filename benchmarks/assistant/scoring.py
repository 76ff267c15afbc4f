"""Metrics of maps on what the user has not labelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.assistant.scenes import CLASS_COUNT
from benchmarks.scribbles import UNLABELLED, Mask
from landseg_core.metrics.confusion import ConfusionMatrix
from landseg_core.metrics.rates import rates


@dataclass(frozen=True)
class Score:
    """Fractions 0-1 over all pixels of some images together."""

    miou: float
    accuracy: float


def score(truth: Sequence[Mask], maps: Sequence[Mask], labels: Sequence[Mask]) -> Score:
    """Return how good (H, W) maps are on what (H, W) `labels` leave unlabelled, and where the truth is known.

    A pixel that a map leaves unlabelled is wrong, and belongs to no class.
    """
    confusion = ConfusionMatrix(CLASS_COUNT + 1)
    for true, drawn, labelled in zip(truth, maps, labels, strict=True):
        confusion.add(unseen(true, labelled), np.where(drawn == UNLABELLED, np.uint8(CLASS_COUNT), drawn))
    found = rates(confusion.counts)
    return Score(float(np.nanmean(found.iou[:CLASS_COUNT])), float(found.accuracy))


def unseen(truth: Mask, labels: Mask) -> Mask:
    """Return the (H, W) truth without what is labelled."""
    return np.where(labels == UNLABELLED, truth, np.uint8(UNLABELLED))
