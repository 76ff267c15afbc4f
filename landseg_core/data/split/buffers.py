"""Keeps areas to train on at a distance from areas to validate on, since neighbouring pixels are correlated.

A chip is read only inside its area, so it is enough that the areas keep the distance.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from landseg_core.geo.rectangles import padded, subtract_all
from landseg_core.geo.window import PixelWindow
from landseg_core.messages import N_, Text

BUFFER = 64
"""The default distance in px: the width of a house or two at 10-50 cm per px, beyond which pixels of a class
look hardly more alike than elsewhere in the image."""
KEPT_SHARE = 0.5
"""A buffer that would leave less than this share of the labels to train on is made narrower, with a notice."""
_NARROWEST = 8

ImageWindow = tuple[int, PixelWindow]
"""The number of an image, and a window in it."""


def distances(buffer: int) -> list[int]:
    """Return the buffers to try: the wanted one, then halved repeatedly; the last is 0."""
    tried = [buffer]
    while tried[-1] >= 2 * _NARROWEST:
        tried.append(tried[-1] // 2)
    return tried if tried[-1] == 0 else [*tried, 0]


def apply_buffer(train: Sequence[ImageWindow], val: Sequence[ImageWindow], buffer: int) -> list[ImageWindow]:
    """Return windows that cover the part of `train` that is at least `buffer` px from `val` in the same image."""
    near = _Near(val, buffer)
    return [
        (image, piece) for image, window in train for piece in subtract_all(window, list(near.holes(image, window)))
    ]


class _Near:
    """Finds the windows that, padded by a margin, overlap another window of their image."""

    def __init__(self, windows: Sequence[ImageWindow], margin: int) -> None:
        self._windows = [(image, padded(window, margin)) for image, window in windows]
        bounds = [(image, w.x, w.y, w.right, w.bottom) for image, w in self._windows]
        self._bounds: npt.NDArray[np.int64] = np.array(bounds, np.int64).reshape(-1, 5)

    def holes(self, image: int, window: PixelWindow) -> Iterator[PixelWindow]:
        own, left, top, right, bottom = self._bounds.T
        near = (own == image) & (left < window.right) & (right > window.x)
        near &= (top < window.bottom) & (bottom > window.y)
        return (self._windows[number][1] for number in np.flatnonzero(near))


def buffer_notices(buffer: int, wanted: int) -> list[Text]:
    """Return the sentence for a buffer that had to be narrower than `wanted`."""
    if buffer >= wanted:
        return []
    sentence = N_(
        "the buffer between training and validation areas is only {buffer} px instead of {wanted} px, since more would "
        "leave under half of the labels to train on: the accuracy may be overestimated; label more areas, or other "
        "images",
        buffer=buffer,
        wanted=wanted,
    )
    return [sentence]
