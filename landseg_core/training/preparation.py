"""Checks before a run begins: settings, folder, labels and how long it will take; loads no torch by itself."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from landseg_core.data.areas import LabelledArea, pixels
from landseg_core.data.reader import AreaReader
from landseg_core.data.training_data import TrainingData
from landseg_core.errors import TrainingError
from landseg_core.geo.tiling import sliding_windows
from landseg_core.labels.classes import UNLABELLED
from landseg_core.limits import WorkSize
from landseg_core.messages import N_, Text
from landseg_core.models.header import BundleHeader, absolute_model, read_header
from landseg_core.models.starter import STARTER
from landseg_core.raster.alpha import AUTO
from landseg_core.runs.config import TrainConfig, checked_config, field_problems
from landseg_core.runs.folder import RunFolder
from landseg_core.training.checkpoint import load_checkpoint_record

FINE_TUNING_RATE = 0.5
"""The highest learning rate of a run that fine-tunes a model, as a share of that of a fresh run."""
FINE_TUNING_WARM_UP = 0.05
FEW_LABELS = {"chip": 128, "batch": 4, "cutmix": 0.0, "colour_jitter": 0.5}
"""Settings of runs with a teacher: more steps on fewer pixels, changed less, follow it more closely in that time."""
VALIDATION_SHARE = 1 / 3
"""Predicting a pixel takes about a third of training on it: a forward pass, and none backward."""
_LABEL_WINDOW = 1024
"""The side, in px, of the windows in which labels are looked for."""
NOTHING_TO_TRAIN_ON = N_(
    "no pixel to train on is labelled: there the masks hold only 255 or nodata, or the images no data; "
    "label some pixels first"
)
NOTHING_TO_VALIDATE_ON = N_(
    "no pixel to validate on is labelled: there the masks hold only 255 or nodata, or the images no data; "
    "label some pixels first"
)
_WORTH_A_TRIAL = 100_000_000
"""Training on fewer px takes no computer hours."""
_MOST_STEPS = 4
_BATCH_ON_CPU = 2
"""On a CPU, more chips at once are hardly faster per pixel, and the trial would take long."""


def fine_tuned_config(config: TrainConfig, given: Collection[str] | None = None) -> TrainConfig:
    """Return the settings of a run, with those that it takes over from the model that it fine-tunes.

    Network, bands and ground resolution are the model's, so that its features stay valid; of the starter model only the
    network. So are mask values and alpha band, where they are not given. Learning rate and warm-up are lower, where
    they are not given. `given` names the settings that the user gave; where nobody knows, they are those that are not
    at their defaults. The path of the model is made absolute. Without a model to start from, or done again, it changes
    nothing. A run that is resumed has it all in its checkpoint; see `resumed_config`.

    Raises:
        ModelError: there is no such model, or it is damaged.
        TrainingError: a setting that was given contradicts the model.
    """
    if config.start_model is None:
        return config
    header = read_header(config.start_model)
    known = [name for name in TrainConfig.model_fields if not _at_default(config, name)] if given is None else given
    defaults = {"learning_rate": FINE_TUNING_RATE * _default("learning_rate"), "warm_up": FINE_TUNING_WARM_UP}
    alpha = {} if header.alpha == AUTO else {"alpha": header.alpha}
    wanted = defaults | _mask_values_of(header) | alpha
    taken = {name: value for name, value in wanted.items() if name not in known}
    path = {"start_from": absolute_model(config.start_model)}
    return config.model_copy(update=taken | path | _of_model(config, header, known))


def config_for_few_labels(config: TrainConfig) -> TrainConfig:
    """Return the settings of a run with a teacher: `FEW_LABELS` for what is at its default; see ADR 49."""
    return config.model_copy(update={name: value for name, value in FEW_LABELS.items() if _at_default(config, name)})


def _mask_values_of(header: BundleHeader) -> dict[str, Any]:
    """Return which classes the values of masks were for the run that made a model, as far as its file says."""
    settings = header.training.get("settings")
    values = {"mask_values": settings.get("mask_values", ()) if isinstance(settings, dict) else ()}
    return {} if field_problems(values) else {"mask_values": checked_config(values).mask_values}


def _of_model(config: TrainConfig, header: BundleHeader, known: Collection[str]) -> dict[str, Any]:
    """Return the settings that are the model's; those of `config` that are `known` to be given must be the same.

    Raises:
        TrainingError: one is not.
    """
    names = header.band_names or tuple(map(str, header.bands))
    own: dict[str, Any] = {"model": header.architecture}
    if config.start_from != STARTER:  # which is adapted to any bands
        own["bands"] = config.bands if _are_bands_of(header, config.bands) else names
        own["resolution_m"] = header.ground_resolution_m or config.resolution_m
    for name, value in own.items():
        given = getattr(config, name)
        if name in known and not _agree(given, value):
            title = TrainConfig.model_fields[name].title or name
            raise TrainingError(
                N_(
                    "{title}: {path} has {own}, not {given}; leave that setting to the model, or train a new model",
                    title=title,
                    path=config.start_from,
                    own=setting_text(value),
                    given=setting_text(given),
                )
            )
    return own


def _agree(given: object, own: object) -> bool:
    """Return whether a setting is the model's; rounding of numbers by a file or a form does not count."""
    if isinstance(given, float) and isinstance(own, float):
        return math.isclose(given, own, rel_tol=1e-4)
    return given == own


def _are_bands_of(header: BundleHeader, wanted: Sequence[str]) -> bool:
    """Return whether `wanted` are the model's bands by name, or by number where images do not name theirs."""
    known = [{str(band), name.casefold()} for band, name in zip_longest(header.bands, header.band_names, fillvalue="")]
    return len(wanted) == len(known) and all(one.casefold() in own for one, own in zip(wanted, known, strict=True))


def _at_default(config: TrainConfig, name: str) -> bool:
    return bool(getattr(config, name) == _default(name))


def _default(name: str) -> Any:
    return TrainConfig.model_fields[name].default


def setting_text(value: object) -> str:
    """Write the value of a setting for a sentence."""
    if value is None:
        return "unknown"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def check_run_folder(config: TrainConfig, folder: RunFolder, *, overwrite: bool, resume: bool) -> None:
    """Check that a run with `config` may be written to `folder`, or resumed there.

    Raises:
        OutputError: the folder is not empty, and the run may neither overwrite nor resume.
        TrainingError: there is no run to resume, it has other settings, or a new one would write over the model
            that it starts from.
        ModelError: the checkpoint to resume from is damaged.
    """
    if resume:
        folder.require_run()
        load_checkpoint_record(folder).require_same_settings(config, folder)
    else:
        folder.require_free(overwrite=overwrite)
        _require_other_folder(config, folder)


def check_labels(data: TrainingData, checkpoint: Callable[[], None]) -> None:
    """Check that something is labelled to train on, and to validate on; `checkpoint` is called between windows.

    Raises:
        TrainingError: nothing is.
        RasterError: an image cannot be read.
        DatasetError: a mask cannot be used.
    """
    reader = data.reader()
    for areas, nothing in ((data.train, NOTHING_TO_TRAIN_ON), (data.val, NOTHING_TO_VALIDATE_ON)):
        _check_labels(reader, areas, nothing, checkpoint)


def _require_other_folder(config: TrainConfig, folder: RunFolder) -> None:
    if config.start_model in (None, STARTER):
        return
    start = Path(config.start_model).resolve()
    if folder.path.resolve() in (start, start.parent):
        raise TrainingError(
            N_(
                "the run would overwrite the model that it starts from, {path}; choose another folder for it",
                path=config.start_from,
            )
        )


def _check_labels(
    reader: AreaReader, areas: Sequence[LabelledArea], nothing: Text, checkpoint: Callable[[], None]
) -> None:
    for area in areas:
        for window in sliding_windows(area.window.width, area.window.height, _LABEL_WINDOW, overlap=0):
            checkpoint()
            _, labels = reader.read(area, window.shifted(area.window.x, area.window.y))
            if (labels != UNLABELLED).any():
                return
    raise TrainingError(nothing)


def run_work(config: TrainConfig, data: TrainingData, checkpoint: Callable[[], None]) -> WorkSize:
    """Return the size of a new run. One by minutes takes what the user says; the speed of epochs is measured briefly.

    Raises:
        DeviceError: the device is not available.
        JobStopped: `checkpoint` raised it.
    """
    train_px, val_px = pixels(data.train), pixels(data.val)
    work = WorkSize(N_("the run"), train_px + val_px)
    if config.epochs is None or config.epochs * train_px < _WORTH_A_TRIAL:
        return work
    each = seconds_per_megapixel(config, len(data.bands), len(data.schema), checkpoint)
    seconds = config.epochs * (train_px + VALIDATION_SHARE * val_px) / 1e6 * each
    return WorkSize(N_("the run"), train_px + val_px, seconds=seconds)


def seconds_per_megapixel(
    config: TrainConfig, bands: int, classes: int, checkpoint: Callable[[], None], seconds: float = 2.0
) -> float:
    """Return the seconds that training on a million pixels takes; the trial lasts about `seconds`, or three steps.

    The first step is a warm-up and does not count. `checkpoint` is called before every step.

    Raises:
        DeviceError: the device is not available.
        JobStopped: `checkpoint` raised it.
    """
    from landseg_core.compute.devices import choose_device, precision_for
    from landseg_core.models.catalog import build_model
    from landseg_core.models.normalisation import Normalisation
    from landseg_core.training.learner import Learner
    from landseg_core.training.network import Network

    device = choose_device(config.device)
    model = build_model(config.model, bands, classes)
    normalisation = Normalisation((128.0,) * bands, (64.0,) * bands)
    learner = Learner(Network(model, normalisation, device, precision_for(device, config.precision)), config)
    batch = config.batch if device.type == "cuda" else min(config.batch, _BATCH_ON_CPU)
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (batch, bands, config.chip, config.chip), np.uint8)
    labels = rng.integers(0, classes, (batch, config.chip, config.chip), np.uint8)
    quickest, start = math.inf, time.monotonic()
    for number in range(_MOST_STEPS):
        checkpoint()
        before = time.monotonic()
        learner.step(pixels, labels, config.learning_rate)
        now = time.monotonic()
        if number:
            quickest = min(quickest, now - before)
        if number > 1 and now > start + seconds:
            break
    return quickest / labels.size * 1e6
