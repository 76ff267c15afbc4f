"""What a split into training and validation areas is: no chip may overlap both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from landseg_core.data.split.buffers import ImageWindow
from landseg_core.errors import DatasetError
from landseg_core.geo.window import PixelWindow
from landseg_core.messages import N_

VALIDATION_SHARE = 0.2
LARGEST_BLOCK = 1024
"""The preferred side of a block in px."""
FEWEST_BLOCKS = 5  # one over the validation share
SMALLEST_BISECTED = 64
"""An image with no longer side (px) is not bisected."""
ENOUGH_PIXELS = 1000
"""A class with fewer labelled px may be missing from the validation areas: its accuracy would mean little."""
ONE_IMAGE = N_(
    "only one image is labelled, so none can be held back for validation; label a second one, or split by blocks"
)


class LabelsTooSmallError(DatasetError):
    """All labelled areas are so small that none of them can be held back for validation."""


class EmptySetError(DatasetError):
    """All labels are in areas that an earlier run has assigned to training, or all in areas assigned to validation."""


SplitBy = Literal["blocks", "images"]
"""What validates: blocks of the images, or some images whole."""


@dataclass(frozen=True)
class SplitAssignment:
    """Disjoint parts of images, each with the number of its image and whether it validates.

    Whatever is labelled there later has the same use. `block` is the side in px of the blocks that all other areas are
    divided into; `trained` are the windows that runs were trained on, from which what validates keeps its distance.
    """

    block: int
    parts: tuple[tuple[int, PixelWindow, bool], ...]
    trained: tuple[ImageWindow, ...] = ()


@dataclass(frozen=True)
class Split:
    """Windows to train and to validate on, each with the number of its image, and the `assignment` of areas.

    At least `buffer` px lie between both.
    """

    train: tuple[ImageWindow, ...]
    val: tuple[ImageWindow, ...]
    buffer: int = 0
    assignment: SplitAssignment = SplitAssignment(LARGEST_BLOCK, ())
