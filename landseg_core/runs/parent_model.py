"""The model that a run fine-tunes: its header, so that nothing it was trained on validates; its file may go."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from landseg_core.data.areas import LabelledArea
from landseg_core.data.split.folders import FindTrained
from landseg_core.data.training_data import TrainingData
from landseg_core.errors import DatasetError, ModelError, TrainingError
from landseg_core.geo.window import PixelWindow
from landseg_core.input_files import parsed_json, read_file
from landseg_core.messages import N_
from landseg_core.metrics.comparison import Comparison, compare
from landseg_core.models.header import BundleHeader, read_header
from landseg_core.output_files import copy_atomically, write_atomically
from landseg_core.runs.config import TrainConfig
from landseg_core.runs.folder import RunFolder
from landseg_core.runs.provenance import HeldOutAreas, held_out_areas, trained_windows

ALL_TRAINED = N_(
    "the parent model was trained on all labels that validate here, so the accuracy could not be measured; validate on "
    "other images, or start a new model"
)
NOT_RECORDED = N_(
    "the parent model does not record what it was trained on: the metrics are reliable only if that is not what "
    "validates here"
)


def save_parent(folder: RunFolder, header: BundleHeader, model: Path) -> None:
    """Copy the parent model, whose file is `model`, and its header into the folder of a run.

    The run is resumed with this copy, wherever the model is by then.

    Raises:
        OutputError: they cannot be written.
    """
    copy_atomically(model, folder.parent_model)
    write_atomically(folder.parent_record, (json.dumps(header.to_record()) + "\n").encode())


def load_parent(folder: RunFolder) -> BundleHeader | None:
    """Return what `save_parent` wrote, None where the run fine-tunes no model.

    Raises:
        ModelError: the file is damaged.
    """
    if not folder.parent_record.exists():
        return None
    try:
        record = parsed_json(read_file(folder.parent_record))
        return BundleHeader.from_record(dict(record), folder.parent_record)
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(N_("{path} cannot be read; start a new run", path=folder.parent_record)) from error


def save_parent_counts(folder: RunFolder, counts: npt.NDArray[np.int64]) -> None:
    """Write the (B, K, K) confusion matrices of the parent model, by block, into the folder of a run.

    Raises:
        OutputError: they cannot be written.
    """
    write_atomically(folder.parent_counts, (json.dumps(counts.tolist()) + "\n").encode())


def load_parent_counts(folder: RunFolder) -> npt.NDArray[np.int64] | None:
    """Return what `save_parent_counts` wrote; None where the parent model was not validated, or the file is damaged."""
    try:
        counts = np.array(parsed_json(read_file(folder.parent_counts)), np.int64)
    except (OSError, ValueError, TypeError, OverflowError):
        return None
    return counts if counts.ndim == 3 else None


def compared_with_parent(counts: npt.NDArray[np.int64], parent: npt.NDArray[np.int64] | None) -> Comparison | None:
    """Return how a model does beside its parent on the same blocks; None where that was not validated on them."""
    if parent is None:
        return None
    try:
        return compare(counts, parent)
    except ValueError:
        return None


def held_out_validation(data: TrainingData, parent: BundleHeader | None) -> HeldOutAreas:
    """Return the validation areas without what the parent model, if any, was trained on, and notices about them.

    Raises:
        TrainingError: nothing is left.
        RasterError: an image cannot be read.
    """
    if parent is None:
        return HeldOutAreas(data.val, {}, 0, ())
    if "trained_on" not in parent.training:
        return HeldOutAreas(data.val, {}, 0, (NOT_RECORDED,))
    try:
        return held_out_areas(parent, data.val)
    except DatasetError as error:
        raise TrainingError(ALL_TRAINED) from error


def parent_areas_finder(config: TrainConfig, run: Path, *, resume: bool) -> FindTrained | None:
    """Return what finds the parent's training areas in images, None where the run in `run` fine-tunes no model.

    A resumed run has a record of its own, since the model may be gone.

    Raises:
        ModelError: the model, or that record, cannot be read.
    """
    if config.start_model is None:
        return None
    header = load_parent(RunFolder(run)) if resume else read_header(config.start_model)
    if header is None:
        return None
    known = header

    def find(areas: Sequence[LabelledArea]) -> Mapping[Path, Sequence[PixelWindow]]:
        return trained_windows(known, areas)

    return find
