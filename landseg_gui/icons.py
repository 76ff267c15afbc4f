"""Line icons that take the colour of the text, so that they follow light and dark automatically."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QIconEngine, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from landseg_core.resource_files import resource_path

_COLOUR_GROUPS = {
    QIcon.Mode.Normal: QPalette.ColorGroup.Active,
    QIcon.Mode.Active: QPalette.ColorGroup.Active,
    QIcon.Mode.Selected: QPalette.ColorGroup.Active,
    QIcon.Mode.Disabled: QPalette.ColorGroup.Disabled,
}


class _LineIconEngine(QIconEngine):
    """Draws an SVG whose lines are `currentColor` in the text colour of the palette in force."""

    def __init__(self, name: str, role: QPalette.ColorRole) -> None:
        super().__init__()
        self._name = name
        self._role = role

    def clone(self) -> QIconEngine:
        return _LineIconEngine(self._name, self._role)

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, _state: QIcon.State) -> None:
        colour = QApplication.palette().color(_COLOUR_GROUPS[mode], self._role)
        side = min(rect.width(), rect.height())
        square = QRectF(0, 0, side, side)
        square.moveCenter(QRectF(rect).center())
        _renderer(self._name, colour.name()).render(painter, square)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        if pixmap.isNull():  # a button without a size yet requests an empty one
            return pixmap
        pixmap.fill(Qt.GlobalColor.transparent)
        with QPainter(pixmap) as painter:
            self.paint(painter, QRect(0, 0, size.width(), size.height()), mode, state)
        return pixmap


@lru_cache(maxsize=256)
def _renderer(name: str, colour: str) -> QSvgRenderer:
    text = resource_path(f"icons/{name}.svg").read_text(encoding="utf-8")
    return QSvgRenderer(QByteArray(text.replace("currentColor", colour).encode()))


def icon(name: str, role: QPalette.ColorRole = QPalette.ColorRole.ButtonText) -> QIcon:
    """Return the line icon `name` of `resources/icons`, drawn in the palette's colour of `role`."""
    return QIcon(_LineIconEngine(name, role))


def switch_icon(name: str, off_name: str) -> QIcon:
    """Return an icon for a checkable button: `name` when it is on, `off_name` when it is off."""
    return QIcon(_SwitchEngine(name, off_name))


class _SwitchEngine(_LineIconEngine):
    """Draws one icon for the checked state and another, fainter one for the unchecked state."""

    def __init__(self, name: str, off_name: str) -> None:
        super().__init__(name, QPalette.ColorRole.ButtonText)
        self._appearances = {
            QIcon.State.On: (name, QPalette.ColorRole.ButtonText),
            QIcon.State.Off: (off_name, QPalette.ColorRole.PlaceholderText),
        }

    def clone(self) -> QIconEngine:
        return _SwitchEngine(*(name for name, _ in self._appearances.values()))

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        self._name, self._role = self._appearances[state]
        super().paint(painter, rect, mode, state)


def colour_swatch(colour: str, side: int = 14) -> QIcon:
    """Return a rounded square of `colour` (`#rrggbb`)."""
    ratio = 2
    pixmap = QPixmap(side * ratio, side * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    with QPainter(pixmap) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(colour).darker(135))
        painter.setBrush(QColor(colour))
        painter.drawRoundedRect(QRectF(0.5, 0.5, side - 1, side - 1), 3.5, 3.5)
    swatch = QIcon(pixmap)
    swatch.addPixmap(pixmap, QIcon.Mode.Selected)  # or a selected row would tint it
    return swatch


def application_icon() -> QIcon:
    """Return landseg's own icon."""
    return QIcon(str(resource_path("icons/landseg.svg")))
