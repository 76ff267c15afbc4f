"""Corrects a model with the labels of a project, and keeps the correction there."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from landseg_core.assistant.correction_rows import (
    MOST_LABELLED,
    Part,
    RowReader,
    class_table,
    labelled_pixels,
    labelled_windows,
    replay_windows,
    usable_images,
)
from landseg_core.assistant.corrections import CorrectionHead, fit_correction
from landseg_core.errors import DatasetError, ProjectError
from landseg_core.events import JobControl, OnEvent, ignore_event
from landseg_core.messages import N_, Text
from landseg_core.progress import ProgressMeter
from landseg_core.project.project import Project

if TYPE_CHECKING:
    from landseg_core.models.bundle import ModelBundle
    from landseg_core.project.correction_table import CorrectionEntry
    from landseg_core.raster.model_reference import ModelReference


@dataclass(frozen=True)
class FittedCorrection:
    """A correction head, and to how many labelled px of how many images it was fitted."""

    head: CorrectionHead
    pixels: int
    images: int


def correct_model(
    project: Project,
    bundle: ModelBundle,
    device: str = "auto",
    on_event: OnEvent = ignore_event,
    control: JobControl | None = None,
) -> FittedCorrection:
    """Fit a correction head for `bundle` to all labels of a project; nothing is stored.

    The labels are those of the classes that the model predicts, by name. Replay pixels are drawn from all images. The
    same labels, images and model give the same head, but for rounding. Events: `Progress` in windows, `Notice`.

    Raises:
        ModelError: the model does not come from a file.
        DatasetError: no image that the model can be used on has labels of its classes.
        ProjectError, RasterError: labels or images cannot be read.
        DeviceError: this computer has no such device.
        JobStopped: `control` asked for it.
    """
    model_hash, header, control = bundle.file_reference.hash, bundle.header, control or JobControl()
    classes = class_table(project, header, on_event)
    with ExitStack() as opened:
        images = list(usable_images(project, header, opened, on_event))
        windows = labelled_windows(project, images, classes)
        if not windows:
            raise DatasetError(_no_labels(project))
        from landseg_core.assistant.last_layer import LastLayer  # all that needs no torch has been checked

        pixels = sum(labelled_pixels(project, image, classes) for image in images)
        reader = RowReader(LastLayer(bundle, device), project, classes, MOST_LABELLED / pixels)
        _read_all(reader, windows, list(replay_windows(images)), on_event, control)
        if reader.is_empty:
            raise DatasetError(_no_labels(project))
        fitted = fit_correction(reader.labelled, reader.class_indices, reader.replay)
        trained = tuple(image.record(blocks) for image in images if (blocks := reader.blocks.get(image.entry.id)))
    head = CorrectionHead.of_fit(model_hash, header.schema.values, fitted, trained, pixels)
    return FittedCorrection(head, pixels, len(trained))


def _read_all(
    reader: RowReader, labelled: Sequence[Part], replay: Sequence[Part], on_event: OnEvent, control: JobControl
) -> None:
    meter = ProgressMeter(N_("correcting the model"), len(labelled) + len(replay), on_event)
    for read, parts in ((reader.read_labels, labelled), (reader.read_replay, replay)):
        for image, window in parts:
            control.checkpoint()
            read(image, window)
            meter.add(1)


def _no_labels(project: Project) -> Text:
    return N_(
        "{path} has no labels of the model's classes on images that it can be used on; paint some first",
        path=project.path,
    )


def keep_correction(project: Project, bundle: ModelBundle, head: CorrectionHead) -> CorrectionEntry:
    """Store a head for `bundle` in the project; predictions with this model and this project then use it.

    Raises:
        ProjectError: the project cannot be changed, or has no room for it.
    """
    return project.corrections.add(head.model_hash, bundle.file_reference.title, head.to_bytes())


def kept_correction(path: Path, model: ModelReference) -> CorrectionHead:
    """Return the newest head for a model that the project file at `path` holds.

    Raises:
        ProjectError: it is no project, cannot be read, or holds none for this model.
        ModelError: the head is damaged.
    """
    with Project.open(path, read_only=True) as project:
        entry = _entry(project, model)
        name = N_("the correction number {number} in {path}", number=entry.id, path=path)
        return CorrectionHead.from_bytes(project.corrections.data(entry.id), name)


def require_correction(path: Path, model: ModelReference) -> None:
    """Check, without torch, that the project file at `path` holds a head for a model.

    Raises:
        ProjectError: it is no project, cannot be read, or holds none for this model.
    """
    with Project.open(path, read_only=True) as project:
        _entry(project, model)


def _entry(project: Project, model: ModelReference) -> CorrectionEntry:
    entry = project.corrections.of_model(model.hash)
    if entry is None:
        raise ProjectError(
            N_(
                "{path} holds no correction of the model {model} as it is now; make one (landseg project correct)",
                path=project.path,
                model=model.title,
            )
        )
    return entry
