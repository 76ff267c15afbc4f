"""A confusion matrix that is filled window by window."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from landseg_core.metrics.rates import rates

_CODES = 256


class ConfusionMatrix:
    """Counts pixels by true and predicted class: `counts` is (K, K) int64, rows truth, columns prediction."""

    def __init__(self, classes: int) -> None:
        self.counts: npt.NDArray[np.int64] = np.zeros((classes, classes), np.int64)

    def add(self, truth: npt.NDArray[np.uint8], prediction: npt.NDArray[np.uint8]) -> None:
        """Count the pixels of two uint8 arrays of class indices, of one shape; 255 in `truth` is not counted.

        Raises:
            ValueError: the shapes differ, or a pixel has a class index that the matrix does not hold.
        """
        if truth.shape != prediction.shape:
            raise ValueError(f"truth is {truth.shape}, prediction {prediction.shape}")
        # One pass: each pair of bytes as one number, counted in a table of all pairs.
        pairs = (truth.astype(np.uint16) << 8 | prediction).ravel()
        table = np.bincount(pairs, minlength=_CODES * _CODES).reshape(_CODES, _CODES)[:-1]
        classes = len(self.counts)
        inside = table[:classes, :classes]
        if inside.sum() != table.sum():
            raise ValueError(f"a class index is beyond the {classes} classes of the matrix")
        self.counts += inside

    @property
    def pixels(self) -> int:
        """Return the number of counted pixels."""
        return int(self.counts.sum())

    @property
    def accuracy(self) -> float:
        """Return the fraction of correct pixels, 0-1; NaN while nothing is counted."""
        return float(rates(self.counts).accuracy)

    def iou(self) -> list[float | None]:
        """Return intersection over union (Jaccard index) of each class; None for one absent from both maps."""
        return [value if math.isfinite(value) else None for value in rates(self.counts).iou.tolist()]

    @property
    def miou(self) -> float:
        """Return the mean IoU of the classes that are present in either map; NaN while nothing is counted."""
        return float(rates(self.counts).miou)

    def as_lists(self) -> list[list[int]]:
        """Return the counts as lists, for JSON."""
        rows: list[list[Any]] = self.counts.tolist()
        return rows
