"""Splits what is labelled in pairs of images and masks, the way that the labels of a project are split."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from landseg_core.data.areas import ImagePair, LabelledArea
from landseg_core.data.checks import CheckedAreas
from landseg_core.data.label_cells import LabelTile
from landseg_core.data.label_split import label_split
from landseg_core.data.mask_tiles import mask_tiles
from landseg_core.data.masks import MaskSource, ValueMapping
from landseg_core.data.splits import LabelsTooSmallError, Split, SplitBy
from landseg_core.errors import DatasetError
from landseg_core.events import JobControl, OnEvent
from landseg_core.labels.classes import ClassSchema
from landseg_core.progress import ProgressMeter


@dataclass(frozen=True)
class SplitOptions:
    """How labels are split: see `label_split`."""

    seed: int
    chip: int
    buffer: int
    by: SplitBy


def split_pairs(
    checked: CheckedAreas,
    schema: ClassSchema,
    options: SplitOptions,
    on_event: OnEvent,
    control: JobControl,
    mapping: ValueMapping | None = None,
) -> tuple[list[LabelledArea], list[LabelledArea], int]:
    """Return areas to train on and to validate on, and the distance between them; `checked` are whole images.

    Raises:
        DatasetError: what is labelled lies in small spots, or images are to be held back and only one is labelled.
        RasterError: a mask cannot be read.
        JobStopped: the user asked for it.
    """
    images = checked.areas
    read_tiles = _reader(images, lambda mask: MaskSource(mask, schema, mapping), on_event, control)
    split = _split(images, schema, options, read_tiles)
    pairs = [ImagePair(area.stem, area.image, area.mask) for area in images]
    train, val = ([pairs[number].area(window) for number, window in side] for side in (split.train, split.val))
    return train, val, split.buffer


def _split(
    images: Sequence[LabelledArea],
    schema: ClassSchema,
    options: SplitOptions,
    read_tiles: Callable[[], Iterator[LabelTile]],
) -> Split:
    sizes = [(area.window.width, area.window.height) for area in images]
    try:
        return label_split(read_tiles, sizes, schema, options.seed, options.chip, buffer=options.buffer, by=options.by)
    except LabelsTooSmallError as error:
        raise DatasetError(
            "too little is labelled, or in spots too small, to keep a part of it for validation; label more, or name "
            "images to train and to validate on in two list files"
        ) from error


def _reader(
    images: Sequence[LabelledArea], open_mask: Callable[[Path], MaskSource], on_event: OnEvent, control: JobControl
) -> Callable[[], Iterator[LabelTile]]:
    """Return what reads the tiles of all masks that hold labels, with the number of their image."""
    total = sum(area.window.pixels for area in images)

    def read() -> Iterator[LabelTile]:
        meter = ProgressMeter("finding labels", total, on_event)

        def piece_done(pixels: int) -> None:
            meter.add(pixels)
            control.checkpoint()

        for number, area in enumerate(images):
            for key, tile in mask_tiles(open_mask(area.mask), piece_done):
                yield number, key, tile

    return read
