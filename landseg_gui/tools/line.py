"""The line: a road or a river by clicks along its middle, as wide as the options bar says."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainterPath, QPainterPathStroker, QPolygonF

from landseg_core.labels.regions import StrokeRegion
from landseg_gui.tools.context import Ring
from landseg_gui.tools.vertices import VertexTool
from landseg_gui.viewer.overlay import Shape


class Line(VertexTool):
    """Each click adds a vertex; Enter or a double click paints the band around the line, round at bends and ends."""

    fewest = 2

    def use(self, vertices: Ring, value: int) -> None:
        """Paint the band."""
        region = StrokeRegion(vertices, self.context.settings.line_width)
        self.context.paint(region, value, self.context.step_name(self.spec.title, value))

    def step_size(self, steps: int) -> None:
        """Make the band wider or narrower."""
        self.context.settings.step_line(steps)

    def preview(self) -> list[Shape]:
        """Return the outline of the band up to the cursor, and its middle."""
        middle = QPainterPath()
        middle.addPolygon(QPolygonF([QPointF(*position) for position in self.draft.positions]))
        shape = self.context.outline(_band(middle, self.context.settings.line_width), self.value)
        return [shape, Shape(middle, self.context.colour(self.value), None, dashed=True)]


def _band(middle: QPainterPath, width: float) -> QPainterPath:
    """Return the outline of what lies within half of `width` (raster px) of a path."""
    stroker = QPainterPathStroker()
    stroker.setWidth(width)
    stroker.setCapStyle(Qt.PenCapStyle.RoundCap)
    stroker.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return stroker.createStroke(middle).simplified()
