"""What the model was trained on that a run goes on from, so that none of it validates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from landseg_core.data.areas import LabelledArea
from landseg_core.data.split.folders import FindTrained
from landseg_core.geo.window import PixelWindow
from landseg_core.models.header import read_header
from landseg_core.runs.config import TrainConfig
from landseg_core.runs.folder import RunFolder
from landseg_core.runs.parent_model import kept_before
from landseg_core.runs.provenance import trained_places


def earlier_ground(config: TrainConfig, run: Path, *, resume: bool) -> FindTrained | None:
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
