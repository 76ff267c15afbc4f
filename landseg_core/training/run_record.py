"""What a run saves beside its checkpoint: its best model with evaluation and samples; and the report of each epoch."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from landseg_core.events import EpochFinished
from landseg_core.labels.classes import ClassSchema
from landseg_core.metrics.evaluation import MapEvaluation, evaluate_blocks
from landseg_core.metrics.warnings import evaluation_warnings, share_warnings
from landseg_core.runs.folder import RunFolder
from landseg_core.runs.parent_model import compared_with_parent, load_parent_counts, save_parent_counts
from landseg_core.runs.provenance import provenance, trained_classes
from landseg_core.runs.sample_file import save_samples
from landseg_core.runs.samples import SampleChooser, ValidationSamples
from landseg_core.training.loop import EpochValidated, ParentValidated, Preparing, StoppedUnvalidated
from landseg_core.training.run_validation import ValidationStarted
from landseg_core.training.state import RunState
from landseg_core.training.validation import ValidatedWindow, ValidationMetrics


@dataclass(frozen=True)
class _Reported:
    """What is reported of an epoch: see `EpochFinished`."""

    accuracy: float
    iou: dict[str, float | None]
    warnings: tuple[str, ...]
    miou_interval: tuple[float, float] | None = None


class ModelRecord:
    """Listens to the loop: saves the best model with its evaluation, and reports each epoch.

    `checkpoint` is called before every image that is read for the provenance record.
    """

    def __init__(
        self, state: RunState, folder: RunFolder, checkpoint: Callable[[], None], emit: Callable[[object], None]
    ) -> None:
        self._state, self._folder, self._checkpoint, self._emit = state, folder, checkpoint, emit
        self._trained = trained_classes(state.data)
        self._parent_counts = load_parent_counts(folder)
        self._provenance: dict[str, Any] = {}

    def find_provenance(self, _event: Preparing) -> None:
        """Collect what the model file records of the training areas."""
        self._provenance = provenance(self._state.data, self._checkpoint, self._state.parent)

    def save_parent(self, event: ParentValidated) -> None:
        """Save how the parent model does, to compare each better model with.

        Raises:
            OutputError: the file cannot be written.
        """
        self._parent_counts = event.metrics.blocks.counts
        save_parent_counts(self._folder, self._parent_counts)

    def save_best(self, event: EpochValidated) -> None:
        """Save the network as the model if it is the best so far.

        Raises:
            OutputError: a file cannot be written; the previous one is untouched.
        """
        if event.best:
            evaluation = self._evaluation(event.metrics)
            self._state.bundle(self._training(event.metrics, evaluation)).save(self._folder.model)
            self._folder.write_evaluation({"epoch": self._state.position.epoch} | evaluation.as_dict())

    def save_unvalidated(self, _event: StoppedUnvalidated) -> None:
        """Save the network as the model, without metrics."""
        if not self._provenance:  # a resumed run may not have got so far
            self._provenance = provenance(self._state.data, lambda: None, self._state.parent)
        self._state.bundle({"miou": None} | self._provenance).save(self._folder.model)

    def report_epoch(self, event: EpochValidated) -> None:
        """Emit `EpochFinished`."""
        position, metrics = self._state.position, event.metrics
        reported = self._reported(metrics)
        self._emit(
            EpochFinished(
                epoch=position.epoch,
                step=position.step,
                train_loss=position.train_loss,
                val_loss=metrics.loss,
                accuracy=reported.accuracy,
                miou=metrics.miou,
                iou=reported.iou,
                learning_rate=event.learning_rate,
                seconds=position.seconds,
                best=event.best,
                val_pixels=metrics.matrix.pixels,
                warnings=reported.warnings,
                miou_interval=reported.miou_interval,
            )
        )

    def _evaluation(self, metrics: ValidationMetrics) -> MapEvaluation:
        """Return all metrics; where labels are few, as estimated for the whole images."""
        schema, estimate, coverage = self._state.data.schema, metrics.estimate, metrics.coverage
        if estimate is None or coverage is None:
            return evaluate_blocks(metrics.blocks, schema, self._trained)
        shares = estimate.confusion.sum(axis=0).tolist()
        warnings = (coverage.text, *share_warnings(shares, coverage.class_px, schema.names))
        return evaluate_blocks(metrics.blocks, schema, self._trained, estimate, warnings)

    def _reported(self, metrics: ValidationMetrics) -> _Reported:
        matrix, names = metrics.matrix, self._state.data.schema.names
        if metrics.estimate is None:  # without intervals, which take long
            warnings = evaluation_warnings(metrics.blocks, names, self._trained)
            return _Reported(matrix.accuracy, dict(zip(names, matrix.iou(), strict=True)), warnings)
        found = self._evaluation(metrics)
        iou = {item.name: item.iou for item in found.classes}
        accuracy = math.nan if found.accuracy is None else found.accuracy
        return _Reported(accuracy, iou, found.warnings, found.miou_interval)

    def _training(self, metrics: ValidationMetrics, evaluation: MapEvaluation) -> dict[str, Any]:
        """Return what the model file records: metrics of its model, and its provenance."""
        reported = self._reported(metrics)
        return {
            "miou": metrics.miou,
            "accuracy": reported.accuracy,
            "iou": reported.iou,
            "val_loss": metrics.loss,
            "val_pixels": metrics.matrix.pixels,
            "train_loss": self._state.position.train_loss,
            "figures": evaluation.as_record(),
            **self._beside_parent(metrics),
        } | self._provenance

    def _beside_parent(self, metrics: ValidationMetrics) -> dict[str, Any]:
        found = compared_with_parent(metrics.blocks.counts, self._parent_counts)
        return {} if found is None else {"beside_parent": found.as_dict()}


class SampleRecord:
    """Listens to the loop: chooses samples of each validation, emits them, and saves those of the best model."""

    def __init__(self, schema: ClassSchema, folder: RunFolder, emit: Callable[[object], None]) -> None:
        self._schema, self._folder, self._emit = schema, folder, emit
        self._chooser = SampleChooser(len(schema), 0)

    def start(self, event: ValidationStarted) -> None:
        """Start a new choice."""
        self._chooser = SampleChooser(len(self._schema), event.pixels)

    def add(self, event: ValidatedWindow) -> None:
        """Have the chooser consider a window."""
        self._chooser.add(event.stem, event.window, event.pixels, event.truth, event.prediction)

    def finish(self, event: EpochValidated) -> None:
        """Save what was chosen, if it is of the best model so far, and emit it.

        Raises:
            OutputError: it cannot be written; the previous file is untouched.
        """
        chosen = self._chooser.chosen()
        if event.best:
            save_samples(self._folder.samples, event.epoch, chosen, self._schema)
        self._emit(ValidationSamples(event.epoch, chosen))
