"""The uncertainty of metrics: 95 % intervals by a bootstrap over blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from landseg_core.metrics.rates import CLASS_RATES, Floats, class_divisors, joined, rates

RESAMPLES = 1000
LEVEL = 0.95
FEWEST_BLOCKS = 5
"""From fewer blocks there is no interval: resampling two or three shows next to nothing, or a false certainty."""
_SEED = 20260101
_BATCH_CELLS = 1 << 22

Interval = tuple[float, float]


@dataclass(frozen=True)
class Intervals:
    """The 95 % intervals of `Rates`; None where a metric comes from too few blocks.

    `classes` maps each name of `CLASS_RATES` to the intervals of the K classes.
    """

    accuracy: Interval | None
    miou: Interval | None
    classes: dict[str, list[Interval | None]]


def bootstrap(counts: npt.NDArray[np.int64], resamples: int = RESAMPLES) -> Intervals:
    """Return the intervals of the metrics of (B, K, K) confusion matrices of B blocks.

    Blocks are drawn with replacement, as many as there are, and the metrics computed from the drawn ones; the interval
    is from the 2.5th to the 97.5th percentile of `resamples` such draws (Efron, "Bootstrap Methods: Another Look at the
    Jackknife", 1979; Efron, Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13). The seed is fixed: the
    same counts give the same intervals.

    It assumes that the errors of blocks are independent, and that the blocks are a fair sample of the terrain that the
    model is meant for. Pixels within a block may depend on each other in any way; errors that span many blocks, such
    as haze over a whole image, make the true interval wider, and so does other terrain. With few blocks (fewer than
    about thirty) percentile intervals are too narrow.
    """
    blocks = len(counts)
    if blocks < FEWEST_BLOCKS:
        return Intervals(None, None, {name: [None] * counts.shape[-1] for name in CLASS_RATES})
    drawn = joined([rates(sums) for sums in resampled(counts, resamples)])
    divisors = class_divisors(counts)
    return Intervals(
        percentiles(drawn.accuracy),
        percentiles(drawn.miou),
        {name: _class_intervals(getattr(drawn, name), divisors[name]) for name in CLASS_RATES},
    )


def intervals_of_draws(draws: npt.NDArray[np.float64]) -> Intervals:
    """Return the intervals of the metrics of (R, K, K) matrices, each of which is as likely as the others."""
    drawn = rates(draws)
    return Intervals(
        percentiles(drawn.accuracy),
        percentiles(drawn.miou),
        {name: [percentiles(values) for values in getattr(drawn, name).T] for name in CLASS_RATES},
    )


def resampled(counts: npt.NDArray[np.int64], resamples: int) -> Iterator[Floats]:
    """Yield (n, K, K) sums of drawn blocks, `resamples` in total; exact, since sums stay far below 2^53.

    (B, M, K, K) counts, of M models, give the sums of each draw one after another.
    """
    rng = np.random.Generator(np.random.Philox(_SEED))
    blocks, classes = len(counts), counts.shape[-1]
    flat = counts.reshape(blocks, -1).astype(np.float64)
    batch = max(1, _BATCH_CELLS // max(blocks, classes**2))
    for start in range(0, resamples, batch):
        times = rng.multinomial(blocks, np.full(blocks, 1 / blocks), min(batch, resamples - start))
        yield (times.astype(np.float64) @ flat).reshape(-1, classes, classes)


def _class_intervals(drawn: Floats, divisors: npt.NDArray[np.int64]) -> list[Interval | None]:
    """Return the intervals of (N, K) drawn metrics, where enough of the (B, K) divisors of the blocks are not 0."""
    enough = (divisors > 0).sum(axis=0) >= FEWEST_BLOCKS
    return [percentiles(values) if known else None for values, known in zip(drawn.T, enough, strict=True)]


def percentiles(drawn: Floats) -> Interval | None:
    """Return the 95 % interval of drawn numbers; those that are not finite do not count."""
    known = drawn[np.isfinite(drawn)]
    if not len(known):
        return None
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
