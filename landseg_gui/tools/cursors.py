"""Mouse cursors drawn from the tools' icons: dark lines with a light rim, so that they are seen on any ground."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QCursor, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from landseg_core.resource_files import resource_path

_SIDE = 24  # px of the icons, and of the cursor
_DENSITY = 2  # device px per px: sharp on dense screens too
_LINE, _RIM = 'stroke-width="1.75"', 'stroke-width="5"'


@lru_cache(maxsize=16)
def icon_cursor(name: str, x: int, y: int) -> QCursor:
    """Return the icon `name` of `resources/icons` as a cursor that points with its pixel (`x`, `y`)."""
    pixmap = QPixmap(_SIDE * _DENSITY, _SIDE * _DENSITY)
    pixmap.setDevicePixelRatio(_DENSITY)
    pixmap.fill(Qt.GlobalColor.transparent)
    text = resource_path(f"icons/{name}.svg").read_text(encoding="utf-8")
    with QPainter(pixmap) as painter:
        _draw(painter, text.replace(_LINE, _RIM), "#ffffff")
        _draw(painter, text, "#111111")
    return QCursor(pixmap, x, y)


def _draw(painter: QPainter, text: str, colour: str) -> None:
    renderer = QSvgRenderer(QByteArray(text.replace("currentColor", colour).encode()))
    renderer.render(painter, QRectF(0, 0, _SIDE, _SIDE))
