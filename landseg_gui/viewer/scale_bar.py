"""The scale bar over the image, in true ground metres or in pixels."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPainterPathStroker, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from landseg_gui.text import NO_BREAK_SPACE, three_digits

_LONGEST = 160  # logical px
_INSET = 4.5  # px from the left
_INK = QColor(255, 255, 255)
_HALO = QColor(0, 0, 0, 170)


def nice_length(longest: float) -> float:
    """Return the largest 1, 2 or 5 times a power of ten that is not more than `longest`."""
    power = 10.0 ** math.floor(math.log10(longest))
    return max(step * power for step in (1, 2, 5) if step * power <= longest * (1 + 1e-9))


def length_text(length: float, unit: str) -> str:
    """Return a length as people write it: `500 m`, `2 km`, `20 cm`, `100 px`."""
    if unit == "m" and length >= 1000:
        length, unit = length / 1000, "km"
    elif unit == "m" and length < 1:
        length, unit = length * 100, "cm"
    return f"{three_digits(length)}{NO_BREAK_SPACE}{unit}"


class ScaleBar(QWidget):
    """A bar of a round length, white with a dark rim, so that it can be read on any image."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, objectName="scale_bar")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.resize(self.sizeHint())
        self.length = 0.0
        self.unit = "px"
        self.bar_width = 0.0

    def sizeHint(self) -> QSize:
        """Return the room for the longest bar and its text."""
        return QSize(_LONGEST + 16, self.fontMetrics().height() + 20)

    def set_scale(self, scale: float, ground_resolution: float | None) -> None:
        """Set the scale: `scale` in logical px per raster px, `ground_resolution` in metres per raster px or None."""
        unit, per_pixel = ("m", ground_resolution) if ground_resolution else ("px", 1.0)
        length = nice_length(_LONGEST / scale * per_pixel)
        bar_width = length / per_pixel * scale
        if (unit, length, bar_width) != (self.unit, self.length, self.bar_width):
            self.unit, self.length, self.bar_width = unit, length, bar_width
            self.update()

    def text(self) -> str:
        """Return the length in words."""
        return length_text(self.length, self.unit)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the bar with its ends, and the text above it."""
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for path in (self._bar(), self._words()):
                painter.strokePath(path, QPen(_HALO, 3, c=Qt.PenCapStyle.RoundCap, j=Qt.PenJoinStyle.RoundJoin))
                painter.fillPath(path, _INK)

    def _bar(self) -> QPainterPath:
        """Return the bar's outline: a line with an upright at each end."""
        line = QPainterPath(QPointF(_INSET, self._base() - 6))
        line.lineTo(_INSET, self._base())
        line.lineTo(_INSET + self.bar_width, self._base())
        line.lineTo(_INSET + self.bar_width, self._base() - 6)
        stroker = QPainterPathStroker(QPen(_INK, 2, c=Qt.PenCapStyle.SquareCap, j=Qt.PenJoinStyle.MiterJoin))
        return stroker.createStroke(line)

    def _words(self) -> QPainterPath:
        words = QPainterPath()
        words.addText(QPointF(_INSET + 6, self._base() - 7), self.font(), self.text())
        return words

    def _base(self) -> float:
        return self.height() - 7.5
