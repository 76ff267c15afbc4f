"""A run as it stands, to resume later."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import pydantic

from landseg_core.data.areas import LabelledArea, pixels
from landseg_core.data.fingerprint import fingerprint
from landseg_core.data.training_data import TrainingData
from landseg_core.errors import TrainingError
from landseg_core.messages import N_
from landseg_core.models.header import absolute_model
from landseg_core.models.normalisation import Normalisation
from landseg_core.models.tensor_file import read_record, read_tensor_file, write_tensor_file
from landseg_core.output_files import copy_atomically, write_atomically
from landseg_core.raster.alpha import AUTO
from landseg_core.raster.source import RasterSource
from landseg_core.raster.views import RasterView
from landseg_core.runs.config import NEW_MODEL, Share, TrainConfig, checked_config
from landseg_core.runs.folder import RunFolder
from landseg_core.training.schedule import RunPosition

if TYPE_CHECKING:
    import torch

_KIND = "landseg-checkpoint"
_FREE_SETTINGS = {"device"}
_LENGTHS = {"epochs", "minutes"}
MOST_IMAGES = 64
"""Of more images, this many spread evenly over their names are hashed: a run must not wait for thousands."""


@dataclasses.dataclass(frozen=True)
class DataFingerprint:
    """Identifies a data set: pixels of both sides, and a hash of classes, areas, labels and read options."""

    train_pixels: int
    val_pixels: int
    sha256: str

    @classmethod
    def of(cls, data: TrainingData) -> DataFingerprint:
        """Return the fingerprint of `data`: of what it holds, not of the folder it lies in."""
        sides = [[_identity(area, data.bands) for area in side] for side in (data.train, data.val)]
        text = json.dumps([data.schema.to_json(), data.bands, data.dtype, sides])
        return cls(pixels(data.train), pixels(data.val), hashlib.sha256(text.encode()).hexdigest())


def _identity(area: LabelledArea, bands: Sequence[int]) -> tuple[Any, ...]:
    """Return what identifies an area: where it lies, how it is read, its px of each class.

    The alpha is only part of it where somebody has chosen it, so that runs of older versions can be resumed.
    """
    chosen = () if area.alpha == AUTO else (area.alpha,)
    return area.stem, str(area.window), area.view.bands or bands, area.view.size, area.class_px, *chosen


@dataclasses.dataclass(frozen=True)
class CheckpointRecord:
    """What a checkpoint holds besides tensors.

    `rate_scale` is the factor on the learning rate, less than 1 after the run was rolled back; `micro_batch` is how
    many chips memory suffices for; `encoder_share` is the share of the learning rate that the encoder gets, which
    depends on where its weights came from; `images` is the mark of the images, see `image_mark`, empty where an older
    landseg has written the checkpoint.
    """

    config: TrainConfig
    data: DataFingerprint
    normalisation: Normalisation
    position: RunPosition
    rate_scale: Annotated[float, pydantic.Field(gt=0, le=1)]
    micro_batch: Annotated[int, pydantic.Field(ge=1, le=1024)]
    encoder_share: Share
    images: str = ""

    def require_same_settings(self, config: TrainConfig, folder: RunFolder) -> None:
        """Check that a run with `config` continues this one; it may do so on another device.

        Raises:
            TrainingError: a setting differs.
        """
        before, now = self.config.model_dump(exclude=_FREE_SETTINGS), config.model_dump(exclude=_FREE_SETTINGS)
        changed = [f"{name} was {before[name]}, now {now[name]}" for name in before if before[name] != now[name]]
        if changed:
            raise TrainingError(
                N_(
                    "the run in {path} has other settings ({changed}); resume it with its own, which are in "
                    "{config}, or start a new run",
                    path=folder.path,
                    changed="; ".join(changed),
                    config=folder.config.name,
                )
            )

    def require_same_data(self, data: TrainingData, folder: RunFolder) -> None:
        """Check that `data` is what the run was trained on.

        Raises:
            TrainingError: it is not.
        """
        if self.data != DataFingerprint.of(data):
            raise TrainingError(
                N_(
                    "the run in {path} was trained on other data; resume it with the same, or start a new run",
                    path=folder.path,
                )
            )

    def require_same_images(self, mark: str, folder: RunFolder) -> None:
        """Check that images with this mark are those that the run was trained on.

        Raises:
            TrainingError: they hold other pixels.
        """
        if self.images and self.images != mark:
            raise TrainingError(
                N_(
                    "the images of the run in {path} have changed since it began; restore the former files to "
                    "resume it, or start a new run",
                    path=folder.path,
                )
            )


_RECORD = pydantic.TypeAdapter(CheckpointRecord)


def save_checkpoint(folder: RunFolder, record: CheckpointRecord, tensors: dict[str, torch.Tensor]) -> None:
    """Write the checkpoint: one file holds all of it, so that tensors and record always belong together.

    `last.json` is a copy of the record for people and scripts. A checkpoint amid an epoch leaves the recovery
    checkpoint before it in a file of its own.

    Raises:
        OutputError: it cannot be written; the checkpoint before is untouched.
    """
    serialised: dict[str, Any] = _RECORD.dump_python(record, mode="json")
    if not record.position.is_recovery_point and _is_recovery_checkpoint(folder):
        copy_atomically(folder.checkpoint, folder.recovery_checkpoint)
    write_tensor_file(folder.checkpoint, tensors, _KIND, serialised)
    if record.position.is_recovery_point:
        folder.recovery_checkpoint.unlink(missing_ok=True)
    write_atomically(folder.checkpoint_record, (json.dumps(serialised, indent=2) + "\n").encode())


def load_checkpoint_record(folder: RunFolder) -> CheckpointRecord:
    """Return the record of the folder's checkpoint, without its tensors.

    Raises:
        ModelError: the file is damaged.
        TrainingError: the record is of another version of landseg.
    """
    return _checked(read_record(folder.checkpoint, _KIND), folder)


def load_checkpoint(folder: RunFolder) -> tuple[CheckpointRecord, dict[str, torch.Tensor]]:
    """Return record and tensors of the folder's checkpoint; errors as in `load_checkpoint_record`."""
    return _load(folder.checkpoint, folder)


def _is_recovery_checkpoint(folder: RunFolder) -> bool:
    return folder.checkpoint.exists() and load_checkpoint_record(folder).position.is_recovery_point


def load_recovery_checkpoint(folder: RunFolder) -> tuple[CheckpointRecord, dict[str, torch.Tensor]] | None:
    """Return record and tensors of the last recovery checkpoint, None for the start; errors as for a checkpoint."""
    if not folder.checkpoint.exists():
        return None
    if _is_recovery_checkpoint(folder):
        return load_checkpoint(folder)
    return _load(folder.recovery_checkpoint, folder) if folder.recovery_checkpoint.exists() else None


def _load(path: Path, folder: RunFolder) -> tuple[CheckpointRecord, dict[str, torch.Tensor]]:
    record, tensors = read_tensor_file(path, _KIND)
    return _checked(record, folder), tensors


def resumed_config(folder: Path, given: Mapping[str, Any]) -> TrainConfig:
    """Return the settings that the run in `folder` is resumed with: its own.

    `given` are those that the user names again, of which only the device may differ; None means not given.

    Raises:
        TrainingError: there is no run to resume, it has other settings than those given, or one given is wrong.
        ModelError: the checkpoint is damaged.
    """
    run = RunFolder(folder)
    run.require_run()
    record = load_checkpoint_record(run)
    named = {name: value for name, value in given.items() if value is not None}
    if named.get("start_from", NEW_MODEL) != NEW_MODEL:
        named["start_from"] = absolute_model(named["start_from"])
    length = dict.fromkeys(_LENGTHS) if named.keys() & _LENGTHS else {}
    config = checked_config(record.config.model_dump() | length | named)
    record.require_same_settings(config, run)
    return config


def _checked(stored: dict[str, Any], folder: RunFolder) -> CheckpointRecord:
    config = stored.get("config")
    if isinstance(config, dict):  # landseg 0.1 knew no teachers: its runs are resumed without one
        stored = stored | {"config": {"teacher_weight": 0.0, **config}}
    try:
        record = _RECORD.validate_python(stored)
    except pydantic.ValidationError as error:
        raise _of_another_version(folder) from error
    if not record.normalisation.fits(len(record.normalisation.mean)):
        raise _of_another_version(folder)
    return record


def _of_another_version(folder: RunFolder) -> TrainingError:
    return TrainingError(
        N_(
            "{path} is the checkpoint of another version of landseg; start a new run",
            path=folder.checkpoint,
        )
    )


def image_mark(data: TrainingData) -> str:
    """Return a hash of what the images of both sides hold, wherever they lie and whatever they are called.

    Raises:
        RasterError: an image cannot be read.
    """
    views = {area.image: area.view for area in (*data.train, *data.val)}
    paths = sorted(views, key=lambda path: (path.stem, str(path)))
    step = max(1, -(-len(paths) // MOST_IMAGES))
    digest = hashlib.blake2b(digest_size=12)
    for path in paths[::step]:
        digest.update(_mark(path, views[path], data.bands).encode())
    return digest.hexdigest()


def _mark(path: Path, view: RasterView, bands: tuple[int, ...]) -> str:
    with RasterSource(path) as source:
        return fingerprint(source, view.bands or bands)
