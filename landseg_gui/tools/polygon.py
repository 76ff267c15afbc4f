"""Polygons drawn by clicks: to paint them here; to use them for something else, in the tools that build on this."""

from __future__ import annotations

from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QPainterPath

from landseg_core.labels.regions import PolygonRegion, Position
from landseg_gui.tools.context import Ring
from landseg_gui.tools.vertices import VertexTool
from landseg_gui.viewer.overlay import Shape

_HANDLE = 4.0  # logical px on the screen
_HANDLE_COLOUR = QColor("#ffffff")


class Polygon(VertexTool):
    """Each click adds a vertex; Enter, a double click or a click on the first one closes and paints."""

    def add(self, position: Position) -> None:
        """Add a vertex, or close the polygon."""
        if self._is_on_first(position):
            self.finish()
        else:
            super().add(position)

    def _is_on_first(self, position: Position) -> bool:
        return self.is_shape and self.is_near(self.draft.vertices[0], position)

    def use(self, vertices: Ring, value: int) -> None:
        """Paint the polygon."""
        self.context.paint(PolygonRegion([vertices]), value, self.context.step_name(self.spec.title, value))

    def refresh(self) -> None:
        """Draw the polygon as it would be if it were closed at the cursor."""
        if self.is_busy:
            self.context.show([*self.preview(), self._first_vertex()])
        else:
            self.context.clear()

    def _first_vertex(self) -> Shape:
        """Return the ring around the first vertex, which is filled where a click would close the polygon."""
        cursor = self.draft.cursor
        radius = _HANDLE / self.context.screen_scale
        path = QPainterPath()
        path.addEllipse(QPointF(*self.draft.vertices[0]), radius, radius)
        closes = cursor is not None and self._is_on_first(cursor)
        return Shape(path, _HANDLE_COLOUR, _HANDLE_COLOUR if closes else None)

    def preview(self) -> list[Shape]:
        """Return how the polygon under way looks."""
        return [self.context.outline(self.draft.path(), self.value)]
