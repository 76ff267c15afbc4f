"""Evaluates a model on labelled areas that it was not trained on."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from landseg_core.compute.devices import choose_device, precision_for
from landseg_core.compute.memory import retry_on_out_of_memory
from landseg_core.data.areas import LabelledArea
from landseg_core.data.areas_for_model import areas_for_model
from landseg_core.data.reader import AreaReader
from landseg_core.errors import DatasetError
from landseg_core.events import JobControl, Notice, OnEvent, ignore_event
from landseg_core.labels.masks.value_mapping import mapped_indices
from landseg_core.messages import N_
from landseg_core.metrics.blocks import BlockCounts
from landseg_core.metrics.evaluation import MapEvaluation, evaluate_blocks
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.tta import with_tta
from landseg_core.runs.provenance import classes_known_to, held_out_areas
from landseg_core.training.network import Network
from landseg_core.training.validation import Validator

_KEYS = (
    *("accuracy", "miou", "iou", "confusion", "classes", "pixels", "per_class"),
    *("blocks", "block_px", "accuracy_interval", "miou_interval"),
    *("warnings", "images", "left_out_px"),
)
"""What the JSON of an evaluation holds, in this order."""


NOTHING_TO_EVALUATE = N_(
    "no pixel to evaluate on is labelled: there the masks hold only 255 or nodata, or the images no data"
)
NOTHING_NEW_TO_EVALUATE = N_(
    "no pixel that the model was not trained on is labelled: there the masks hold only 255 or nodata, or the images "
    "no data"
)


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """The metrics of a model, with intervals and warnings.

    `left_out_px` of the areas, in px of the images themselves, do not count, since the model was trained on them.
    """

    metrics: MapEvaluation
    left_out_px: int = 0

    @property
    def pixels(self) -> int:
        """Return the labelled pixels that count."""
        return self.metrics.pixels

    @property
    def accuracy(self) -> float | None:
        """Return the share of pixels that are right, 0-1."""
        return self.metrics.accuracy

    @property
    def miou(self) -> float | None:
        """Return the mean IoU of the classes that are present in truth or prediction."""
        return self.metrics.miou

    @property
    def iou(self) -> dict[str, float | None]:
        """Return the IoU of each class by name; None for one absent from both truth and prediction."""
        return {item.name: item.iou for item in self.metrics.classes}

    def as_dict(self) -> dict[str, Any]:
        """Return the metrics, JSON-able: `classes` are names, `per_class` the metrics of each."""
        metrics = self.metrics.as_dict()
        own = {"iou": self.iou, "classes": list(self.iou), "per_class": metrics["classes"]}
        every = metrics | own | {"left_out_px": self.left_out_px}
        return {key: every[key] for key in _KEYS}


def evaluate(
    bundle: ModelBundle,
    areas: Sequence[LabelledArea],
    device: str | torch.device = "auto",
    on_event: OnEvent = ignore_event,
    control: JobControl | None = None,
    precision: str = "auto",
    *,
    tta: bool = False,
    mapping: Mapping[str, str] | None = None,
) -> Evaluation:
    """Compare the maps that `bundle` makes of `areas` with their masks; every labelled pixel counts once.

    Images of another ground resolution are resampled to the model's, and counted so. Pixels that the model was trained
    on do not count, whatever their image is called now. A `Notice` reports either. `tta` is that of
    `PredictOptions`, `mapping` that with which the areas were checked.

    Raises:
        ModelError: an image has not the bands that the model needs, or another kind of number.
        DatasetError: no pixel of the areas is labelled, all were trained on, or a mask cannot be used.
        RasterError: an image cannot be read.
        DeviceError: the device cannot be had, or has too little memory for the smallest windows.
        JobStopped: the user asked for it.
    """
    where = choose_device(device) if isinstance(device, str) else device
    header = bundle.header
    rest = held_out_areas(header, areas)  # while areas are in px of their files, as the record is
    areas, notices = areas_for_model(header, rest.areas)
    for notice in (*rest.notices, *notices):
        on_event(Notice(notice))
    model = with_tta(bundle.build(), tta)
    network = Network(model, header.normalisation, where, precision_for(where, precision))
    reader = AreaReader(header.schema, header.bands, mapping=mapped_indices(mapping or {}, header.schema))
    validator = Validator(network, len(header.schema), areas, reader, rest.left_out)
    blocks = _counted(validator, on_event, control or JobControl())
    if not blocks.counts.any():
        raise DatasetError(NOTHING_NEW_TO_EVALUATE if rest.left_out_px else NOTHING_TO_EVALUATE)
    return Evaluation(evaluate_blocks(blocks, header.schema, classes_known_to(header)), rest.left_out_px)


def _counted(validator: Validator, on_event: OnEvent, control: JobControl) -> BlockCounts:
    """Return what is counted, in windows that memory suffices for."""

    def halve() -> None:
        nonlocal validator
        validator = validator.halved(on_event)

    return retry_on_out_of_memory(lambda: validator.measure("evaluating", on_event, control.checkpoint), halve).blocks
