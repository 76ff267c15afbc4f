"""How good a model is on labelled areas."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import torch

from landseg_core.data.areas import LabelledArea
from landseg_core.data.reader import AreaReader
from landseg_core.errors import DatasetError
from landseg_core.events import JobControl, Notice, OnEvent, ignore_event
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.fit import fitted_areas
from landseg_core.training.devices import choose_device, precision_for
from landseg_core.training.network import Network
from landseg_core.training.validation import Validator


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """The figures of a model: fractions 0-1; `confusion` has a row per true class, a column per predicted one."""

    accuracy: float
    miou: float
    iou: dict[str, float | None]
    confusion: list[list[int]]
    classes: tuple[str, ...]
    pixels: int

    def as_dict(self) -> dict[str, Any]:
        """Return the figures, JSON-able; the IoU of a class absent from both truth and prediction is None."""
        return dataclasses.asdict(self) | {"classes": list(self.classes)}


def evaluate(
    bundle: ModelBundle,
    areas: Sequence[LabelledArea],
    device: str | torch.device = "auto",
    on_event: OnEvent = ignore_event,
    control: JobControl | None = None,
    precision: str = "auto",
) -> Evaluation:
    """Compare the maps that `bundle` makes of `areas` with their masks; every labelled pixel counts once.

    Images of another ground resolution are resampled to the model's, and counted so: a `Notice` says it.

    Raises:
        ModelError: an image has not the bands that the model needs, or another kind of number.
        DatasetError: no pixel of the areas is labelled, or a mask cannot be used.
        RasterError: an image cannot be read.
        TrainingError: the device cannot be had.
        JobStopped: the user asked for it.
    """
    where = choose_device(device) if isinstance(device, str) else device
    areas, notices = fitted_areas(bundle, areas)
    for notice in notices:
        on_event(Notice(notice))
    network = Network(bundle.build(), bundle.normalisation, where, precision_for(where, precision))
    validator = Validator(network, len(bundle.schema), areas, AreaReader(bundle.schema, bundle.bands))
    matrix = validator.measure("evaluating", on_event, (control or JobControl()).checkpoint).matrix
    if not matrix.pixels:
        raise DatasetError("no pixel to evaluate on is labelled: the masks hold only 255 (ignore) or nodata")
    names = bundle.schema.names
    iou = dict(zip(names, matrix.iou(), strict=True))
    return Evaluation(matrix.accuracy, matrix.miou, iou, matrix.as_lists(), names, matrix.pixels)
