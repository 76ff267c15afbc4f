"""Whether one model is better than another: the difference of their mIoU on the same labels, with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pydantic

from landseg_core.metrics.intervals import FEWEST_BLOCKS, RESAMPLES, Interval, percentiles, resampled
from landseg_core.metrics.rates import joined, rates

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Comparison:
    """How much higher the mIoU of a model is than `other_miou`, that of another; None for too few blocks.

    The blocks are drawn for both models alike, so that what makes a block hard for both does not widen the interval.
    """

    other_miou: float
    difference: float
    interval: Interval | None

    @property
    def is_worse(self) -> bool:
        """Return whether the other model is better beyond the interval."""
        return self.interval is not None and self.interval[1] < 0

    @classmethod
    def of_record(cls, training: Mapping[str, Any]) -> Comparison | None:
        """Return the comparison with its parent that a model's training record holds, None where it holds none."""
        found = training.get("beside_parent")
        try:
            return None if found is None else _COMPARISON.validate_python(found)
        except pydantic.ValidationError:
            return None

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers, JSON-able."""
        return {**asdict(self), "interval": list(self.interval) if self.interval else None}


_COMPARISON = pydantic.TypeAdapter(Comparison)


def compare(own: Counts, other: Counts) -> Comparison:
    """Compare two models by their (B, K, K) confusion matrices of the same B blocks.

    Raises:
        ValueError: the blocks are not the same.
    """
    if own.shape != other.shape or (own.sum(axis=2) != other.sum(axis=2)).any():
        raise ValueError("the matrices are of different blocks or labels")
    mious = [float(rates(counts.sum(axis=0)).miou) for counts in (own, other)]
    interval = None
    if len(own) >= FEWEST_BLOCKS:
        drawn = joined([rates(sums) for sums in resampled(np.stack([own, other], axis=1), RESAMPLES)]).miou
        interval = percentiles(drawn[0::2] - drawn[1::2])  # of each draw the one model, then the other
    return Comparison(mious[1], mious[0] - mious[1], interval)
