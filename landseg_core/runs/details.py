"""A run that is over, or under way elsewhere, as a window shows it: read from its folder, without torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from landseg_core.errors import ModelError
from landseg_core.labels.classes import UNLABELLED, ClassSchema, LandClass
from landseg_core.models.header import read_header
from landseg_core.runs.catalogue import RunSummary, summarise
from landseg_core.runs.curves import EpochCurves, epoch_curves
from landseg_core.runs.folder import RunFolder
from landseg_core.runs.history import RunHistory, read_history
from landseg_core.runs.sample_file import SavedSamples, read_samples


@dataclass(frozen=True)
class RunDetails:
    """Summary and course of a run; `schema` are its classes, None where no file holds them."""

    summary: RunSummary
    history: RunHistory
    curves: EpochCurves
    schema: ClassSchema | None
    samples: SavedSamples | None


def read_details(folder: Path) -> RunDetails:
    """Return the details of the run in `folder`.

    Raises:
        TrainingError: a file of the run cannot be read or is damaged.
    """
    run = RunFolder(folder)
    history, summary = read_history(run.metrics), summarise(folder)
    samples = read_samples(run.samples) if summary.evaluation else None
    return RunDetails(summary, history, epoch_curves(history), _schema(run, summary), samples)


def _schema(run: RunFolder, summary: RunSummary) -> ClassSchema | None:
    """Return the classes of the model, or of the evaluation where no model can be read: their values are unknown."""
    try:
        return read_header(run.model).schema
    except ModelError:
        classes = enumerate(summary.classes[:UNLABELLED])
        known = tuple(LandClass(value=value, name=item.name, colour=item.colour) for value, item in classes)
        return ClassSchema(classes=known) if known else None
