"""The data set made from the labels of a project."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from landseg_core.data.areas import ImagePair
from landseg_core.data.label_changes import PreviousLabels
from landseg_core.data.loading.assembly import training_data
from landseg_core.data.loading.extent import Extent, pixels_read
from landseg_core.data.read_options import AS_THEY_ARE, ReadOptions
from landseg_core.data.split.assignment import load_split, of_images, save_split
from landseg_core.data.split.buffers import BUFFER, buffer_notices
from landseg_core.data.split.continued import SPLIT_IGNORED, continued_split
from landseg_core.data.split.label_grid import LabelTile
from landseg_core.data.split.spatial import label_split
from landseg_core.data.split.splits import SplitBy
from landseg_core.data.training_data import TrainingData
from landseg_core.events import JobControl, OnEvent, ignore_event
from landseg_core.geo.window import PixelWindow
from landseg_core.models.header import model_path
from landseg_core.project.snapshot import (
    LABELS_FOLDER,
    LabelSnapshot,
    delete_previous_labels,
    load_previous_labels,
    load_snapshot,
    present_images,
    save_previous_labels,
    snapshot,
)
from landseg_core.project.sparse_mask import read_sparse_mask
from landseg_core.raster.source import RasterSource

if TYPE_CHECKING:
    from landseg_core.project.project import Project


@dataclass(frozen=True)
class SplitBlocks:
    """What a run would train and validate on in one image, in px of the image."""

    train: tuple[PixelWindow, ...]
    val: tuple[PixelWindow, ...]


def labels_for_run(
    project: Project,
    run: Path,
    *,
    resume: bool,
    start_from: str | None = None,
    on_event: OnEvent = ignore_event,
    control: JobControl | None = None,
) -> LabelSnapshot:
    """Return the labels for a run in the folder `run`: copied there now, or those that it started with; any thread.

    Those that the run of the model `start_from` was trained on, if it saved them, are copied as well.

    Raises:
        DatasetError: nothing is labelled.
        TrainingError: the run to resume did not start with the labels of a project.
        ProjectError: the project cannot be read.
        OutputError: the labels cannot be written.
        ModelError: there is no model to start from.
        JobStopped: the user asked for it.
    """
    if resume:
        return load_snapshot(run / LABELS_FOLDER, {image.id: image.path for image in project.images})
    folder = run / LABELS_FOLDER
    delete_previous_labels(folder)
    if start_from is not None:
        save_previous_labels(folder, model_path(start_from).parent)
    return snapshot(project, folder, on_event, control)


def project_data(
    labels: LabelSnapshot,
    seed: int,
    chip: int,
    on_event: OnEvent = ignore_event,
    control: JobControl | None = None,
    *,
    read_options: ReadOptions = AS_THEY_ARE,
    split: SplitBy = "blocks",
    buffer: int = BUFFER,
) -> TrainingData:
    """Return the data set of the labels that `snapshot` copied, split by blocks or by images; see `label_split`.

    If the labels of an earlier run are saved with them, areas keep their use for training or validation. The split
    assignment is saved in the folder of the labels.

    Raises:
        DatasetError: the labelled area is too small, the images differ in bands or type, or whole images are to
            validate and only one is labelled.
        RasterError: an image or a mask cannot be read.
        TrainingError: the split of the earlier run cannot be read.
        OutputError: the split cannot be written.
        JobStopped: the user asked for it.
    """
    control = control or JobControl()
    pairs = [ImagePair(mask.stem, mask.image, mask.mask, mask.alpha) for mask in labels.masks]

    def tiles() -> Iterator[LabelTile]:
        for number, pair in enumerate(pairs):
            for key, tile in read_sparse_mask(pair.mask):
                control.checkpoint()
                yield number, key, tile

    previous, ids = load_previous_labels(labels), [mask.image_id for mask in labels.masks]
    known = load_split(previous.folder) if previous else None
    how = tiles, [_size(pair) for pair in pairs], labels.schema, seed, chip
    divided = (
        continued_split(*how, of_images(known, ids), buffer=buffer)
        if known
        else label_split(*how, buffer=buffer, by=split)
    )
    save_split(labels.folder, divided.assignment, ids, known)
    train, val = ([pairs[number].area(window) for number, window in part] for part in (divided.train, divided.val))
    notices = [*buffer_notices(divided.buffer, buffer), *((SPLIT_IGNORED,) if known and split != "blocks" else ())]
    data = training_data(train, val, labels.schema, on_event, control, read_options, notices, own_masks=True)
    return replace(data, previous_labels=_by_image(previous, labels)) if previous else data


def _by_image(previous: LabelSnapshot, labels: LabelSnapshot) -> PreviousLabels:
    """Return the previous masks by the images as they are now."""
    masks = {mask.image_id: mask.mask for mask in previous.masks}
    return PreviousLabels(
        previous.schema, {mask.image: masks[mask.image_id] for mask in labels.masks if mask.image_id in masks}
    )


def label_blocks(
    project: Project,
    seed: int,
    chip: int,
    control: JobControl | None = None,
    *,
    split: SplitBy = "blocks",
    buffer: int = BUFFER,
) -> dict[int, SplitBlocks]:
    """Return by image id how `project_data` would split the labels that are stored now; from any thread.

    Raises:
        DatasetError: as `project_data`, except for differing images.
        ProjectError: the labels cannot be read.
        JobStopped: the user asked for it.
    """
    control = control or JobControl()
    images = present_images(project)
    with project.read_transaction() as view:

        def tiles() -> Iterable[LabelTile]:
            for number, image in enumerate(images):
                for key, tile in view.tiles(image.id):
                    control.checkpoint()
                    yield number, key, tile

        sizes = [(image.grid.width, image.grid.height) for image in images]
        divided = label_split(tiles, sizes, view.schema, seed, chip, buffer=buffer, by=split)
    return {
        image.id: SplitBlocks(
            *(tuple(window for at, window in part if at == number) for part in (divided.train, divided.val))
        )
        for number, image in enumerate(images)
    }


def project_extent(
    project: Project,
    seed: int,
    chip: int,
    control: JobControl,
    *,
    read_options: ReadOptions,
    split: SplitBy,
    buffer: int,
) -> Extent:
    """Return the approximate size of `project_data` for the labels stored now; errors are those of `label_blocks`."""
    blocks = label_blocks(project, seed, chip, control, split=split, buffer=buffer)
    grids = [image.grid for image in project.images if image.id in blocks]
    shares = [pixels / grid.window.pixels for pixels, grid in zip(pixels_read(grids, read_options), grids, strict=True)]
    sides = list(zip(blocks.values(), shares, strict=True))
    return Extent(
        sum(share * _pixels(part.train) for part, share in sides),
        sum(share * _pixels(part.val) for part, share in sides),
    )


def _pixels(windows: Iterable[PixelWindow]) -> int:
    return sum(window.pixels for window in windows)


def _size(pair: ImagePair) -> tuple[int, int]:
    with RasterSource(pair.mask) as mask:
        return mask.grid.width, mask.grid.height
