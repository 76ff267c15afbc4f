"""What a run starts from: an earlier model, whose weights it takes over as far as its classes have the same names."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from landseg_core.data.lists import shortened
from landseg_core.data.normalisation import Normalisation
from landseg_core.data.training_data import TrainingData
from landseg_core.errors import TrainingError
from landseg_core.models.bundle import BundleHeader, ModelBundle, read_header
from landseg_core.models.catalog import build_model
from landseg_core.models.weights import load_weights, weights_of
from landseg_core.training.config import TrainConfig

if TYPE_CHECKING:
    from landseg_core.models.catalog import SegmentationModel

GENTLER = 0.5
"""The highest learning rate of a run that goes on from a model, as a share of that of a fresh run."""
SHORTER_WARM_UP = 0.05
HEAD = "head."
"""The weights that have a row for each class, in every network of the catalogue."""


def continued_config(config: TrainConfig, given: Collection[str] | None = None) -> TrainConfig:
    """Return the settings of a run, with what it takes over from the model that it starts from.

    Network, bands and ground resolution are the model's, so that its features keep their meaning. Learning rate and
    warm-up are gentler, where they are not given. `given` names the settings that the user gave; where nobody knows,
    they are those that are not at their defaults. The path of the model is made absolute. Without `start_from`, or done
    again, it changes nothing. A run that is resumed has it all in its checkpoint; see `resumed_config`.

    Raises:
        ModelError: there is no such model, or it is damaged.
        TrainingError: a setting that was given contradicts the model.
    """
    if config.start_from is None:
        return config
    header = read_header(config.start_from)
    known = [name for name in TrainConfig.model_fields if not _at_default(config, name)] if given is None else given
    gentle = {"learning_rate": GENTLER * _default("learning_rate"), "warm_up": SHORTER_WARM_UP}
    taken = {name: value for name, value in gentle.items() if name not in known}
    place = {"start_from": str(Path(config.start_from).absolute())}
    return config.model_copy(update=taken | place | _of_model(config, header, known))


def _of_model(config: TrainConfig, header: BundleHeader, known: Collection[str]) -> dict[str, Any]:
    """Return the settings that are the model's; those of `config` that are `known` to be given must be the same.

    Raises:
        TrainingError: one is not.
    """
    names = header.band_names or tuple(map(str, header.bands))
    own: dict[str, Any] = {
        "model": header.architecture,
        "bands": config.bands if _are_bands_of(header, config.bands) else names,
        "resolution_m": header.ground_resolution_m or config.resolution_m,
    }
    for name, value in own.items():
        given = getattr(config, name)
        if name in known and not _agree(given, value):
            title = (TrainConfig.model_fields[name].title or name).lower()
            raise TrainingError(
                f"{config.start_from} has the {title} {_told(value)}, not {_told(given)}: "
                "leave that setting to the model, or start afresh"
            )
    return own


def _agree(given: object, own: object) -> bool:
    """Tell whether a setting is the model's; of numbers the last digits, which a file or a form may lose, count not."""
    if isinstance(given, float) and isinstance(own, float):
        return math.isclose(given, own, rel_tol=1e-4)
    return given == own


def _are_bands_of(header: BundleHeader, wanted: Sequence[str]) -> bool:
    """Tell whether `wanted` are the model's bands by name, or by number where images do not name theirs."""
    known = [{str(band), name.casefold()} for band, name in zip_longest(header.bands, header.band_names, fillvalue="")]
    return len(wanted) == len(known) and all(one.casefold() in own for one, own in zip(wanted, known, strict=True))


def _at_default(config: TrainConfig, name: str) -> bool:
    return bool(getattr(config, name) == _default(name))


def _default(name: str) -> Any:
    return TrainConfig.model_fields[name].default


def _told(value: object) -> str:
    if value is None:
        return "unknown"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


@dataclass(frozen=True)
class Start:
    """A network before its first step of a run, what normalises its pictures, and what the user should know of it.

    `encoder_share` is the share of the learning rate that its encoder gets, `before` what the model tells that it comes
    from, if any.
    """

    model: SegmentationModel
    normalisation: Normalisation
    notices: tuple[str, ...]
    encoder_share: float = 1.0
    before: BundleHeader | None = None


def start_from_model(path: str, architecture: str, data: TrainingData) -> Start:
    """Return the network of a model file, or of a run's folder, made ready for the classes of `data`.

    Raises:
        ModelError: there is no such model, or it is damaged.
        TrainingError: it is another network, or learnt from other bands or another type of pixel.
    """
    bundle = ModelBundle.load(path)
    _require_fit(path, bundle, architecture, data)
    model = build_model(architecture, len(data.bands), len(data.schema))
    load_weights(model, weights_for(bundle, data.schema.names, weights_of(model)))
    notices = tuple(_class_notices(path, bundle.schema.names, data.schema.names))
    return Start(model, bundle.normalisation, notices, before=bundle.header)


def _require_fit(path: str, bundle: BundleHeader, architecture: str, data: TrainingData) -> None:
    for what, own, wanted in (
        ("network", bundle.architecture, architecture),
        ("bands", *_told_bands(bundle, data)),
        ("pixel type", bundle.dtype, data.dtype),
    ):
        if own != wanted:
            raise TrainingError(
                f"the run cannot start from {path}: its {what} {own} would have to be {wanted}; "
                "choose what fits the model, or start afresh"
            )


def _told_bands(bundle: BundleHeader, data: TrainingData) -> tuple[str, str]:
    """Return the bands of a model and of a data set: by name where both have names, else by number."""
    own, wanted = bundle.band_names, data.band_names
    if own and wanted:
        return _told(tuple(map(str.casefold, own))), _told(tuple(map(str.casefold, wanted)))
    return _told(bundle.bands), _told(data.bands)


def weights_for(bundle: ModelBundle, names: tuple[str, ...], fresh: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return the weights of `bundle` for a network of classes `names`; classes that it lacks keep the rows of `fresh`.

    Classes are the same where their names are.
    """
    known = bundle.schema.names
    weights = dict(bundle.state)
    for name in filter(lambda name: name.startswith(HEAD), fresh):
        rows = fresh[name].clone()
        for row, class_name in enumerate(names):
            if class_name in known:
                rows[row] = bundle.state[name][known.index(class_name)]
        weights[name] = rows
    return weights


def _class_notices(path: str, known: tuple[str, ...], wanted: tuple[str, ...]) -> list[str]:
    new = [name for name in wanted if name not in known]
    gone = [name for name in known if name not in wanted]
    return [
        text
        for names, text in (
            (new, f"{path} does not know {shortened(new)}: learnt from nothing, which takes longer"),
            (gone, f"{path} also knows {shortened(gone)}, which no class is called now: that is dropped"),
        )
        if names
    ]
