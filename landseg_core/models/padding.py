"""Continues pictures up to the size that a network can halve."""

from __future__ import annotations

import torch
from torch.nn import functional


def padded_to_multiple(pictures: torch.Tensor, multiple: int, at_least: int = 0) -> torch.Tensor:
    """Return (N, C, H, W) `pictures` continued at the right and bottom up to the next multiple of `multiple` px.

    Height and width are `at_least` px in the end, which is a multiple as well.

    The edge pixels are repeated: zeros would draw an edge that is not in the picture, and a mirror needs a picture
    larger than the padding, where this takes even a single pixel.
    """
    height, width = pictures.shape[-2:]
    right, bottom = -width % multiple, -height % multiple
    if at_least:
        right, bottom = max(right, at_least - width), max(bottom, at_least - height)
    if not (right or bottom):
        return pictures
    return functional.pad(pictures, (0, right, 0, bottom), mode="replicate")
