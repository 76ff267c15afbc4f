"""Splits what is labelled into areas to train on and areas to validate on, by blocks that hold labels.

Blocks are large compared with a chip, so that a model is not validated on what it has nearly been trained on: 1024 px
if that gives enough blocks with labels, else 512 or 256 px, if chips are no larger. If even these are too few, each
image is bisected through its labels. Between training and validation areas of an image there is a buffer. Instead of
blocks, whole images can be held back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from landseg_core.data.split.bisect import bisect
from landseg_core.data.split.buffers import BUFFER, ImageWindow, apply_buffer
from landseg_core.data.split.label_buffer import buffer_labels
from landseg_core.data.split.label_grid import Counts, Indices, LabelGrid, LabelTile, count_cells
from landseg_core.data.split.label_regions import LabelRegion, Size, blocks, counts_of
from landseg_core.data.split.splits import (
    ENOUGH_PIXELS,
    FEWEST_BLOCKS,
    LARGEST_BLOCK,
    ONE_IMAGE,
    VALIDATION_SHARE,
    LabelsTooSmallError,
    Split,
    SplitAssignment,
    SplitBy,
)
from landseg_core.errors import DatasetError
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema
from landseg_core.messages import N_

LABEL_BLOCK_SIZES = (LARGEST_BLOCK, 512, 256)
"""Sides of a block in px, the preferred one first."""
FAIR_SHARES = (0.1, 0.4)
"""A split outside these shares for validation is used only if there is no better one."""
CELL, FINE_CELL = 128, 8
"""Sides in px of the squares in which labels are counted: to split by blocks, and to bisect."""
WHOLE = 1 << 30
"""The side in px of blocks that every image fits into."""
_ATTEMPTS = 8

Chosen = npt.NDArray[np.bool_]
"""(blocks,) True for those that validate."""
AssignedParts = list[tuple[LabelRegion, bool]]
"""Parts, and whether they validate."""


def label_split(
    read_tiles: Callable[[], Iterable[LabelTile]],
    sizes: Sequence[Size],
    schema: ClassSchema,
    seed: int,
    chip: int,
    *,
    buffer: int = BUFFER,
    by: SplitBy = "blocks",
) -> Split:
    """Split the labels of images of `sizes` (width, height) so that about a fifth of the labelled px validate.

    The windows hold the labels with as much around them as chips of `chip` px show, except for those to train on within
    `buffer` px of a window to validate on; a buffer that would leave too few labels is narrower, see `Split.buffer`.
    No block is both trained and validated on; each class with enough labels is, if the blocks allow it. The same
    labels, seed and chip give the same split.

    Args:
        read_tiles: gives the label tiles of all images; called up to three times.
        sizes: of the images, by their number in the tiles.
        schema: the classes.
        seed: of the random choice.
        chip: side of the training windows in px.
        buffer: the distance between training and validation areas in px.
        by: whether blocks validate or whole images.

    Raises:
        DatasetError: nothing is labelled, the labelled area is too small, or `by` images and only one is labelled.
    """
    rng = np.random.Generator(np.random.Philox(seed))
    images = images_of(count_cells(read_tiles(), schema, CELL), sizes)
    if not images:
        raise DatasetError(N_("nothing is labelled yet; label some areas of each class first"))
    if by == "images":
        block, assigned = WHOLE, _by_image(images, rng)
    else:
        block, assigned = _by_blocks(images, sizes, chip, rng) or (
            block_sizes(chip)[-1],
            _by_bisection(images_of(count_cells(read_tiles(), schema, FINE_CELL), sizes), rng),
        )
    return split_of(assigned, sizes, chip, block, read_tiles=read_tiles, buffer=buffer, schema=schema)


def split_of(
    assigned: AssignedParts,
    sizes: Sequence[Size],
    chip: int,
    block: int,
    *,
    read_tiles: Callable[[], Iterable[LabelTile]],
    buffer: int,
    schema: ClassSchema,
    trains: Sequence[ImageWindow] = (),
) -> Split:
    """Return the split for parts of images of which it is known whether they validate.

    All other areas are to be divided into blocks of `block` px. Nothing in `trains` validates, even next to labels that
    do. Large parts are divided into blocks, so that chips are drawn evenly from them; what is trained on is reduced by
    the buffer as in `label_split`.
    """
    divided = [
        (block_of, validates)
        for part, validates in assigned
        for block_of in blocks(part, sizes[part.image], LABEL_BLOCK_SIZES[0])
    ]
    train, val = (
        tuple((part.image, window) for part, at in divided if at is validates for window in part.windows(chip))
        for validates in (False, True)
    )
    val = tuple(apply_buffer(val, trains, 0))
    rest, distance = buffer_labels(read_tiles, train, val, buffer, schema)
    assignment = SplitAssignment(block, tuple((part.image, part.limit, at) for part, at in assigned), rest)
    return Split(rest, val, distance, assignment)


def images_of(cells: LabelGrid, sizes: Sequence[Size]) -> list[LabelRegion]:
    """Return the images that hold labels, each as one part."""
    return [LabelRegion(PixelWindow(0, 0, *sizes[int(own.image[0])]), own) for own in cells.by_image()]


# --- by blocks


def _by_blocks(
    images: Sequence[LabelRegion], sizes: Sequence[Size], chip: int, rng: np.random.Generator
) -> tuple[int, AssignedParts] | None:
    """Return the block size that gives a good split, or else the best, and its blocks; None if all give too few."""
    best: tuple[tuple[int, bool], tuple[int, AssignedParts]] | None = None
    for side in block_sizes(chip):
        parts = [part for image in images for part in blocks(image, sizes[image.image], side)]
        if len(parts) < FEWEST_BLOCKS:
            continue
        counts = counts_of(parts)
        chosen = choose_blocks(counts, rng)
        if not chosen.any():  # each block is the last of some class
            continue
        share = _share(counts, chosen)
        fault = _unseen(counts, chosen), not FAIR_SHARES[0] <= share <= FAIR_SHARES[1]
        if best is None or fault < best[0]:
            best = fault, (side, list(zip(parts, chosen.tolist(), strict=True)))
    return best[1] if best else None


def block_sizes(chip: int) -> list[int]:
    """Return the block sizes to try: those that are not smaller than a chip, or else the largest."""
    return [side for side in LABEL_BLOCK_SIZES if side >= chip] or [LABEL_BLOCK_SIZES[0]]


def choose_blocks(
    counts: Counts, rng: np.random.Generator, kept: Chosen | None = None, fixed: Chosen | None = None
) -> Chosen:
    """Choose the blocks to validate on, given their (blocks, K) labelled px: the best of some random attempts.

    Blocks that are True in the (blocks,) `fixed` are given: they validate where they are True in `kept`.
    """
    none = np.zeros(len(counts), np.bool_)
    kept, fixed = (none if given is None else given for given in (kept, fixed))
    attempts = [_Choice(counts, rng.permutation(len(counts)), kept, fixed).made() for _ in range(_ATTEMPTS)]
    return min(attempts, key=lambda chosen: (_unseen(counts, chosen), abs(_share(counts, chosen) - VALIDATION_SHARE)))


class _Choice:
    """Chooses blocks class by class, the rarest first, until about a fifth of each class validates.

    After Sechidis, Tsoumakas, Vlahavas, "On the Stratification of Multi-Label Data", 2011. No class loses its last
    block to train on.
    """

    def __init__(self, counts: Counts, order: Indices, kept: Chosen, fixed: Chosen) -> None:
        self._counts, self._order = counts, order.tolist()
        self._holds = counts > 0
        self._chosen, self._free = kept.copy(), ~fixed
        self._left = self._holds[~kept].sum(axis=0)  # blocks to train on, by class

    def made(self) -> Chosen:
        """Return the blocks that validate."""
        for number in np.argsort(self._left, kind="stable").tolist():
            self._add_class(number)
        return self._chosen

    def _add_class(self, number: int) -> None:
        pixels = self._counts[:, number]
        holders = [block for block in self._order if self._holds[block, number]]
        wanted = VALIDATION_SHARE * pixels.sum() - pixels[self._chosen].sum()
        for block in filter(self._may_take, holders):
            if pixels[block] < 2 * wanted:  # it brings the share closer
                self._take(block)
                wanted -= pixels[block]
        if not self._chosen[holders].any():
            smallest = min(filter(self._may_take, holders), key=lambda block: int(pixels[block]), default=None)
            if smallest is not None:
                self._take(smallest)

    def _may_take(self, block: int) -> bool:
        return bool(self._free[block] and not self._chosen[block] and (self._left[self._holds[block]] > 1).all())

    def _take(self, block: int) -> None:
        self._chosen[block] = True
        self._left[self._holds[block]] -= 1


def _unseen(counts: Counts, chosen: Chosen) -> int:
    """Return how many classes have enough labels, and none to validate on."""
    return int(((counts.sum(axis=0) >= ENOUGH_PIXELS) & (counts[chosen].sum(axis=0) == 0)).sum())


def _share(counts: Counts, chosen: Chosen) -> float:
    return float(counts[chosen].sum() / counts.sum())


# --- by image


def _by_image(images: Sequence[LabelRegion], rng: np.random.Generator) -> AssignedParts:
    """Return all images, some of them to validate on; the one with fewest labels if need be.

    Raises:
        DatasetError: only one image is labelled.
    """
    if len(images) < 2:
        raise DatasetError(ONE_IMAGE)
    counts = counts_of(images)
    chosen = choose_blocks(counts, rng)
    if not chosen.any():  # each image is the last of some class
        chosen[counts.sum(axis=1).argmin()] = True
    return list(zip(images, chosen.tolist(), strict=True))


# --- by bisection


def _by_bisection(images: Sequence[LabelRegion], rng: np.random.Generator) -> AssignedParts:
    """Return both parts of each bisected image; an image with only a small labelled area is trained on.

    Raises:
        LabelsTooSmallError: all are.
    """
    assigned = [part for image in images for part in bisect(image, rng)]
    if not any(validates for _, validates in assigned):
        raise LabelsTooSmallError(
            N_(
                "the labelled areas are too small to hold back a part of them for validation; label larger areas, or "
                "at least five areas a few hundred pixels apart"
            )
        )
    return assigned
