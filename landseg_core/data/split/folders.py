"""Splits the labelled parts of pairs of images and masks, in the same way as the labels of a project."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from landseg_core.data.areas import LabelledArea
from landseg_core.data.checks import CheckedAreas
from landseg_core.data.split.buffers import ImageWindow, distances
from landseg_core.data.split.continued import SPLIT_IGNORED, continued_split
from landseg_core.data.split.label_grid import LabelTile
from landseg_core.data.split.spatial import CELL, FINE_CELL, label_split
from landseg_core.data.split.splits import (
    LARGEST_BLOCK,
    EmptySetError,
    LabelsTooSmallError,
    Split,
    SplitAssignment,
    SplitBy,
)
from landseg_core.errors import DatasetError
from landseg_core.events import JobControl, OnEvent
from landseg_core.geo.rectangles import disjoint
from landseg_core.geo.tiling import TileKey, pieces
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED, ClassSchema
from landseg_core.labels.masks.reader import MaskSource, ValueMapping
from landseg_core.labels.pyramid import TILE, Tile, Values
from landseg_core.messages import N_
from landseg_core.progress import ProgressMeter

_WIDTH = 16 * TILE
"""Masks are read in pieces this many px wide and a tile high: PNGs and striped TIFFs are decoded by whole rows."""


def mask_tiles(mask: MaskSource, piece_done: Callable[[int], None]) -> Iterator[tuple[TileKey, Tile]]:
    """Yield the tiles of a mask that hold labels, row by row; a value that no class has counts as unlabelled.

    `piece_done` gets the pixels of each piece that has been read.
    """
    table = mask.schema.value_table()
    for piece in pieces(mask.raster.grid.window, _WIDTH, TILE):
        yield from _tiles(table[mask.read_part(piece).labels], piece)
        piece_done(piece.pixels)


def _tiles(values: Values, piece: PixelWindow) -> Iterator[tuple[TileKey, Tile]]:
    """Yield the tiles of a row of tiles."""
    for x in range(0, piece.width, TILE):
        part = values[:, x : x + TILE]
        if (part != UNLABELLED).any():
            yield TileKey(0, piece.y // TILE, (piece.x + x) // TILE), _whole(part)


def _whole(part: Values) -> Tile:
    """Return a full tile from a `part` that may be cut at the edge of the image."""
    tile = np.full((TILE, TILE), UNLABELLED, np.uint8)
    tile[: part.shape[0], : part.shape[1]] = part
    return tile


_FEW_PIXELS = 1 << 24
"""If the images have more pixels than this together, labels are counted in coarse cells, to limit their number."""
FindTrained = Callable[[Sequence[LabelledArea]], Mapping[Path, Sequence[PixelWindow]]]
"""Returns the windows of the images of areas, by image, that an earlier model was trained on."""


@dataclass(frozen=True)
class SplitOptions:
    """How labels are split: see `label_split`.

    `find_trained` finds the areas that the parent model was trained on: none of them validates.
    """

    seed: int
    chip: int
    buffer: int
    by: SplitBy
    find_trained: FindTrained | None = None


class PairSplit(NamedTuple):
    """Areas to train on and to validate on, the distance between them, and notices about the split."""

    train: list[LabelledArea]
    val: list[LabelledArea]
    distance: int
    notices: tuple[str, ...] = ()


def split_pairs(
    checked: CheckedAreas,
    schema: ClassSchema,
    options: SplitOptions,
    on_event: OnEvent,
    control: JobControl,
    mapping: ValueMapping | None = None,
) -> PairSplit:
    """Return the split of `checked` whole images.

    Raises:
        DatasetError: the labelled areas are too small, or whole images are to validate and only one is labelled.
        RasterError: a mask cannot be read.
        JobStopped: the user asked for it.
    """
    images = checked.areas
    read_tiles = _reader(images, lambda mask: MaskSource(mask, schema, mapping), on_event, control)
    trained = _trained_windows(images, options)
    how = images, schema, options, read_tiles
    split = _split_around(trained, *how) if trained else _split(*how)
    pairs = [area.pair for area in images]
    train, val = ([pairs[number].area(window) for number, window in part] for part in (split.train, split.val))
    notices = (SPLIT_IGNORED,) if trained and options.by != "blocks" else ()
    return PairSplit(train, val, split.buffer, notices)


def _trained_windows(images: Sequence[LabelledArea], options: SplitOptions) -> list[ImageWindow]:
    """Return the windows that an earlier model was trained on, each with the number of its image."""
    found = options.find_trained(images) if options.find_trained else {}
    return [(number, window) for number, area in enumerate(images) for window in found.get(area.image, ())]


def _split_around(
    trained: Sequence[ImageWindow],
    images: Sequence[LabelledArea],
    schema: ClassSchema,
    options: SplitOptions,
    read_tiles: Callable[[], Iterator[LabelTile]],
) -> Split:
    """Return the split that validates on nothing of what was trained on, with the widest buffer that leaves both sides.

    The first run narrows its buffer where it would leave too little to train on (`label_split`); so does this one.
    """
    *wider, narrowest = distances(options.buffer)

    def split(buffer: int) -> Split:
        known = _known_assignment(trained, images, buffer)
        return continued_split(read_tiles, _sizes(images), schema, options.seed, options.chip, known, buffer=buffer)

    for buffer in wider:
        with suppress(EmptySetError):
            return split(buffer)
    return split(narrowest)


def _known_assignment(trained: Sequence[ImageWindow], images: Sequence[LabelledArea], buffer: int) -> SplitAssignment:
    """Return what was trained on as parts to train on, with a `buffer` around them."""
    side = FINE_CELL if sum(area.window.pixels for area in images) <= _FEW_PIXELS else CELL
    parts = [
        (number, inside, False)
        for number, area in enumerate(images)
        for window in disjoint([_in_cells(window, buffer, side) for image, window in trained if image == number])
        if (inside := window.intersection(area.window)) is not None
    ]
    return SplitAssignment(LARGEST_BLOCK, tuple(parts), tuple(trained))


def _in_cells(window: PixelWindow, margin: int, side: int) -> PixelWindow:
    """Return a window padded by `margin` px, and then to whole cells of `side` px."""
    (left, top), (right, bottom) = (
        [(corner - margin) // side * side for corner in (window.x, window.y)],
        [-(-(corner + margin) // side) * side for corner in (window.right, window.bottom)],
    )
    return PixelWindow(left, top, right - left, bottom - top)


def _split(
    images: Sequence[LabelledArea],
    schema: ClassSchema,
    options: SplitOptions,
    read_tiles: Callable[[], Iterator[LabelTile]],
) -> Split:
    try:
        return label_split(
            read_tiles, _sizes(images), schema, options.seed, options.chip, buffer=options.buffer, by=options.by
        )
    except LabelsTooSmallError as error:
        raise DatasetError(
            N_(
                "the labelled areas are too few or too small to hold back a part for validation; label more, or name "
                "images to train and to validate on in two list files"
            )
        ) from error


def _sizes(images: Sequence[LabelledArea]) -> list[tuple[int, int]]:
    return [(area.window.width, area.window.height) for area in images]


def _reader(
    images: Sequence[LabelledArea], open_mask: Callable[[Path], MaskSource], on_event: OnEvent, control: JobControl
) -> Callable[[], Iterator[LabelTile]]:
    """Return what reads the tiles of all masks that hold labels, with the number of their image."""
    total = sum(area.window.pixels for area in images)

    def read() -> Iterator[LabelTile]:
        meter = ProgressMeter(N_("finding labels"), total, on_event)

        def piece_done(pixels: int) -> None:
            meter.add(pixels)
            control.checkpoint()

        for number, area in enumerate(images):
            for key, tile in mask_tiles(open_mask(area.mask), piece_done):
                yield number, key, tile

    return read
