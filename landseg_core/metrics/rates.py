"""Metrics of confusion matrices: of many at once, so that thousands of resamples are cheap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Rates:
    """Fractions 0-1 of (..., K, K) matrices; NaN where there is nothing to divide by.

    Attributes:
        accuracy: (...,) fraction of the pixels that are correct.
        miou: (...,) mean IoU of the classes that occur in either map.
        iou: (..., K) intersection over union (Jaccard index).
        f1: (..., K) harmonic mean of producer's and user's accuracy (Dice coefficient).
        producers: (..., K) producer's accuracy (recall): the fraction of a class's true pixels that were found.
        users: (..., K) user's accuracy (precision): the fraction of a class's predicted pixels that are correct.
    """

    accuracy: Floats
    miou: Floats
    iou: Floats
    f1: Floats
    producers: Floats
    users: Floats


CLASS_RATES = ("iou", "f1", "producers", "users")
"""The rates that every class has."""


def rates(counts: npt.NDArray[Any]) -> Rates:
    """Return the rates of (..., K, K) matrices, rows truth, columns prediction.

    Congalton, "A review of assessing the accuracy of classifications of remotely sensed data", 1991.
    """
    hits = np.diagonal(counts, axis1=-2, axis2=-1)
    divisors = class_divisors(counts)
    total = counts.sum(axis=(-2, -1))
    iou = _ratio(hits, divisors["iou"])
    return Rates(
        accuracy=_ratio(hits.sum(axis=-1), total),
        miou=_ratio(np.nansum(iou, axis=-1), np.isfinite(iou).sum(axis=-1)),
        iou=iou,
        f1=_ratio(2 * hits, divisors["f1"]),
        producers=_ratio(hits, divisors["producers"]),
        users=_ratio(hits, divisors["users"]),
    )


def joined(parts: Sequence[Rates]) -> Rates:
    """Return the rates of several stacks of matrices as those of one stack."""
    return Rates(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Rates)))


def class_divisors(counts: npt.NDArray[Any]) -> dict[str, npt.NDArray[Any]]:
    """Return by the name of each class rate the (..., K) pixels that it divides by."""
    hits = np.diagonal(counts, axis1=-2, axis2=-1)
    truth, predicted = counts.sum(axis=-1), counts.sum(axis=-2)
    both = truth + predicted
    return {"iou": both - hits, "f1": both, "producers": truth, "users": predicted}


def _ratio(part: npt.NDArray[Any], whole: npt.NDArray[Any]) -> Floats:
    shape = np.broadcast_shapes(np.shape(part), np.shape(whole))
    result: Floats = np.divide(part, whole, out=np.full(shape, np.nan), where=np.asarray(whole) > 0)
    return result
