"""The rectangle: paints from where the button went down to where it goes up."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath

from landseg_core.labels.regions import Position, RectangleRegion
from landseg_gui.tools.drag import DragTool


class Rectangle(DragTool):
    """An upright rectangle between the first and the last position of the drag."""

    def region(self, points: list[Position]) -> RectangleRegion | None:
        """Return the pixels between the two corners."""
        return RectangleRegion(points[0], points[-1]) if len(points) > 1 else None

    def path(self, points: list[Position]) -> QPainterPath:
        """Return the rectangle."""
        path = QPainterPath()
        path.addRect(QRectF(QPointF(*points[0]), QPointF(*points[-1])).normalized())
        return path
