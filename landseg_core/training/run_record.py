"""What a run leaves and tells of itself: its best model with figures and pictures, its epochs, its end, its report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from landseg_core.events import EpochFinished, OnEvent, RunFinished
from landseg_core.metrics.figures import MapFigures, map_figures
from landseg_core.metrics.warnings import figure_warnings
from landseg_core.runs.folder import RunFolder
from landseg_core.runs.provenance import trained_classes, trained_on
from landseg_core.runs.report import keep_report
from landseg_core.runs.sample_file import keep_pictures
from landseg_core.runs.samples import PictureChooser, ValidationPictures
from landseg_core.training.schedule import RunPosition
from landseg_core.training.state import RunState
from landseg_core.training.validation import Figures


class RunRecord:
    """Keeps the record of a run in its folder, and tells it by events."""

    def __init__(self, state: RunState, folder: RunFolder, on_event: OnEvent) -> None:
        self._state, self._folder, self._on_event = state, folder, on_event
        self._trained = trained_classes(state.data)
        self._ground: dict[str, Any] = {}

    @property
    def _position(self) -> RunPosition:
        return self._state.position

    def find_ground(self, checkpoint: Callable[[], None]) -> None:
        """Look for what the model file tells of the ground that the run learns from; see `trained_on`."""
        self._ground = trained_on(self._state.data, checkpoint, self._state.before)

    def add_epoch(self, figures: Figures, pictures: PictureChooser, learning_rate: float) -> None:
        """Keep the network as it is as the model if it is the best so far, and tell the epoch.

        Raises:
            OutputError: a file cannot be written; the one before is untouched.
        """
        position = self._position
        # A run that was killed may have kept the model of this epoch already, but not what belongs to it.
        again = position.best_epoch == position.epoch
        best = again or position.best_miou is None or figures.matrix.miou > position.best_miou
        if best:
            position.best_epoch, position.best_miou = position.epoch, figures.matrix.miou
            self._keep(figures)
        self._show(pictures, keep=best)
        self._tell_epoch(figures, learning_rate, best=best)

    def keep_unvalidated(self) -> None:
        """Keep the network as it is as the model, without figures."""
        if not self._ground:  # a resumed run may not have got so far
            self.find_ground(lambda: None)
        self._state.bundle({"miou": None} | self._ground).save(self._folder.model)

    def end(self, reason: str, seconds: float) -> None:
        """Tell why and after how many `seconds` the run is over, and write the report."""
        position = self._position
        best = position.best_epoch, position.best_miou
        self._on_event(RunFinished(reason, position.epoch, position.step, *best, seconds))
        keep_report(self._folder.path, self._on_event)

    def _keep(self, figures: Figures) -> None:
        told = map_figures(figures.blocks, self._state.data.schema, self._trained)
        self._state.bundle(self._told(figures, told)).save(self._folder.model)
        self._folder.write_figures({"epoch": self._position.epoch} | told.as_dict())

    def _told(self, figures: Figures, told: MapFigures) -> dict[str, Any]:
        """Return what the model file tells of how good its model is, and of the ground it learnt from."""
        matrix = figures.matrix
        return {
            "miou": matrix.miou,
            "accuracy": matrix.accuracy,
            "iou": self._iou(figures),
            "val_loss": figures.loss,
            "val_pixels": matrix.pixels,
            "train_loss": self._position.train_loss,
            "figures": told.as_record(),
        } | self._ground

    def _show(self, pictures: PictureChooser, *, keep: bool) -> None:
        """Tell what the validation looked like, and keep it where it is that of the best model."""
        epoch, chosen = self._position.epoch, pictures.chosen()
        if keep:
            keep_pictures(self._folder.pictures, epoch, chosen, self._state.data.schema)
        self._on_event(ValidationPictures(epoch, chosen))

    def _tell_epoch(self, figures: Figures, learning_rate: float, *, best: bool) -> None:
        position, matrix = self._position, figures.matrix
        self._on_event(
            EpochFinished(
                epoch=position.epoch,
                step=position.step,
                train_loss=position.train_loss,
                val_loss=figures.loss,
                accuracy=matrix.accuracy,
                miou=matrix.miou,
                iou=self._iou(figures),
                learning_rate=learning_rate,
                seconds=position.seconds,
                best=best,
                val_pixels=matrix.pixels,
                warnings=figure_warnings(figures.blocks, self._state.data.schema.names, self._trained),
            )
        )

    def _iou(self, figures: Figures) -> dict[str, float | None]:
        return dict(zip(self._state.data.schema.names, figures.matrix.iou(), strict=True))
