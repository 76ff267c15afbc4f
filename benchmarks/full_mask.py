"""The baseline of painting: the whole mask as one array, and the whole view drawn anew at every move of the mouse."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from landseg_core.labels.classes import UNLABELLED, ClassSchema

SIDE = 16_384
"""px of the mask: 256 MiB, where that of the whole raster would take 5.8 GB."""
_OPACITY = 0.6
_WIDTH, _HEIGHT = 1600, 900
_CORNER = 4000


class FullMaskView(QWidget):
    """Paints circles and thick lines with OpenCV into a mask, and shows it blended over a picture at 1:1."""

    def __init__(self, picture: npt.NDArray[np.uint8], schema: ClassSchema) -> None:
        """`picture` is (900, 1600, 3) uint8."""
        super().__init__()
        self.setFixedSize(_WIDTH, _HEIGHT)
        self.mask = np.full((SIDE, SIDE), UNLABELLED, np.uint8)
        self.diameter, self.value = 100, 0
        self._picture = picture
        self._colours = schema.colour_table()[np.newaxis, :, :3]
        self._last: QPointF | None = None

    def blended(self) -> npt.NDArray[np.uint8]:
        """Return the (900, 1600, 3) view."""
        part = self.mask[_CORNER : _CORNER + _HEIGHT, _CORNER : _CORNER + _WIDTH]
        colours = cv2.LUT(cv2.merge([part] * 3), self._colours)
        mixed = cv2.addWeighted(self._picture, 1 - _OPACITY, colours, _OPACITY, 0)
        cv2.copyTo(self._picture, (part == UNLABELLED).view(np.uint8), mixed)
        return mixed

    def fill(self, side: int, value: int) -> npt.NDArray[np.uint8]:
        """Give a square of `side` px a value; return the former values."""
        square = self.mask[_CORNER : _CORNER + side, _CORNER : _CORNER + side]
        former = square.copy()
        square[:] = value
        return former

    def put_back(self, former: npt.NDArray[np.uint8]) -> None:
        """Undo `fill`, and draw."""
        side = len(former)
        self.mask[_CORNER : _CORNER + side, _CORNER : _CORNER + side] = former
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._last = event.position()

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        self._last = None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        ends = [(int(place.x()) + _CORNER, int(place.y()) + _CORNER) for place in (self._last, event.position())]
        cv2.line(self.mask, *ends, self.value, self.diameter)
        self._last = event.position()
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        view = self.blended()
        with QPainter(self) as painter:
            painter.drawImage(0, 0, QImage(view.data, _WIDTH, _HEIGHT, 3 * _WIDTH, QImage.Format.Format_RGB888))
