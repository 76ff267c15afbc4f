"""What a run saves beside its checkpoint: its best model with evaluation and samples; and the report of each epoch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from landseg_core.events import EpochFinished
from landseg_core.labels.classes import ClassSchema
from landseg_core.metrics.evaluation import MapEvaluation, evaluate_blocks
from landseg_core.metrics.warnings import evaluation_warnings
from landseg_core.runs.folder import RunFolder
from landseg_core.runs.provenance import provenance, trained_classes
from landseg_core.runs.sample_file import save_samples
from landseg_core.runs.samples import SampleChooser, ValidationSamples
from landseg_core.training.loop import EpochValidated, Preparing, StoppedUnvalidated
from landseg_core.training.run_validation import ValidationStarted
from landseg_core.training.state import RunState
from landseg_core.training.validation import ValidatedWindow, ValidationMetrics


class ModelRecord:
    """Listens to the loop: saves the best model with its evaluation, and reports each epoch.

    `checkpoint` is called before every image that is read for the provenance record.
    """

    def __init__(
        self, state: RunState, folder: RunFolder, checkpoint: Callable[[], None], emit: Callable[[object], None]
    ) -> None:
        self._state, self._folder, self._checkpoint, self._emit = state, folder, checkpoint, emit
        self._trained = trained_classes(state.data)
        self._provenance: dict[str, Any] = {}

    def find_provenance(self, _event: Preparing) -> None:
        """Collect what the model file records of the training areas."""
        self._provenance = provenance(self._state.data, self._checkpoint, self._state.parent)

    def save_best(self, event: EpochValidated) -> None:
        """Save the network as the model if it is the best so far.

        Raises:
            OutputError: a file cannot be written; the previous one is untouched.
        """
        if event.best:
            evaluation = evaluate_blocks(event.metrics.blocks, self._state.data.schema, self._trained)
            self._state.bundle(self._training(event.metrics, evaluation)).save(self._folder.model)
            self._folder.write_evaluation({"epoch": self._state.position.epoch} | evaluation.as_dict())

    def save_unvalidated(self, _event: StoppedUnvalidated) -> None:
        """Save the network as the model, without metrics."""
        if not self._provenance:  # a resumed run may not have got so far
            self._provenance = provenance(self._state.data, lambda: None, self._state.parent)
        self._state.bundle({"miou": None} | self._provenance).save(self._folder.model)

    def report_epoch(self, event: EpochValidated) -> None:
        """Emit `EpochFinished`."""
        position, matrix, blocks = self._state.position, event.metrics.matrix, event.metrics.blocks
        self._emit(
            EpochFinished(
                epoch=position.epoch,
                step=position.step,
                train_loss=position.train_loss,
                val_loss=event.metrics.loss,
                accuracy=matrix.accuracy,
                miou=matrix.miou,
                iou=self._iou(event.metrics),
                learning_rate=event.learning_rate,
                seconds=position.seconds,
                best=event.best,
                val_pixels=matrix.pixels,
                warnings=evaluation_warnings(blocks, self._state.data.schema.names, self._trained),
            )
        )

    def _training(self, metrics: ValidationMetrics, evaluation: MapEvaluation) -> dict[str, Any]:
        """Return what the model file records: metrics of its model, and its provenance."""
        matrix = metrics.matrix
        return {
            "miou": matrix.miou,
            "accuracy": matrix.accuracy,
            "iou": self._iou(metrics),
            "val_loss": metrics.loss,
            "val_pixels": matrix.pixels,
            "train_loss": self._state.position.train_loss,
            "figures": evaluation.as_record(),
        } | self._provenance

    def _iou(self, metrics: ValidationMetrics) -> dict[str, float | None]:
        return dict(zip(self._state.data.schema.names, metrics.matrix.iou(), strict=True))


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
