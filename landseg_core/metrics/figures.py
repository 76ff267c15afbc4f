"""All figures of a map against its truth, with their intervals and warnings."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from landseg_core.labels.classes import ClassSchema
from landseg_core.metrics.blocks import BlockCounts
from landseg_core.metrics.intervals import Interval, Intervals, bootstrap
from landseg_core.metrics.rates import Rates, rates
from landseg_core.metrics.warnings import figure_warnings

MOST_IMAGES = 200
LARGEST_MATRIX = 40
"""A model's record leaves out the figures of more images than this, and the confusion matrix of more classes."""


@dataclasses.dataclass(frozen=True)
class ClassFigures:
    """The figures of a class, fractions 0-1; None where it is absent, or too few blocks tell of it."""

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
class ImageFigures:
    """The figures of one image."""

    stem: str
    pixels: int
    accuracy: float
    miou: float


@dataclasses.dataclass(frozen=True)
class MapFigures:
    """The figures of a map: fractions 0-1 with 95 % intervals from `blocks` blocks of `block_px` px; see `bootstrap`.

    `confusion` has a row for each true class and a column for each predicted one. Accuracy and mIoU are None where no
    pixel is labelled.
    """

    pixels: int
    blocks: int
    block_px: int
    accuracy: float | None
    accuracy_interval: Interval | None
    miou: float | None
    miou_interval: Interval | None
    classes: tuple[ClassFigures, ...]
    confusion: list[list[int]]
    warnings: tuple[str, ...]
    images: tuple[ImageFigures, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the figures, JSON-able."""
        told: dict[str, Any] = _plain(dataclasses.asdict(self))
        return told

    def as_record(self) -> dict[str, Any]:
        """Return the figures for the record in a model file: without what would make it large."""
        told = self.as_dict()
        if len(self.images) > MOST_IMAGES:
            del told["images"]
        if len(self.classes) > LARGEST_MATRIX:
            del told["confusion"]
        return told


def map_figures(blocks: BlockCounts, schema: ClassSchema, trained: Sequence[bool] | None = None) -> MapFigures:
    """Return the figures of counted blocks; `trained` tells which classes the model learnt (None for all)."""
    matrix = blocks.matrix
    whole, intervals = rates(matrix.counts), bootstrap(blocks.counts)
    learnt = [True] * len(schema) if trained is None else trained
    return MapFigures(
        pixels=matrix.pixels,
        blocks=len(blocks.counts),
        block_px=blocks.side,
        accuracy=_known(whole.accuracy),
        accuracy_interval=intervals.accuracy,
        miou=_known(whole.miou),
        miou_interval=intervals.miou,
        classes=_class_figures(schema, whole, intervals, matrix.counts),
        confusion=matrix.as_lists(),
        warnings=figure_warnings(blocks, schema.names, learnt),
        images=tuple(_image_figures(stem, counts) for stem, counts in blocks.by_image()),
    )


def _class_figures(
    schema: ClassSchema, whole: Rates, intervals: Intervals, counts: npt.NDArray[np.int64]
) -> tuple[ClassFigures, ...]:
    truth, predicted = counts.sum(axis=1).tolist(), counts.sum(axis=0).tolist()
    return tuple(
        ClassFigures(
            name=item.name,
            colour=item.colour,
            iou=_known(whole.iou[k]),
            iou_interval=intervals.classes["iou"][k],
            f1=_known(whole.f1[k]),
            f1_interval=intervals.classes["f1"][k],
            producers_accuracy=_known(whole.producers[k]),
            producers_accuracy_interval=intervals.classes["producers"][k],
            users_accuracy=_known(whole.users[k]),
            users_accuracy_interval=intervals.classes["users"][k],
            truth_px=truth[k],
            predicted_px=predicted[k],
        )
        for k, item in enumerate(schema.classes)
    )


def _image_figures(stem: str, counts: npt.NDArray[np.int64]) -> ImageFigures:
    own = rates(counts)
    return ImageFigures(stem, int(counts.sum()), float(own.accuracy), float(own.miou))


def _known(value: Any) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None


def _plain(value: Any) -> Any:
    """Return `value` with its tuples as lists, as JSON gives them back."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
