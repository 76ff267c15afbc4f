"""How good a model is on labelled areas that it has not learnt from."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import torch

from landseg_core.data.areas import LabelledArea
from landseg_core.data.reader import AreaReader
from landseg_core.errors import DatasetError
from landseg_core.events import JobControl, Notice, OnEvent, ignore_event
from landseg_core.metrics.figures import MapFigures, map_figures
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.fit import fitted_areas
from landseg_core.training.devices import choose_device, precision_for
from landseg_core.training.network import Network
from landseg_core.training.trained_on import classes_known_to, untrained
from landseg_core.training.validation import Validator


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """The figures of a model: fractions 0-1; `confusion` has a row per true class, a column per predicted one.

    `left_out_px` of the areas, in px of the images themselves, do not count, since the model was trained on them.
    `figures` are all there are, with intervals and warnings.
    """

    accuracy: float
    miou: float
    iou: dict[str, float | None]
    confusion: list[list[int]]
    classes: tuple[str, ...]
    pixels: int
    figures: MapFigures
    left_out_px: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return the figures, JSON-able; the IoU of a class absent from both truth and prediction is None."""
        told = self.figures.as_dict()
        more = ("blocks", "block_px", "accuracy_interval", "miou_interval", "warnings", "images")
        return {
            "accuracy": self.accuracy,
            "miou": self.miou,
            "iou": self.iou,
            "confusion": self.confusion,
            "classes": list(self.classes),
            "pixels": self.pixels,
            "per_class": told["classes"],
            **{key: told[key] for key in more},
            "left_out_px": self.left_out_px,
        }


def evaluate(
    bundle: ModelBundle,
    areas: Sequence[LabelledArea],
    device: str | torch.device = "auto",
    on_event: OnEvent = ignore_event,
    control: JobControl | None = None,
    precision: str = "auto",
) -> Evaluation:
    """Compare the maps that `bundle` makes of `areas` with their masks; every labelled pixel counts once.

    Images of another ground resolution are resampled to the model's, and counted so. Pixels that the model was trained
    on do not count, whatever their image is called now. A `Notice` says either.

    Raises:
        ModelError: an image has not the bands that the model needs, or another kind of number.
        DatasetError: no pixel of the areas is labelled, all were trained on, or a mask cannot be used.
        RasterError: an image cannot be read.
        TrainingError: the device cannot be had.
        JobStopped: the user asked for it.
    """
    where = choose_device(device) if isinstance(device, str) else device
    rest = untrained(bundle, areas)  # while areas are in px of their files, as the record is
    areas, notices = fitted_areas(bundle, rest.areas)
    for notice in (*rest.notices, *notices):
        on_event(Notice(notice))
    network = Network(bundle.build(), bundle.normalisation, where, precision_for(where, precision))
    reader = AreaReader(bundle.schema, bundle.bands)
    validator = Validator(network, len(bundle.schema), areas, reader, rest.left_out)
    blocks = validator.measure("evaluating", on_event, (control or JobControl()).checkpoint).blocks
    matrix = blocks.matrix
    if not matrix.pixels:
        what = "that the model was not trained on" if rest.left_out_px else "to evaluate on"
        raise DatasetError(f"no pixel {what} is labelled: the masks hold only 255 (ignore) or nodata there")
    figures = map_figures(blocks, bundle.schema, classes_known_to(bundle))
    names = bundle.schema.names
    iou = dict(zip(names, matrix.iou(), strict=True))
    return Evaluation(
        matrix.accuracy, matrix.miou, iou, matrix.as_lists(), names, matrix.pixels, figures, rest.left_out_px
    )
