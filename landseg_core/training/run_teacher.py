"""Which teacher a run has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from landseg_core.data.chips import ChipSampler
from landseg_core.data.label_coverage import labelled_share
from landseg_core.data.reader import AreaReader
from landseg_core.data.training_data import TrainingData
from landseg_core.messages import N_
from landseg_core.models.catalog import CATALOG, Pretraining
from landseg_core.models.header import BundleHeader
from landseg_core.models.lite0 import Lite0Probe
from landseg_core.runs.config import TrainConfig
from landseg_core.training.batches import Batch
from landseg_core.training.state import RunState, start_from_model
from landseg_core.training.teacher import Teacher, corrected_teacher, probe_teacher

FEW_LABELS = 0.2
"""A teacher counts less and less up to this labelled share of the training areas, from which labels alone suffice."""
FIT_BATCHES, FIT_CHIPS = 10, 4
"""What a teacher is fitted to: so many batches, each of so many chips."""
_EPOCH = 0
"""The number of the epoch, before those of the run, that these chips belong to."""


def teacher_weight(config: TrainConfig, data: TrainingData, parent: BundleHeader | None) -> float:
    """Return how much the teacher's predictions count beside the labels; 0 where the run has no teacher.

    It has one if few of its pixels are labelled, and it fine-tunes a `parent` model or may use pretrained weights.
    """
    if parent is None and not (config.pretrained and _pretraining().installed()):
        return 0.0
    return config.teacher_weight * max(0.0, 1 - labelled_share(data.train) / FEW_LABELS)


def teacher_notice(config: TrainConfig, data: TrainingData, parent: BundleHeader | None) -> str:
    """Return the sentence about where a run with a teacher learns what."""
    share = labelled_share(data.train)
    if parent is not None:
        return N_(
            "{share:.1%} of the training areas is labelled: elsewhere the run keeps to what {model} predicts, "
            "corrected for the labels",
            share=share,
            model=config.start_from,
        )
    return N_(
        "{share:.1%} of the training areas is labelled: elsewhere the run is trained on the predictions of a linear "
        "classifier fitted to the labels",
        share=share,
    )


def run_teacher(state: RunState, sampler: ChipSampler, reader: AreaReader, parent: Path) -> Teacher:
    """Return the teacher of a run that has one, fitted to its labels; the same run always has the same.

    `parent` is the file of the model that the run fine-tunes, if it does.

    Raises:
        ModelError: that file is missing or damaged.
        RasterError: an image cannot be read.
        DatasetError: a mask holds a value that no class has.
    """
    config, data, network = state.config, state.data, state.learner.network
    batches = _batches(sampler, reader)
    if state.parent is not None:
        model = start_from_model(str(parent), config.model, data).model
        known = state.parent.schema.names
        new = [index for index, name in enumerate(data.schema.names) if name not in known]
        return corrected_teacher(network.with_model(model), new, batches, config.seed)
    probe = Lite0Probe(len(data.bands), len(data.schema))
    _pretraining().load(probe)
    return probe_teacher(network.with_model(probe), batches, config.seed)


def _pretraining() -> Pretraining:
    pretraining = CATALOG["lite0"].pretraining
    assert pretraining is not None
    return pretraining


def _batches(sampler: ChipSampler, reader: AreaReader) -> Iterator[Batch]:
    for number in range(FIT_BATCHES):
        yield sampler.batch(reader, _EPOCH, range(number * FIT_CHIPS, (number + 1) * FIT_CHIPS))
