"""Copies the labels of a project for a run: masks that do not change while a network is trained on them.

The masks are in the run's own folder, so that the run can be resumed with exactly the same labels, and repeated. They
are sparse GeoTIFFs: their size on disk depends on the painted area, not on the image.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pydantic

from landseg_core.errors import DatasetError, TrainingError
from landseg_core.events import JobControl, Notice, OnEvent, ignore_event
from landseg_core.geo.tiling import TileKey
from landseg_core.input_files import read_file
from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.pyramid import Tile
from landseg_core.messages import N_, Text
from landseg_core.output_files import OutputFiles, made_folder, unwritable
from landseg_core.progress import ProgressMeter
from landseg_core.project.outside.changes import require_unmoved
from landseg_core.project.sparse_mask import write_sparse_mask
from landseg_core.raster.alpha import AUTO

if TYPE_CHECKING:
    from landseg_core.project.images import ImageEntry
    from landseg_core.project.project import Project
    from landseg_core.project.project_view import ReadView


LABELS_FOLDER = "labels"
"""The subfolder of a run's folder that holds the labels that it is trained on."""
_RECORD = "labels.json"


@dataclass(frozen=True)
class LabelMask:
    """The labels of one image as they were; `stem` is unique in its snapshot.

    `mask` has the grid of the file of `image`, even where the project keeps another one. `alpha` is that of the image,
    see `raster.alpha`.
    """

    image_id: int
    stem: str
    image: Path
    mask: Path
    alpha: str = AUTO


@dataclass(frozen=True)
class LabelSnapshot:
    """The labels of a project in its `label_state`, of all images that had some, copied to `folder`."""

    schema: ClassSchema
    label_state: str
    masks: tuple[LabelMask, ...]
    folder: Path


@contextmanager
def labels_of_run(run: Path, kept_with: Sequence[Path]) -> Iterator[Path]:
    """Give the folder for the labels of a run, not yet made.

    If the `with` block fails and none of the files `kept_with` exists, the run has left nothing else: its labels are
    removed, and so are folders made for them.
    """
    folder = run / LABELS_FOLDER
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        yield folder
    except BaseException:
        if not any(path.exists() for path in kept_with):
            shutil.rmtree(folder, ignore_errors=True)
            for path in missing:
                with suppress(OSError):
                    path.rmdir()
        raise


def snapshot(
    project: Project, folder: Path, on_event: OnEvent = ignore_event, control: JobControl | None = None
) -> LabelSnapshot:
    """Copy the labels of all images into `folder`, replacing those of an earlier snapshot; from any thread.

    Queued edits are stored first. Images that are missing or have no labels are left out, with a `Notice`.

    Raises:
        DatasetError: no image that can be found has labels.
        ProjectError: earlier edits cannot be stored, the labels cannot be read, or an image's georeference has changed.
        OutputError: a mask cannot be written; the folder is as it was.
        JobStopped: the user asked for it; the folder is as it was.
    """
    images, control = present_images(project, on_event), control or JobControl()
    with made_folder(folder), OutputFiles(overwrite=True) as outputs:
        with _settled(project, control) as (view, state):
            masks = _Copying(view, outputs, folder, control).copy(images, on_event)
            taken = LabelSnapshot(view.schema, state, masks, folder)
        if not masks:
            raise DatasetError(_no_labels(project, images))
        if unlabelled := len(images) - len(masks):
            on_event(
                Notice(
                    N_(
                        "%n of {images} images have no labels and are left out",
                        n=unlabelled,
                        one="one of {images} images has no labels and is left out",
                        images=len(images),
                    )
                )
            )
        _record(outputs, folder, taken)
        for stale in set(folder.glob("*.tif")) - {mask.mask for mask in masks}:
            outputs.drop(stale)
    return taken


def _no_labels(project: Project, present: Sequence[ImageEntry]) -> Text:
    """Return the sentence for a project none of whose `present` images is labelled."""
    if len(present) < len(project.images):
        return N_(
            "{path} has no labels on images that can be found; relink the others (landseg project relink)",
            path=project.path,
        )
    return N_("{path} has no labels to train on yet; paint some areas of each class first", path=project.path)


@contextmanager
def _settled(project: Project, control: JobControl) -> Iterator[tuple[ReadView, str]]:
    """Give a view of the project and its label state at that moment; a stroke in between means to try again."""
    while True:
        control.checkpoint()
        state = project.history.state
        with project.read_transaction() as view:
            if project.history.state == state:
                yield view, state
                return


def load_snapshot(folder: Path, images: Mapping[int, Path]) -> LabelSnapshot:
    """Return the snapshot that `snapshot` left in `folder`; `images` are their current paths by id.

    Raises:
        TrainingError: there is none, or it is damaged.
    """
    path = folder / _RECORD
    try:
        record = _Record.model_validate_json(read_file(path))
    except (OSError, pydantic.ValidationError) as error:
        raise TrainingError(
            N_(
                "{path} cannot be read: the run was not started from a project, or its folder is incomplete; start a "
                "new run",
                path=path,
            )
        ) from error
    masks = [
        LabelMask(
            mask.image_id, mask.stem, images.get(mask.image_id, mask.image), folder / f"{mask.stem}.tif", mask.alpha
        )
        for mask in record.masks
    ]
    return LabelSnapshot(record.classes, record.label_state, tuple(masks), folder)


def present_images(project: Project, on_event: OnEvent = ignore_event) -> tuple[ImageEntry, ...]:
    """Return the images of a project whose files exist; a `Notice` names the others."""
    missing = [image.path.name for image in project.images if image.missing]
    if missing:
        on_event(
            Notice(
                N_(
                    "%n images cannot be found and are left out: {images}; relink them to train on them",
                    n=len(missing),
                    one="the image {images} cannot be found and is left out; relink it to train on it",
                    images=", ".join(missing),
                )
            )
        )
    return tuple(image for image in project.images if not image.missing)


class _RecordedMask(pydantic.BaseModel):
    image_id: int
    stem: str
    image: Path
    alpha: str = AUTO


class _Record(pydantic.BaseModel):
    """What `labels.json` holds."""

    label_state: str
    classes: ClassSchema
    masks: list[_RecordedMask]


def _record(outputs: OutputFiles, folder: Path, taken: LabelSnapshot) -> None:
    masks = [_RecordedMask.model_validate(mask, from_attributes=True) for mask in taken.masks]
    record = _Record(label_state=taken.label_state, classes=taken.schema, masks=masks)
    path = folder / _RECORD
    unfinished = outputs.add(path)
    try:
        unfinished.write_text(record.model_dump_json(indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise unwritable(path, error) from error


@dataclass(frozen=True)
class _Copying:
    """Copies the label tiles of images to masks in `folder`."""

    view: ReadView
    outputs: OutputFiles
    folder: Path
    control: JobControl

    def copy(self, images: Sequence[ImageEntry], on_event: OnEvent) -> tuple[LabelMask, ...]:
        """Write the mask of every image that has labels, and return these masks."""
        keys = {image.id: self.view.keys(image.id) for image in images}
        meter = ProgressMeter("copying labels", sum(map(len, keys.values())), on_event)
        stems, masks = unique_stems(images), []
        for image in images:
            if keys[image.id]:
                require_unmoved(image, on_event)
                path = self.folder / f"{stems[image.id]}.tif"
                tiles = self._tiles(image, meter)
                write_sparse_mask(self.outputs.add(path), path, image.known_grid, self.view.schema, tiles)
                masks.append(LabelMask(image.id, stems[image.id], image.path, path, image.alpha))
        return tuple(masks)

    def _tiles(self, image: ImageEntry, meter: ProgressMeter) -> Iterator[tuple[TileKey, Tile]]:
        for item in self.view.tiles(image.id):
            self.control.checkpoint()
            yield item
            meter.add(1)


def unique_stems(images: Sequence[ImageEntry]) -> dict[int, str]:
    """Return a name for each image, by its id: its file's stem, with the id behind it where stems collide."""
    counts = Counter(image.name.casefold() for image in images)  # some file systems ignore case
    stems = {
        image.id: image.name if counts[image.name.casefold()] == 1 else f"{image.name}-{image.id}" for image in images
    }
    if len({stem.casefold() for stem in stems.values()}) == len(stems):
        return stems
    return {image.id: f"{image.name}-{image.id}" for image in images}


_BEFORE = "before"
"""The subfolder of a run's labels that holds those of the parent run."""


def save_previous_labels(folder: Path, earlier_run: Path) -> None:
    """Copy the labels of a run into `folder`, that of the labels of another run; nothing where it has none.

    This way a fine-tuned run can be resumed, and fine-tuned in turn, after the earlier run is deleted.

    Raises:
        OutputError: they cannot be written.
    """
    source, target = earlier_run / LABELS_FOLDER, folder / _BEFORE
    if not source.is_dir():
        return
    with made_folder(target), OutputFiles(overwrite=True) as outputs:
        for file in sorted(source.iterdir()):
            if file.is_file():
                unfinished = outputs.add(target / file.name)
                try:
                    shutil.copyfile(file, unfinished)
                except OSError as error:
                    raise unwritable(target / file.name, error) from error


def delete_previous_labels(folder: Path) -> None:
    """Delete what `save_previous_labels` left in `folder`.

    Raises:
        OutputError: it cannot be deleted.
    """
    try:
        if (folder / _BEFORE).exists():
            shutil.rmtree(folder / _BEFORE)
    except OSError as error:
        raise unwritable(folder / _BEFORE, error) from error


def load_previous_labels(labels: LabelSnapshot) -> LabelSnapshot | None:
    """Return the labels of the same project that the parent run was trained on; None where there are none.

    A project counts as the same if an image has the same number and the same file name; then all images are matched by
    number, since files may move.

    Raises:
        TrainingError: the record is damaged.
    """
    folder = labels.folder / _BEFORE
    if not folder.is_dir():
        return None
    previous = load_snapshot(folder, {})
    names = {mask.image_id: mask.image.name for mask in labels.masks}
    if not any(names.get(mask.image_id) == mask.image.name for mask in previous.masks):
        return None
    return previous
