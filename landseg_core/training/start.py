"""What a run starts from: an earlier model, whose weights it takes over as far as its classes have the same names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from landseg_core.data.lists import shortened
from landseg_core.data.training_data import TrainingData
from landseg_core.errors import TrainingError
from landseg_core.models.bundle import BundleHeader, ModelBundle
from landseg_core.models.catalog import build_model
from landseg_core.models.normalisation import Normalisation
from landseg_core.models.weights import load_weights, weights_of
from landseg_core.training.fine_tuning import told_setting

if TYPE_CHECKING:
    from landseg_core.models.catalog import SegmentationModel

HEAD = "head."
"""The weights that have a row for each class, in every network of the catalogue."""


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
        return told_setting(tuple(map(str.casefold, own))), told_setting(tuple(map(str.casefold, wanted)))
    return told_setting(bundle.bands), told_setting(data.bands)


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
