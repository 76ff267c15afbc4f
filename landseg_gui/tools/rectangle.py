"""The rectangle: paints from where the button went down to where it goes up."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath

from landseg_core.labels.regions import Place, RectangleRegion
from landseg_gui.tools.drag import DragTool


class Rectangle(DragTool):
    """An upright rectangle between the first and the last place of the drag."""

    def region(self, way: list[Place]) -> RectangleRegion | None:
        """Return the pixels between the two corners."""
        return RectangleRegion(way[0], way[-1]) if len(way) > 1 else None

    def path(self, way: list[Place]) -> QPainterPath:
        """Return the rectangle."""
        path = QPainterPath()
        path.addRect(QRectF(QPointF(*way[0]), QPointF(*way[-1])).normalized())
        return path
