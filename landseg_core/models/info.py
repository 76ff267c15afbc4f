"""The properties of a model file as plain data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from landseg_core.models.header import BundleHeader


def describe_model(path: Path, model: BundleHeader) -> dict[str, Any]:
    """Return what `landseg info MODEL --json` prints, ready for JSON.

    `bands` are those that a raster needs, by number, with `band_names` if known; `alpha` is the alpha choice of the
    training images; `classes` are values and names; `ground_resolution_m` is null if unknown, and so are metrics that
    were not measured; `training` is the file's whole record of the training.
    """
    return {
        "path": str(path),
        "architecture": model.architecture,
        "classes": {str(item.value): item.name for item in model.schema.classes},
        "bands": list(model.bands),
        "band_names": list(model.band_names),
        "alpha": model.alpha,
        "dtype": model.dtype,
        "ground_resolution_m": model.ground_resolution_m,
        "miou": model.training.get("miou"),
        "accuracy": model.training.get("accuracy"),
        "iou": model.training.get("iou"),
        "training": model.training,
    }
