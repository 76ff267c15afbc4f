"""How sure a network is of its map, and how far held-out labels agree with that: what `map_estimate` works on.

A network's probabilities are rarely those with which it is right; dividing its scores by one number, the temperature,
mends most of that (Guo et al., "On Calibration of Modern Neural Networks", 2017). Which number fits is decided
afterwards: here sums are kept for each of `TEMPERATURES`, so that memory does not grow with the image.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from landseg_core.labels.classes import UNLABELLED

Floats = npt.NDArray[np.float64]

TEMPERATURES: Floats = np.geomspace(0.4, 16.0, 30)
"""What scores are divided by: 1 leaves the probabilities as they are, more makes them less sure."""
_LEAST_LOG = np.log(1e-9)


@dataclass(frozen=True, eq=False)
class Calibration:
    """Sums of a network's probabilities, for T temperatures and K classes.

    Attributes:
        confusion: (T, K, K) the matrix that the map's probabilities expect: rows are true classes, columns predicted
            ones, and entries shares of the map, which sum to 1.
        surprise: (T, N) mean negative log-probability of the true class in each of N groups of labelled pixels.
        found: (N, K) share of a group's pixels that each class was predicted in.
        truth: (N,) the class that a group is labelled as.
    """

    confusion: Floats
    surprise: Floats
    found: Floats
    truth: npt.NDArray[np.int64]

    @property
    def labelled(self) -> Floats:
        """Return the (K, K) matrix of the groups, each of which counts 1."""
        counts = np.zeros((self.found.shape[1],) * 2)
        np.add.at(counts, self.truth, self.found)
        return counts


class CalibrationTally:
    """Adds up what `Calibration` holds, window by window."""

    def __init__(self, classes: int) -> None:
        self._classes = classes
        self._map = np.zeros((len(TEMPERATURES), classes, classes))
        self._groups: dict[tuple[Hashable, int], Floats] = {}

    def add_map(self, scores: npt.NDArray[np.floating]) -> None:
        """Count pixels of the map, labelled or not: their (N, K) scores (logits)."""
        predicted = np.eye(self._classes)[scores.argmax(axis=1)]
        for number, log_probabilities in enumerate(_at_temperatures(scores)):
            self._map[number] += np.exp(log_probabilities).T @ predicted

    def add_labels(self, key: Hashable, scores: npt.NDArray[np.floating], truth: npt.NDArray[np.uint8]) -> None:
        """Count labelled pixels: (N, K) scores and (N,) class indices, 255 for none.

        Those of one class and one `key` are a group, such as a stroke: what a network thinks of one of its pixels, it
        thinks of all.
        """
        for value in np.unique(truth[truth != UNLABELLED]).tolist():
            inside = scores[truth == value]
            sums = [-np.maximum(log[:, value], _LEAST_LOG).sum() for log in _at_temperatures(inside)]
            found = np.bincount(inside.argmax(axis=1), minlength=self._classes)
            group = self._groups.setdefault((key, value), np.zeros(len(TEMPERATURES) + self._classes))
            group += np.concatenate([sums, found])

    def calibration(self) -> Calibration | None:
        """Return the sums as shares and means; None where no map, or no label, was counted."""
        if not self._groups or not self._map[0].sum():
            return None
        groups = np.array(list(self._groups.values()))
        surprise, found = np.split(groups, [len(TEMPERATURES)], axis=1)
        pixels = found.sum(axis=1, keepdims=True)
        truth = np.array([value for _, value in self._groups], np.int64)
        return Calibration(self._map / self._map[0].sum(), (surprise / pixels).T, found / pixels, truth)


def _at_temperatures(scores: npt.NDArray[np.floating]) -> list[Floats]:
    """Return the (N, K) log-probabilities of scores at each temperature."""
    from_highest = scores.astype(np.float64) - scores.max(axis=1, keepdims=True)
    divided = (from_highest / temperature for temperature in TEMPERATURES)
    return [part - np.log(np.exp(part).sum(axis=1, keepdims=True)) for part in divided]
