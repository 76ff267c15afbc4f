"""Data sets of images and masks in folders, matched by stem."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from landseg_core.data.areas import LabelledArea
from landseg_core.data.lists import shortened
from landseg_core.data.loading.assembly import evaluation_set, split_data, training_data, whole_areas
from landseg_core.data.loading.extent import TRAIN_SHARE, Extent, image_grids, pixels_read
from landseg_core.data.loading.landcover_ai import names_tiles, tile_areas
from landseg_core.data.loading.pairs import PairedFolders
from landseg_core.data.read_options import AS_THEY_ARE, ReadOptions
from landseg_core.data.split.buffers import BUFFER
from landseg_core.data.split.folders import FindTrained, SplitOptions
from landseg_core.data.split.splits import SplitBy
from landseg_core.data.training_data import TrainingData
from landseg_core.errors import DatasetError
from landseg_core.events import JobControl, OnEvent, ignore_event
from landseg_core.input_files import AnyPath
from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.masks.value_mapping import mapped_indices
from landseg_core.messages import N_
from landseg_core.raster.alpha import AUTO

Areas = list[LabelledArea]


def folder_data(
    images: AnyPath,
    masks: AnyPath,
    schema: ClassSchema,
    train_list: AnyPath | None = None,
    val_list: AnyPath | None = None,
    *,
    seed: int = 0,
    chip: int = 256,
    read_options: ReadOptions = AS_THEY_ARE,
    split: SplitBy = "blocks",
    buffer: int = BUFFER,
    mapping: Mapping[str, str] | None = None,
    find_trained: FindTrained | None = None,
    on_event: OnEvent = ignore_event,
    control: JobControl | None = None,
) -> TrainingData:
    """Return the data set of two folders.

    With both lists, each names its images. With one, all other images that have a mask are the other set. Without,
    every image needs a mask, and blocks or whole images (`split`) of what is labelled are held back for validation,
    `buffer` px from what is trained on (`label_split`, the only use of `seed`, `chip`, `split` and `buffer`).

    `find_trained` finds the areas that the parent model was trained on: these never validate. `mapping` holds class
    names by value of the masks (a number, or a colour such as #0072b2), "" to leave a value out; it takes precedence
    over the masks themselves.

    Raises:
        DatasetError: folders, lists, images and masks do not fit together; the sentence names the file.
        InterchangeError: the mapping has a key that is not a value, or an unknown class.
        RasterError: a file cannot be read.
        JobStopped: the user asked for it.
    """
    values, folders = mapped_indices(mapping or {}, schema), PairedFolders(Path(images), Path(masks))
    if train_list is not None and val_list is not None:
        train, val = _two_lists(folders, Path(train_list), Path(val_list))
    elif train_list is not None:
        train, val = whole_areas(folders.listed(Path(train_list))), whole_areas(folders.not_listed(Path(train_list)))
    elif val_list is not None:
        train, val = whole_areas(folders.not_listed(Path(val_list))), whole_areas(folders.listed(Path(val_list)))
    else:
        options = SplitOptions(seed, chip, buffer, split, find_trained)
        return split_data(folders.all(), schema, options, read_options, on_event, control or JobControl(), values)
    return training_data(train, val, schema, on_event, control, read_options, mapping=values)


def folder_extent(
    images: Path,
    masks: Path,
    train_list: Path | None,
    val_list: Path | None,
    read_options: ReadOptions,
    control: JobControl,
) -> Extent:
    """Return the approximate size of the data of `folder_data`.

    Raises:
        DatasetError: folders or lists are missing or wrong.
        RasterError: an image cannot be opened.
        JobStopped: the user asked for it.
    """
    folders = PairedFolders(images, masks)
    if train_list is None and val_list is None:
        pixels = sum(pixels_read(image_grids(folders.all(), control), read_options))
        return Extent(TRAIN_SHARE * pixels, (1 - TRAIN_SHARE) * pixels)
    train, val = (
        folders.listed(own) if own else folders.not_listed(other)  # type: ignore[arg-type]  # one of them is given
        for own, other in ((train_list, val_list), (val_list, train_list))
    )
    grids = image_grids(train, control)
    pixels_of = pixels_read([*grids, *image_grids(val, control)], read_options)
    return Extent(sum(pixels_of[: len(grids)]), sum(pixels_of[len(grids) :]))


def evaluation_areas(
    images: AnyPath,
    masks: AnyPath,
    schema: ClassSchema,
    list_file: AnyPath | None = None,
    *,
    mapping: Mapping[str, str] | None = None,
    alpha_of: Callable[[Path], str] = lambda _image: AUTO,
    on_event: OnEvent = ignore_event,
    control: JobControl | None = None,
    large: bool = False,
) -> tuple[LabelledArea, ...]:
    """Return the checked areas to evaluate on: all images, or those that a list names.

    A list in which no name is an image, but names are tiles of images (`<image>_<k>`), is read as one of LandCover.ai.
    `alpha_of` returns the alpha to open an image with; see `raster.alpha`. `large`: the user agreed to a large job.
    Errors are those of `folder_data`.
    """
    values, folders = mapped_indices(mapping or {}, schema), PairedFolders(Path(images), Path(masks))
    if list_file is None:
        areas = whole_areas(folders.all())
    elif names_tiles(Path(list_file), folders):
        areas = tile_areas(folders, Path(list_file))
    else:
        areas = whole_areas(folders.listed(Path(list_file)))
    return evaluation_set(areas, schema, on_event, control, values, alpha_of, large=large)


def _two_lists(folders: PairedFolders, train_list: Path, val_list: Path) -> tuple[Areas, Areas]:
    train, val = folders.listed(train_list), folders.listed(val_list)
    both = [pair.stem for pair in train if pair in set(val)]
    if both:
        raise DatasetError(
            N_(
                "{train_list} and {val_list} both name {images}; use each image either for training or for validation",
                train_list=train_list,
                val_list=val_list,
                images=shortened(both),
            )
        )
    return whole_areas(train), whole_areas(val)
