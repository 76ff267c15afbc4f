"""The model that a run fine-tunes: what it tells of its training, so that none of that validates; its file may go."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from landseg_core.data.areas import LabelledArea
from landseg_core.data.split.folders import FindTrained
from landseg_core.data.training_data import TrainingData
from landseg_core.errors import DatasetError, ModelError, TrainingError
from landseg_core.geo.window import PixelWindow
from landseg_core.input_files import parsed_json, read_file
from landseg_core.models.header import BundleHeader, read_header
from landseg_core.output_files import write_atomically
from landseg_core.runs.config import TrainConfig
from landseg_core.runs.folder import RunFolder
from landseg_core.runs.provenance import Untrained, trained_places, untrained

ALL_TRAINED = (
    "the model that the run starts from was trained on all labels that validate here, so figures could not be honest; "
    "validate on other images, or start afresh"
)
NOT_TOLD = (
    "the model that the run starts from does not tell what it was trained on: the figures are honest only if that is "
    "not what validates here"
)


def keep_before(folder: RunFolder, header: BundleHeader) -> None:
    """Write what the start model tells into the folder of a run.

    Raises:
        OutputError: it cannot be written.
    """
    write_atomically(folder.before, (json.dumps(header.to_record()) + "\n").encode())


def kept_before(folder: RunFolder) -> BundleHeader | None:
    """Return what `keep_before` wrote, None where the run did not start from a model.

    Raises:
        ModelError: the file is damaged.
    """
    if not folder.before.exists():
        return None
    try:
        record = parsed_json(read_file(folder.before))
        return BundleHeader.from_record(dict(record), folder.before)
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(f"{folder.before} cannot be read; start a new run") from error


def judging_areas(data: TrainingData, before: BundleHeader | None) -> Untrained:
    """Return what of the validation areas the start model, if any, has not learnt from, and what to say of it.

    Raises:
        TrainingError: nothing is left.
        RasterError: an image cannot be read.
    """
    if before is None:
        return Untrained(data.val, {}, 0, ())
    if "trained_on" not in before.training:
        return Untrained(data.val, {}, 0, (NOT_TOLD,))
    try:
        return untrained(before, data.val)
    except DatasetError as error:
        raise TrainingError(ALL_TRAINED) from error


def parent_areas_finder(config: TrainConfig, run: Path, *, resume: bool) -> FindTrained | None:
    """Return what finds that ground in images, None where the run in the folder `run` starts from no model.

    A run that is resumed has a record of its own, since the model may be gone.

    Raises:
        ModelError: the model, or that record, cannot be read.
    """
    if config.start_from is None:
        return None
    header = kept_before(RunFolder(run)) if resume else read_header(config.start_from)
    if header is None:
        return None
    known = header

    def find(areas: Sequence[LabelledArea]) -> Mapping[Path, Sequence[PixelWindow]]:
        return trained_places(known, areas)

    return find
