"""How good a model is on labelled areas that it has not learnt from."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import torch

from landseg_core.data.areas import LabelledArea
from landseg_core.data.reader import AreaReader
from landseg_core.errors import DatasetError, ModelError
from landseg_core.events import JobControl, Notice, OnEvent, ignore_event
from landseg_core.metrics.figures import MapFigures, map_figures
from landseg_core.models.bundle import ModelBundle
from landseg_core.raster.source import RasterSource
from landseg_core.training.devices import choose_device, precision_for
from landseg_core.training.network import Network
from landseg_core.training.trained_on import classes_known_to, untrained
from landseg_core.training.validation import Validator


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """The figures of a model: fractions 0-1; `confusion` has a row per true class, a column per predicted one.

    `left_out_px` of the areas do not count, since the model was trained on them. `figures` are all there are, with
    intervals and warnings.
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

    Pixels that the model was trained on do not count, whatever their image is called now; a `Notice` tells how many.

    Raises:
        ModelError: an image has not the bands that the model needs.
        DatasetError: no pixel of the areas is labelled, all were trained on, or a mask cannot be used.
        RasterError: an image cannot be read.
        TrainingError: the device cannot be had.
        JobStopped: the user asked for it.
    """
    where = choose_device(device) if isinstance(device, str) else device
    _require_bands(bundle, areas)
    rest = untrained(bundle, areas)
    for notice in rest.notices:
        on_event(Notice(notice))
    network = Network(bundle.build(), bundle.normalisation, where, precision_for(where, precision))
    reader = AreaReader(bundle.schema, bundle.bands)
    validator = Validator(network, len(bundle.schema), rest.areas, reader, rest.left_out)
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


def _require_bands(bundle: ModelBundle, areas: Sequence[LabelledArea]) -> None:
    for image in dict.fromkeys(area.image for area in areas):
        with RasterSource(image) as source:
            missing = sorted(set(bundle.bands) - set(source.data_bands))
        if missing:
            raise ModelError(
                f"{image} has no band {missing[0]}: the model needs the bands {', '.join(map(str, bundle.bands))}; "
                "choose another image or model"
            )
