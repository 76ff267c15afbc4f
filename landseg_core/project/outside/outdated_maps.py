"""Maps of a project that were not made with their model as it is now."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from landseg_core.errors import RasterError
from landseg_core.messages import N_, Text
from landseg_core.project.outside.changes import Change, ChangeKind, Remedy
from landseg_core.project.run_table import PredictionEntry
from landseg_core.raster.model_reference import read_model_reference

_MODEL_FILE = "model.safetensors"  # in the folder of a run, which may stand for its model


def outdated_maps(predictions: Iterable[PredictionEntry]) -> Iterator[Change]:
    """Yield the maps that were made with another model than the one that is now at their model's path.

    A map records the hash of its model; if it does not, its file must be newer than the model's. What is missing or
    cannot be read is not reported.
    """
    hash_of = cache(_hash_of)
    for entry in predictions:
        model = _model_file(entry.model)
        if model is None or entry.missing:
            continue
        try:
            what = _difference(entry.mask, model, hash_of(model))
        except (OSError, RasterError):
            continue
        if what:
            yield Change(
                ChangeKind.OLD_MAP,
                entry.image_id,
                what,
                N_("predict again"),
                (Remedy.PREDICT, Remedy.REMOVE),
                prediction_id=entry.id,
            )


def _model_file(path: Path | None) -> Path | None:
    if path is None:
        return None
    try:
        file = path / _MODEL_FILE if path.is_dir() else path
        return file if file.is_file() else None
    except (OSError, ValueError):
        return None


def _hash_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _difference(mask: Path, model: Path, digest: str) -> Text | None:
    """Return why a map is outdated, or None.

    Raises:
        RasterError: the map cannot be read.
        OSError: a file has gone.
    """
    recorded = read_model_reference(mask)
    if recorded is not None and recorded.hash != digest:
        return N_("the map {map} was made with another model than {model} is now", map=mask, model=model)
    if recorded is None and mask.stat().st_mtime_ns < model.stat().st_mtime_ns:
        return N_("the map {map} is older than its model {model}", map=mask, model=model)
    return None
