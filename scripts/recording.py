"""Records a window as an animated WebP: frames at a steady pace, with the cursor drawn in."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QApplication, QWidget

FRAME_MS = 100
WIDTH = 960
"""px of the recording: text is still read."""
QUALITY = 55
_ARROW = ((0, 0), (0, 17), (4, 13), (7, 19), (10, 18), (7, 12), (12, 12))
_PRESSED = QColor(255, 200, 0, 150)


class Recorder(QObject):
    """Grabs `window` every `FRAME_MS` from `start` to `stop`; `save` writes what it has."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._frames: list[npt.NDArray[np.uint8]] = []
        self._cursor = QPoint()
        self._pressed = False
        self._timer = QTimer(self, interval=FRAME_MS)
        self._timer.timeout.connect(self._grab)

    def start(self) -> None:
        """Begin, or go on."""
        QApplication.instance().installEventFilter(self)
        self._timer.start()

    def stop(self) -> None:
        """Pause."""
        self._timer.stop()
        QApplication.instance().removeEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Follow the mouse, which tests move without a cursor."""
        if isinstance(event, QMouseEvent):
            self._cursor = self._window.mapFromGlobal(event.globalPosition().toPoint())
            self._pressed = bool(event.buttons())
        return False

    def _grab(self) -> None:
        shown = self._window.grab()
        painter = QPainter(shown)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._pressed:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(_PRESSED)
            painter.drawEllipse(self._cursor, 14, 14)
        painter.setPen(QPen(Qt.GlobalColor.black, 1.2))
        painter.setBrush(Qt.GlobalColor.white)
        painter.drawPolygon(QPolygonF([QPointF(self._cursor) + QPointF(x, y) for x, y in _ARROW]))
        painter.end()
        scaled = shown.toImage().scaledToWidth(WIDTH, Qt.TransformationMode.SmoothTransformation)
        self._frames.append(_bgr(scaled))

    def save(self, path: Path) -> float:
        """Write the frames; return the seconds that they last. A frame that is like the one before prolongs that."""
        animation = cv2.Animation()
        frames, durations = _merged(self._frames)
        animation.frames, animation.durations = frames, durations
        if not cv2.imwriteanimation(str(path), animation, [cv2.IMWRITE_WEBP_QUALITY, QUALITY]):
            raise OSError(f"{path} cannot be written")
        return sum(durations) / 1000


def _bgr(image: QImage) -> npt.NDArray[np.uint8]:
    rgb = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(rgb.constBits(), np.uint8).reshape(rgb.height(), rgb.bytesPerLine())
    return np.ascontiguousarray(rows[:, : 3 * rgb.width()].reshape(rgb.height(), rgb.width(), 3)[..., ::-1])


def _merged(frames: list[npt.NDArray[np.uint8]]) -> tuple[list[npt.NDArray[np.uint8]], list[int]]:
    """Return the frames that differ from the one before, and for how many ms each is shown."""
    kept: list[npt.NDArray[np.uint8]] = []
    durations: list[int] = []
    for frame in frames:
        if kept and np.array_equal(frame, kept[-1]):
            durations[-1] += FRAME_MS
        else:
            kept.append(frame)
            durations.append(FRAME_MS)
    return kept, durations
