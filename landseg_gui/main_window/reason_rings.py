"""Rings around the labels that speak for the suggestion under the cursor, so that a bad stroke is found."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPointF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QPainterPath

from landseg_gui.session.assistant.reasons import Why
from landseg_gui.session.session import Session
from landseg_gui.viewer.overlay import Shape
from landseg_gui.viewer.viewport import Viewport

_GROUP = "reasons"
_RADIUS = 12.0  # px of the screen
_WIDTH = 2.5  # of the line, px of the screen


class ReasonRings(QObject):
    """Follows the cursor over a viewport; while a button is down, it stays out of the way."""

    def __init__(self, session: Session, viewport: Viewport) -> None:
        super().__init__(viewport)
        self._session, self._viewport = session, viewport
        for signal in (viewport.left, viewport.frame_changed, session.suggestions.changed, session.layers.changed):
            signal.connect(self.clear)

    def explain(self, column: float, row: float) -> str:
        """Show which labels speak for what is suggested at a position in raster px, and return it as a sentence."""
        why = self._session.suggestions.why(column, row)
        if why is None or QGuiApplication.mouseButtons() != Qt.MouseButton.NoButton:
            self.clear()
        else:
            self._viewport.overlay.show(_GROUP, self._rings(why))
        return why.text if why else ""

    def clear(self) -> None:
        """Remove the rings."""
        self._viewport.overlay.clear(_GROUP)

    def _rings(self, why: Why) -> list[Shape]:
        radius = _RADIUS * self._viewport.devicePixelRatioF() / self._viewport.scale_factor
        path = QPainterPath()
        for position in why.positions:
            path.addEllipse(QPointF(*position), radius, radius)
        return [Shape(path, QColor(why.colour), None, width=_WIDTH)] if why.positions else []
