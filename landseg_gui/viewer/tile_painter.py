"""Turns the pixels of a tile into what Qt draws. Uses QImage only, so that worker threads may call it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QImage

from landseg_core.labels.classes import UNLABELLED
from landseg_core.raster.stretch import Rendering


def picture_image(pixels: npt.NDArray[Any], valid: npt.NDArray[np.bool_], rendering: Rendering) -> QImage:
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


def index_image(values: npt.NDArray[np.uint8], valid: npt.NDArray[np.bool_]) -> QImage:
    """Return (H, W) mask values as an image of indices, to be coloured; without data they count as unlabelled."""
    filled = np.ascontiguousarray(np.where(valid, values, np.uint8(UNLABELLED)))
    height, width = filled.shape
    image = QImage(filled.data, width, height, width, QImage.Format.Format_Indexed8).copy()
    image.setColorTable([0] * 256)
    return image


def coloured(indices: QImage, colours: Sequence[int]) -> QImage:
    """Return an image of indices in the given 256 colours 0xAARRGGBB, ready to draw."""
    indices.setColorTable(list(colours))
    return indices.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
