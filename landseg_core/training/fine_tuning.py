"""The settings of a run that goes on from a model; checking them loads no torch."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from landseg_core.errors import TrainingError
from landseg_core.models.header import BundleHeader, read_header
from landseg_core.raster.alpha import AUTO
from landseg_core.runs.config import TrainConfig, checked_config, field_problems

GENTLER = 0.5
"""The highest learning rate of a run that goes on from a model, as a share of that of a fresh run."""
SHORTER_WARM_UP = 0.05


def continued_config(config: TrainConfig, given: Collection[str] | None = None) -> TrainConfig:
    """Return the settings of a run, with what it takes over from the model that it starts from.

    Network, bands and ground resolution are the model's, so that its features keep their meaning. What values of masks
    mean and which band is alpha are, too, where they are not given. Learning rate and warm-up are gentler, where they
    are not given. `given` names the settings that the user gave; where nobody knows, they are those that are not at
    their defaults. The path of the model is made absolute. Without `start_from`, or done again, it changes nothing. A
    run that is resumed has it all in its checkpoint; see `resumed_config`.

    Raises:
        ModelError: there is no such model, or it is damaged.
        TrainingError: a setting that was given contradicts the model.
    """
    if config.start_from is None:
        return config
    header = read_header(config.start_from)
    known = [name for name in TrainConfig.model_fields if not _at_default(config, name)] if given is None else given
    gentle = {"learning_rate": GENTLER * _default("learning_rate"), "warm_up": SHORTER_WARM_UP}
    alpha = {} if header.alpha == AUTO else {"alpha": header.alpha}
    wanted = gentle | _mask_values_of(header) | alpha
    taken = {name: value for name, value in wanted.items() if name not in known}
    place = {"start_from": str(Path(config.start_from).absolute())}
    return config.model_copy(update=taken | place | _of_model(config, header, known))


def _mask_values_of(header: BundleHeader) -> dict[str, Any]:
    """Return which classes the values of masks were for the run that made a model, as far as its file tells."""
    told = header.training.get("settings")
    values = {"mask_values": told.get("mask_values", ()) if isinstance(told, dict) else ()}
    return {} if field_problems(values) else {"mask_values": checked_config(values).mask_values}


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
                f"{config.start_from} has the {title} {told_setting(value)}, not {told_setting(given)}: "
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


def told_setting(value: object) -> str:
    """Write the value of a setting for a sentence."""
    if value is None:
        return "unknown"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
