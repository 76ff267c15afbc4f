"""The metrics of a whole map, estimated where labels are few and lie where people like to put them.

Held-out strokes alone mislead: they lie inside regions, on ground that is easy, in equal shares of the classes, and a
dozen of them say little. The network has an opinion of every pixel, though. So the confusion matrix of the whole map is
what its probabilities expect (confidence-based performance estimation: Guillory et al., "Predicting with Confidence on
Unseen Distributions", 2021; Garg et al., "Leveraging Unlabeled Data to Predict Out-of-Distribution Performance",
2022), at the temperature at which held-out labels are least surprising; and what they say of each predicted class is
weighed with it (post-stratified estimation: Olofsson et al., "Good practices for estimating area and assessing accuracy
of land change", 2014). See docs/adr/0050.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from landseg_core.metrics.calibration import TEMPERATURES, Calibration, Floats
from landseg_core.metrics.intervals import RESAMPLES

EXPECTED_TEMPERATURE = 0.95
TEMPERATURE_SPREAD = 0.5
"""Middle, and deviation of the logarithm, of the temperatures that networks trained on strokes need; see ADR 50."""
GROUP_WEIGHT = 2.0
"""How many independent pixels a group of labelled ones is worth."""
MAP_WEIGHT = 15.0
"""How many groups, all of one predicted class, are worth as much as the map's own probabilities of that class."""
_SEED = 20260102


@dataclass(frozen=True, eq=False)
class MapEstimate:
    """The estimated confusion matrix of a map: rows are true classes, columns predicted ones, entries shares of it.

    Attributes:
        confusion: (K, K) the expected matrix.
        draws: (R, K, K) matrices that are as likely, for intervals.
    """

    confusion: Floats
    draws: Floats

    def of_classes(self, known: Sequence[bool]) -> MapEstimate:
        """Return the estimate without classes that are not `known`: no probability of them means anything."""
        both = np.outer(known, known)
        return MapEstimate(self.confusion * both, self.draws * both)


def estimate_map(calibration: Calibration, label_weight: float = 1.0, draws: int = RESAMPLES) -> MapEstimate:
    """Return the estimate; the same calibration gives the same one.

    `label_weight` (0-1) is less where labels do not stand for the whole images: each group counts so much less then.

    A temperature is as likely as the held-out labels make it, starting from those that networks usually need. At each,
    the true classes where the map shows class c follow a Dirichlet distribution: `MAP_WEIGHT` observations as the
    probabilities have it, and one for each group of labelled pixels there. So the more labels there are, the more they
    count, and the narrower the interval becomes; with labels everywhere it is the matrix of the labels.
    """
    rng = np.random.Generator(np.random.Philox(_SEED))
    likely = _temperature_shares(calibration, label_weight)
    weights = np.array([_observations(matrix, label_weight * calibration.labelled) for matrix in calibration.confusion])
    shown = calibration.confusion[0].sum(axis=0)
    drawn = rng.gamma(weights[rng.choice(len(likely), draws, p=likely)])
    return MapEstimate(np.tensordot(likely, _columns(weights), 1) * shown, _columns(drawn) * shown)


def _temperature_shares(calibration: Calibration, label_weight: float) -> Floats:
    """Return (T,) how likely each temperature is; they sum to 1."""
    away = (np.log(TEMPERATURES) - np.log(EXPECTED_TEMPERATURE)) / TEMPERATURE_SPREAD
    log = -GROUP_WEIGHT * label_weight * calibration.surprise.sum(axis=1) - away**2 / 2
    likely: Floats = np.exp(log - log.max())
    shares: Floats = likely / likely.sum()
    return shares


def _observations(expected: Floats, labelled: Floats) -> Floats:
    """Return the (K, K) observations of true classes (rows) for each predicted one."""
    observations: Floats = MAP_WEIGHT * _columns(expected) + labelled + np.finfo(np.float32).tiny
    return observations


def _columns(matrices: Floats) -> Floats:
    """Return (..., K, K) matrices with columns that sum to 1, or are 0."""
    totals = matrices.sum(axis=-2, keepdims=True)
    columns: Floats = np.divide(matrices, totals, out=np.zeros_like(matrices), where=totals > 0)
    return columns
