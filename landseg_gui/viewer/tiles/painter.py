"""Turns the pixels of a tile into what Qt draws. Uses QImage only, so that worker threads may call it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QImage

from landseg_core.labels.classes import UNLABELLED
from landseg_core.raster.stretch import Rendering


def rendered_image(pixels: npt.NDArray[Any], valid: npt.NDArray[np.bool_], rendering: Rendering) -> QImage:
    """Return the (C, H, W) pixels of the bands of `rendering` as an image to draw.

    Where `valid` (H, W) is False it is transparent.
    """
    rgba = np.ascontiguousarray(rendering.to_rgba(pixels, valid))
    height, width = valid.shape
    image = QImage(rgba.data, width, height, width * 4, QImage.Format.Format_RGBA8888_Premultiplied)
    # RGB32 is drawn in half the time; converting also copies, so that numpy's buffer may go.
    opaque = bool((rgba[..., 3] == 255).all())
    wanted = QImage.Format.Format_RGB32 if opaque else QImage.Format.Format_ARGB32_Premultiplied
    return image.convertToFormat(wanted)


def unlabelled_where_invalid(values: npt.NDArray[np.uint8], valid: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    """Return (H, W) mask values, in which what has no data counts as unlabelled."""
    return values if valid.all() else np.where(valid, values, np.uint8(UNLABELLED))


def occurring(values: npt.NDArray[np.uint8]) -> frozenset[int]:
    """Return which of (H, W) mask values occur."""
    if values.size == 0:
        return frozenset()
    counts = cv2.calcHist([np.ascontiguousarray(values)], [0], None, [256], [0, 256])
    return frozenset(np.flatnonzero(counts).tolist())


def index_image(values: npt.NDArray[np.uint8]) -> QImage:
    """Return (H, W) mask values as an image of indices, to be coloured."""
    values = np.ascontiguousarray(values)
    height, width = values.shape
    image = QImage(values.data, width, height, width, QImage.Format.Format_Indexed8).copy()
    image.setColorTable([0] * 256)
    return image


def coloured(indices: QImage, colours: Sequence[int], *, opaque: bool = False) -> QImage:
    """Return an image of indices in the given 256 colours 0xAARRGGBB, ready to draw; `opaque`: no pixel lets through.

    Qt would turn an opaque one with alpha into another for its pixmap, and both would stay in memory.
    """
    indices.setColorTable(list(colours))
    wanted = QImage.Format.Format_RGB32 if opaque else QImage.Format.Format_ARGB32_Premultiplied
    return indices.convertToFormat(wanted)
