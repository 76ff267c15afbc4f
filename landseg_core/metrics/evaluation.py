"""All metrics of a map against reference labels, with their intervals and warnings."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from landseg_core.labels.classes import ClassSchema
from landseg_core.metrics.blocks import BlockCounts
from landseg_core.metrics.intervals import Interval, Intervals, bootstrap, intervals_of_draws
from landseg_core.metrics.map_estimate import MapEstimate
from landseg_core.metrics.rates import Rates, rates
from landseg_core.metrics.warnings import evaluation_warnings

MOST_IMAGES = 200
LARGEST_MATRIX = 40
"""A model's record leaves out the metrics of more images than this, and the confusion matrix of more classes."""


@dataclasses.dataclass(frozen=True)
class ClassEvaluation:
    """The metrics of a class, fractions 0-1; None where it is absent, or in too few blocks."""

    name: str
    colour: str
    iou: float | None
    iou_interval: Interval | None
    f1: float | None
    f1_interval: Interval | None
    producers_accuracy: float | None
    producers_accuracy_interval: Interval | None
    users_accuracy: float | None
    users_accuracy_interval: Interval | None
    truth_px: int
    predicted_px: int


@dataclasses.dataclass(frozen=True)
class ImageEvaluation:
    """The metrics of one image."""

    stem: str
    pixels: int
    accuracy: float
    miou: float


@dataclasses.dataclass(frozen=True)
class MapEvaluation:
    """The metrics of a map: fractions 0-1 with 95 % intervals from `blocks` blocks of `block_px` px; see `bootstrap`.

    `confusion` has a row for each true class and a column for each predicted one. Accuracy and mIoU are None where no
    pixel is labelled. Where `estimated`, labels are few, and the metrics are those that `estimate_map` expects of the
    whole images; `labels_accuracy` and `labels_miou` are then of the labelled pixels alone, as `confusion`, `pixels`
    and `images` are.
    """

    pixels: int
    blocks: int
    block_px: int
    accuracy: float | None
    accuracy_interval: Interval | None
    miou: float | None
    miou_interval: Interval | None
    classes: tuple[ClassEvaluation, ...]
    confusion: list[list[int]]
    warnings: tuple[str, ...]
    images: tuple[ImageEvaluation, ...]
    estimated: bool = False
    labels_accuracy: float | None = None
    labels_miou: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the metrics, JSON-able."""
        metrics: dict[str, Any] = _plain(dataclasses.asdict(self))
        return metrics

    def as_record(self) -> dict[str, Any]:
        """Return the metrics for the record in a model file: without what would make it large."""
        metrics = self.as_dict()
        if len(self.images) > MOST_IMAGES:
            del metrics["images"]
        if len(self.classes) > LARGEST_MATRIX:
            del metrics["confusion"]
        return metrics


def evaluate_blocks(
    blocks: BlockCounts,
    schema: ClassSchema,
    trained: Sequence[bool] | None = None,
    estimate: MapEstimate | None = None,
    warnings: Sequence[str] = (),
) -> MapEvaluation:
    """Return the metrics of counted blocks, or those of an `estimate` where labels are few.

    `trained`: which classes the model was trained on (None for all); `warnings` are shown before those found here.
    """
    matrix = blocks.matrix
    known = [True] * len(schema) if trained is None else trained
    if estimate is None:
        whole, intervals = rates(matrix.counts), bootstrap(blocks.counts)
    else:
        whole, intervals = rates(estimate.confusion), intervals_of_draws(estimate.draws)
    return MapEvaluation(
        pixels=matrix.pixels,
        blocks=len(blocks.counts),
        block_px=blocks.side,
        accuracy=_finite(whole.accuracy),
        accuracy_interval=intervals.accuracy,
        miou=_finite(whole.miou),
        miou_interval=intervals.miou,
        classes=_class_evaluations(schema, whole, intervals, matrix.counts),
        confusion=matrix.as_lists(),
        warnings=(*warnings, *evaluation_warnings(blocks, schema.names, known)),
        images=tuple(_image_evaluation(stem, counts) for stem, counts in blocks.by_image()),
        estimated=estimate is not None,
        labels_accuracy=None if estimate is None else _finite(matrix.accuracy),
        labels_miou=None if estimate is None else _finite(matrix.miou),
    )


def _class_evaluations(
    schema: ClassSchema, whole: Rates, intervals: Intervals, counts: npt.NDArray[np.int64]
) -> tuple[ClassEvaluation, ...]:
    truth, predicted = counts.sum(axis=1).tolist(), counts.sum(axis=0).tolist()
    return tuple(
        ClassEvaluation(
            name=item.name,
            colour=item.colour,
            iou=_finite(whole.iou[k]),
            iou_interval=intervals.classes["iou"][k],
            f1=_finite(whole.f1[k]),
            f1_interval=intervals.classes["f1"][k],
            producers_accuracy=_finite(whole.producers[k]),
            producers_accuracy_interval=intervals.classes["producers"][k],
            users_accuracy=_finite(whole.users[k]),
            users_accuracy_interval=intervals.classes["users"][k],
            truth_px=truth[k],
            predicted_px=predicted[k],
        )
        for k, item in enumerate(schema.classes)
    )


def _image_evaluation(stem: str, counts: npt.NDArray[np.int64]) -> ImageEvaluation:
    own = rates(counts)
    return ImageEvaluation(stem, int(counts.sum()), float(own.accuracy), float(own.miou))


def _finite(value: Any) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None


def _plain(value: Any) -> Any:
    """Return `value` with its tuples as lists, as they are read from JSON."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
