"""Keeps ground to train on at a distance from ground to validate on: neighbouring pixels look alike.

A chip is read only inside its area, so it is enough that the areas keep the distance.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from landseg_core.geo.rectangles import padded, subtract_all
from landseg_core.geo.window import PixelWindow

BUFFER = 64
"""The distance in px, unless told otherwise: a house or two wide at 10-50 cm per px, beyond which pixels of a class
look hardly more alike than elsewhere in the image."""
KEPT_SHARE = 0.5
"""A buffer that would leave less than this share of the ground to train on is made narrower, and a notice says so."""
_NARROWEST = 8

Placed = tuple[int, PixelWindow]
"""The number of an image, and a window in it."""


def distances(buffer: int) -> list[int]:
    """Return the buffers to try, the wanted one first, halved again and again; the last is 0."""
    tried = [buffer]
    while tried[-1] >= 2 * _NARROWEST:
        tried.append(tried[-1] // 2)
    return tried if tried[-1] == 0 else [*tried, 0]


def apply_buffer(train: Sequence[Placed], val: Sequence[Placed], buffer: int) -> list[Placed]:
    """Return windows that make up what of `train` lies at least `buffer` px from all of `val` in the same image."""
    near = _Near(val, buffer)
    return [
        (image, piece) for image, window in train for piece in subtract_all(window, list(near.holes(image, window)))
    ]


class _Near:
    """Finds the windows that reach, grown by a margin, into another window of their image."""

    def __init__(self, windows: Sequence[Placed], margin: int) -> None:
        self._windows = [(image, padded(window, margin)) for image, window in windows]
        bounds = [(image, w.x, w.y, w.right, w.bottom) for image, w in self._windows]
        self._bounds: npt.NDArray[np.int64] = np.array(bounds, np.int64).reshape(-1, 5)

    def holes(self, image: int, window: PixelWindow) -> Iterator[PixelWindow]:
        own, left, top, right, bottom = self._bounds.T
        near = (own == image) & (left < window.right) & (right > window.x)
        near &= (top < window.bottom) & (bottom > window.y)
        return (self._windows[number][1] for number in np.flatnonzero(near))


def buffer_notices(buffer: int, wanted: int) -> list[str]:
    """Return the sentence for a buffer that had to be narrower than `wanted`."""
    if buffer >= wanted:
        return []
    sentence = (
        f"only {buffer} px lie between the ground to train on and the ground to validate on, not {wanted}: more would "
        "leave under half of it to train on, so the figures may flatter the model; label more ground, or other images"
    )
    return [sentence]
