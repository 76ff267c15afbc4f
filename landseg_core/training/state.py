"""The state of a run: what a checkpoint holds, and what a model file is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from landseg_core.compute.devices import precision_for
from landseg_core.data.areas import pixels
from landseg_core.data.reader import AreaReader
from landseg_core.data.training_data import TrainingData
from landseg_core.errors import TrainingError
from landseg_core.events import RunStarted
from landseg_core.messages import N_
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.header import BundleHeader, read_header
from landseg_core.models.normalisation import Normalisation
from landseg_core.models.weights import weights_of
from landseg_core.runs.config import TrainConfig
from landseg_core.runs.folder import RunFolder
from landseg_core.runs.parent_model import load_parent
from landseg_core.training.checkpoint import (
    CheckpointRecord,
    DataFingerprint,
    image_mark,
    load_checkpoint,
    load_recovery_checkpoint,
    save_checkpoint,
)
from landseg_core.training.learner import Learner
from landseg_core.training.network import Network
from landseg_core.training.schedule import RunPosition
from landseg_core.training.start import random_model, start_of

if TYPE_CHECKING:
    from landseg_core.models.catalog import SegmentationModel


@dataclass
class RunState:
    """Settings, data, network with optimiser, and how far the run is.

    `rate_scale` is a factor on the learning rate, `parent` the header of the model that the run fine-tunes, if any,
    `images` the mark of its images.
    """

    config: TrainConfig
    data: TrainingData
    normalisation: Normalisation
    learner: Learner
    position: RunPosition
    rate_scale: float = 1.0
    notices: list[str] = field(default_factory=list)
    parent: BundleHeader | None = None
    images: str = ""

    @classmethod
    def fresh(cls, config: TrainConfig, data: TrainingData, reader: AreaReader, device: torch.device) -> RunState:
        """Return the state of a run before its first step.

        Raises:
            RasterError: an image cannot be read.
            DatasetError: the images hold no data.
            ModelError: the model to start from is missing or damaged.
            TrainingError: it does not fit.
        """
        start = start_of(config, data, lambda: data.normalisation(reader))
        learner = _new_learner(config, start.model, start.normalisation, device, start.encoder_share)
        known = list(start.notices), start.parent, image_mark(data)
        return cls(config, data, start.normalisation, learner, RunPosition(), 1.0, *known)

    @classmethod
    def saved(cls, config: TrainConfig, data: TrainingData, folder: RunFolder, device: torch.device) -> RunState:
        """Return the state that the checkpoint in `folder` holds.

        Raises:
            ModelError: the checkpoint is damaged.
            TrainingError: it is of another version of landseg.
        """
        record, tensors = load_checkpoint(folder)
        model = random_model(config, data)
        learner = _new_learner(config, model, record.normalisation, device, record.encoder_share)
        learner.micro_batch = record.micro_batch
        _restore(learner, tensors, folder)
        record.position.best_epoch, record.position.best_miou = best_on_record(folder)
        known: dict[str, Any] = {"parent": load_parent(folder), "images": record.images}
        return cls(config, data, record.normalisation, learner, record.position, record.rate_scale, **known)

    def roll_back(self, folder: RunFolder, seconds: float) -> None:
        """Return to the last recovery checkpoint `seconds` after the run began, to train from there at half the rate.

        Where that is depends on steps only, not on the clock, so that a run which was resumed rolls back to the same.

        Raises:
            ModelError: it is damaged, or the model that the run started from is, or is missing.
        """
        saved = load_recovery_checkpoint(folder)
        if saved is None:
            torch.manual_seed(self.config.seed)
            start = start_of(self.config, self.data, lambda: self.normalisation)
            device, share = self.learner.network.device, self.learner.encoder_share
            self.learner.restore(_new_learner(self.config, start.model, start.normalisation, device, share).tensors())
        else:
            _restore(self.learner, saved[1], folder)
        self.position = self.position.rolled_back(seconds, saved[0].position if saved else None)
        self.rate_scale /= 2

    def save(self, folder: RunFolder) -> None:
        """Write the checkpoint.

        Raises:
            OutputError: it cannot be written; the previous one is untouched.
        """
        record = CheckpointRecord(
            self.config,
            DataFingerprint.of(self.data),
            self.normalisation,
            self.position,
            self.rate_scale,
            self.learner.micro_batch,
            self.learner.encoder_share,
            self.images,
        )
        save_checkpoint(folder, record, self.learner.tensors())

    def bundle(self, metrics: dict[str, Any]) -> ModelBundle:
        """Return the network as it is as a model; `metrics` are its training record."""
        data, position = self.data, self.position
        moment = {"epoch": position.epoch, "step": position.step, "seconds": round(position.seconds, 1)}
        header = BundleHeader(
            architecture=self.config.model,
            schema=data.schema,
            bands=data.bands,
            dtype=data.dtype,
            normalisation=self.normalisation,
            band_names=data.band_names,
            alpha=data.alpha,
            ground_resolution_m=data.ground_resolution_m,
            training=moment | metrics | {"settings": self.config.model_dump(mode="json")},
        )
        return ModelBundle(header, weights_of(self.learner.network.model))


def best_on_record(folder: RunFolder) -> tuple[int | None, float | None]:
    """Return epoch and mIoU of the model in `folder`, None where it has none that was validated.

    The model file is authoritative: a run that was killed may have written it after its checkpoint.

    Raises:
        ModelError: the model file is damaged.
    """
    training = read_header(folder.model).training if folder.model.exists() else {}
    return (training.get("epoch"), training["miou"]) if training.get("miou") is not None else (None, None)


def _restore(learner: Learner, tensors: Mapping[str, torch.Tensor], folder: RunFolder) -> None:
    try:
        learner.restore(tensors)
    except (KeyError, RuntimeError, ValueError, TypeError, OverflowError) as error:
        raise TrainingError(
            N_("{path} does not fit its own settings; start a new run", path=folder.checkpoint)
        ) from error


def _new_learner(
    config: TrainConfig,
    model: SegmentationModel,
    normalisation: Normalisation,
    device: torch.device,
    encoder_share: float,
) -> Learner:
    network = Network(model, normalisation, device, precision_for(device, config.precision))
    return Learner(network, config, encoder_share)


def run_started(state: RunState, steps_per_epoch: int) -> RunStarted:
    """Return the event that opens a run in `state`, or opens it again."""
    config, data, network = state.config, state.data, state.learner.network
    return RunStarted(
        model=config.model,
        parameters=sum(parameter.numel() for parameter in network.model.parameters()),
        device=str(network.device),
        precision=network.precision.name,
        classes=data.schema.names,
        train_pixels=pixels(data.train),
        val_pixels=pixels(data.val),
        epochs=config.epochs,
        minutes=config.minutes,
        steps_per_epoch=steps_per_epoch,
        batch=config.batch,
        chip=config.chip,
        first_step=state.position.step,
    )
