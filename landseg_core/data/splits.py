"""Splits images into ground to train on and ground to validate on, by blocks: chips of one place must not be in both.

Neighbouring chips of one image look alike, so a random choice of chips would let a model validate on what it has
nearly seen. Blocks are large against the chip (256 px): 1024 px where there are enough of them, else 512 px. Where
even these are too few, each image is cut in two by a straight line instead. Between both sides of an image lies a
buffer that nothing is trained on. Instead of blocks, whole images can be held back.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from landseg_core.data.buffers import BUFFER, KEPT_SHARE, Placed, cut_back, distances
from landseg_core.errors import DatasetError
from landseg_core.geo.window import PixelWindow

VALIDATION_SHARE = 0.2
BLOCK_SIZES = (1024, 512)
"""Sides of a block in px, the preferred one first; real blocks differ by up to a half, to fit the image evenly."""
FEWEST_BLOCKS = 5  # one over the validation share
SMALLEST_CUT = 64
"""An image with no longer side (px) is not cut in two."""
ENOUGH_PIXELS = 1000
"""A class with fewer labelled px may be missing on the validation side: its figures would mean little."""
ONE_IMAGE = (
    "only one image is labelled, so none can be held back to validate on; label a second one, or split by blocks"
)


SplitBy = Literal["blocks", "images"]
"""What validates: blocks of the images, or some images whole."""


@dataclass(frozen=True)
class Ground:
    """Parts of images, none over another, each with the number of its image and whether it validates.

    Whatever is labelled there later stays on its side. `block` is the side in px of the blocks that ground beyond is
    cut into; `trained` are the windows that runs were trained on, which what validates keeps its distance from.
    """

    block: int
    parts: tuple[tuple[int, PixelWindow, bool], ...]
    trained: tuple[Placed, ...] = ()


@dataclass(frozen=True)
class Split:
    """Windows to train and to validate on, each with the number of its image, and the `ground` that they lie on.

    `buffer` px lie between both at least.
    """

    train: tuple[Placed, ...]
    val: tuple[Placed, ...]
    buffer: int = 0
    ground: Ground = Ground(BLOCK_SIZES[0], ())


def spatial_split(
    sizes: Sequence[tuple[int, int]], seed: int = 0, *, buffer: int = BUFFER, by: SplitBy = "blocks"
) -> Split:
    """Split images of `sizes` (width, height) in px so that about a fifth of all pixels validate.

    No pixel is in two windows, and none to train on within `buffer` px of one to validate on: what lies between is in
    no window, nor are narrow strips along what is left. A buffer that would leave too little to train on is narrower;
    the split tells. The same sizes and seed give the same split.

    Raises:
        DatasetError: there are too few blocks, and every image is too small to cut; or there is only one image.
    """
    rng = np.random.Generator(np.random.Philox(seed))
    split = _by_image(sizes, rng) if by == "images" else _by_block(sizes, rng)
    return _apart(split, buffer)


def _apart(split: Split, buffer: int) -> Split:
    wanted = KEPT_SHARE * _pixels(split.train)
    tried = ((distance, cut_back(split.train, split.val, distance)) for distance in distances(buffer))
    distance, train = next((distance, train) for distance, train in tried if _pixels(train) >= wanted)
    return Split(tuple(train), split.val, distance)


def _pixels(windows: Sequence[Placed]) -> int:
    return sum(window.pixels for _, window in windows)


def _by_image(sizes: Sequence[tuple[int, int]], rng: np.random.Generator) -> Split:
    """Hold some images back; the smallest where that is nearer to the wanted share than any of a random choice.

    Raises:
        DatasetError: there is only one image.
    """
    if len(sizes) < 2:
        raise DatasetError(ONE_IMAGE)
    images = [(number, PixelWindow(0, 0, *size)) for number, size in enumerate(sizes)]
    split = _choose(images, rng)
    if split.val and split.train:
        return split
    smallest = min(images, key=lambda image: image[1].pixels)
    return Split(tuple(image for image in images if image != smallest), (smallest,))


def _by_block(sizes: Sequence[tuple[int, int]], rng: np.random.Generator) -> Split:
    for size in BLOCK_SIZES:
        blocks = [(image, window) for image, sides in enumerate(sizes) for window in _blocks(*sides, size)]
        if len(blocks) >= FEWEST_BLOCKS:
            return _choose(blocks, rng)
    return _cut(sizes, rng)


def _blocks(width: int, height: int, size: int) -> list[PixelWindow]:
    """Return the even blocks of about `size` px that make up an image, row by row."""
    rows, columns = _even_cuts(height, size), _even_cuts(width, size)
    return [
        PixelWindow(x, y, right - x, bottom - y)
        for y, bottom in itertools.pairwise(rows)
        for x, right in itertools.pairwise(columns)
    ]


def _even_cuts(length: int, size: int) -> list[int]:
    count = max(1, round(length / size))
    return [length * index // count for index in range(count + 1)]


def _choose(blocks: Sequence[tuple[int, PixelWindow]], rng: np.random.Generator) -> Split:
    """Take blocks in random order for validation while that brings their share closer to the wanted one.

    The smallest of `FEWEST_BLOCKS` blocks holds no more than the wanted share, so neither side stays empty.
    """
    wanted = VALIDATION_SHARE * sum(window.pixels for _, window in blocks)
    chosen: set[int] = set()
    taken = 0
    for index in rng.permutation(len(blocks)).tolist():
        pixels = blocks[index][1].pixels
        if abs(taken + pixels - wanted) < abs(taken - wanted):
            chosen.add(index)
            taken += pixels
    return Split(
        tuple(block for index, block in enumerate(blocks) if index not in chosen),
        tuple(block for index, block in enumerate(blocks) if index in chosen),
    )


def _cut(sizes: Sequence[tuple[int, int]], rng: np.random.Generator) -> Split:
    """Cut each image across its longer side; one too small for it is trained on whole."""
    train, val = [], []
    for image, (width, height) in enumerate(sizes):
        whole = PixelWindow(0, 0, width, height)
        if max(width, height) < SMALLEST_CUT:
            train.append((image, whole))
            continue
        larger, smaller = _cut_one(whole, validate_first=bool(rng.integers(2)))
        train.append((image, larger))
        val.append((image, smaller))
    if not val:
        raise DatasetError(
            f"the images are too small to keep a part for validation (under {SMALLEST_CUT} px); "
            "name images to train and to validate on in two list files"
        )
    return Split(tuple(train), tuple(val))


def _cut_one(whole: PixelWindow, *, validate_first: bool) -> tuple[PixelWindow, PixelWindow]:
    """Return the part to train on and the part to validate on."""
    length = max(whole.width, whole.height)
    validation = round(length * VALIDATION_SHARE)
    line = validation if validate_first else length - validation
    if whole.width >= whole.height:
        parts = PixelWindow(0, 0, line, whole.height), PixelWindow(line, 0, length - line, whole.height)
    else:
        parts = PixelWindow(0, 0, whole.width, line), PixelWindow(0, line, whole.width, length - line)
    return (parts[1], parts[0]) if validate_first else parts
