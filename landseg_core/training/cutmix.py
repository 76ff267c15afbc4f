"""Chips with a piece of another one in them: what a place is must be told from it, not from what is usual around it.

CutMix (Yun et al., ICCV 2019), as French et al. use it on maps of classes ("Semi-supervised semantic segmentation needs
strong, varied perturbations", BMVC 2020): pixels and labels of a rectangle are taken from another chip of the batch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch

LEAST_AREA, LARGEST_AREA = 0.1, 0.5
"""Share of a chip that the rectangle takes."""
ELONGATION = 0.5
"""Largest natural logarithm of its sides' ratio."""


def mixed(
    pictures: torch.Tensor, labels: torch.Tensor, share: float, seed: Sequence[int]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return copies of (N, C, H, W) pictures and (N, H, W) labels, a share of them with a rectangle of the next one.

    The same `seed` (whole numbers) gives the same rectangles on every device.
    """
    rng = np.random.default_rng(tuple(seed))
    new_pictures, new_labels = pictures.clone(), labels.clone()
    for chip, takes in enumerate(rng.random(len(pictures)) < share):
        if takes:
            giver = (chip + 1) % len(pictures)
            rows, columns = _rectangle(rng, *labels.shape[1:])
            new_pictures[chip, :, rows, columns] = pictures[giver, :, rows, columns]
            new_labels[chip, rows, columns] = labels[giver, rows, columns]
    return new_pictures, new_labels


def _rectangle(rng: np.random.Generator, height: int, width: int) -> tuple[slice, slice]:
    """Return the rows and columns of a rectangle anywhere in a chip."""
    side = math.sqrt(rng.uniform(LEAST_AREA, LARGEST_AREA))
    longer = math.exp(rng.uniform(-ELONGATION, ELONGATION) / 2)
    return _part(rng, height, side * longer), _part(rng, width, side / longer)


def _part(rng: np.random.Generator, length: int, share: float) -> slice:
    """Return a share of `length` px, anywhere in it."""
    part = min(length, max(1, round(share * length)))
    start = int(rng.integers(length - part + 1))
    return slice(start, start + part)
