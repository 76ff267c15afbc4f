"""What a split into ground to train on and ground to validate on is: chips of one place must not be in both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from landseg_core.data.split.buffers import Placed
from landseg_core.errors import DatasetError
from landseg_core.geo.window import PixelWindow

VALIDATION_SHARE = 0.2
LARGEST_BLOCK = 1024
"""The preferred side of a block in px."""
FEWEST_BLOCKS = 5  # one over the validation share
SMALLEST_BISECTED = 64
"""An image with no longer side (px) is not cut in two."""
ENOUGH_PIXELS = 1000
"""A class with fewer labelled px may be missing on the validation side: its figures would mean little."""
ONE_IMAGE = (
    "only one image is labelled, so none can be held back to validate on; label a second one, or split by blocks"
)


class LabelsTooSmallError(DatasetError):
    """All labels lie in spots so small that none of them can be kept for validation."""


class OneSidedError(DatasetError):
    """All labels lie on ground that an earlier run has put on one side, to train or to validate."""


SplitBy = Literal["blocks", "images"]
"""What validates: blocks of the images, or some images whole."""


@dataclass(frozen=True)
class SplitAssignment:
    """Parts of images, none over another, each with the number of its image and whether it validates.

    Whatever is labelled there later stays on its side. `block` is the side in px of the blocks that ground beyond is
    cut into; `trained` are the windows that runs were trained on, which what validates keeps its distance from.
    """

    block: int
    parts: tuple[tuple[int, PixelWindow, bool], ...]
    trained: tuple[Placed, ...] = ()


@dataclass(frozen=True)
class Split:
    """Windows to train and to validate on, each with the number of its image, and the `assignment` of areas.

    `buffer` px lie between both at least.
    """

    train: tuple[Placed, ...]
    val: tuple[Placed, ...]
    buffer: int = 0
    assignment: SplitAssignment = SplitAssignment(LARGEST_BLOCK, ())
