"""The visible part of the image, as an array."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage, QPainter

from landseg_core.geo.window import PixelWindow
from landseg_gui.viewer.frame import ViewFrame
from landseg_gui.viewer.tiles.feed import TileFeed


class ViewPixels(NamedTuple):
    """The visible part of the image as it is displayed, black where it has no data or is not loaded yet.

    `rgb` is (H, W, 3) uint8, a pixel for every 2**`level` px of the raster; `window` is what it covers, in raster px,
    cut at the raster's right and lower edge.
    """

    rgb: npt.NDArray[np.uint8]
    window: PixelWindow
    level: int


def read_view(feed: TileFeed[Any], frame: ViewFrame) -> ViewPixels | None:
    """Return what `feed` has loaded of what `frame` shows, at the level drawn; None where it has nothing.

    Coarser tiles stand in for those not loaded yet.
    """
    pyramid = feed.layer.reader.pyramid
    seen = frame.visible(pyramid.width, pyramid.height)
    if seen is None:
        return None
    level = pyramid.level_for_scale(frame.scale)
    found = {key: feed.best(key) for key in pyramid.tiles_in(level, seen)}
    if not any(found.values()):
        return None
    window = _level_window(seen, level)
    image = QImage(window.width, window.height, QImage.Format.Format_RGB888)
    image.fill(0)
    with QPainter(image) as painter:
        for key, best in found.items():
            if best:
                tile = pyramid.tile_window(key).shifted(-window.x, -window.y)
                _draw(painter, tile, *best)
    return ViewPixels(_rgb(image), _raster_window(window, level, pyramid.width, pyramid.height), level)


def _draw(painter: QPainter, tile: PixelWindow, image: QImage, part: QRect | None) -> None:
    painter.drawImage(QRect(tile.x, tile.y, tile.width, tile.height), image, part or image.rect())


def _level_window(seen: PixelWindow, level: int) -> PixelWindow:
    """Return the pixels of `level` that a window of the raster touches, in px of that level."""
    x, y = seen.x >> level, seen.y >> level
    return PixelWindow(x, y, ((seen.right - 1) >> level) + 1 - x, ((seen.bottom - 1) >> level) + 1 - y)


def _raster_window(window: PixelWindow, level: int, width: int, height: int) -> PixelWindow:
    x, y = window.x << level, window.y << level
    return PixelWindow(x, y, min(window.right << level, width) - x, min(window.bottom << level, height) - y)


def _rgb(image: QImage) -> npt.NDArray[np.uint8]:
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()
