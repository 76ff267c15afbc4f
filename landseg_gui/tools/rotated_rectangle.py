"""The rotated rectangle: one side by two clicks, the width by a third one."""

from __future__ import annotations

import math
from typing import ClassVar

from PySide6.QtGui import QPainterPath

from landseg_core.labels.regions import PolygonRegion, Position, rectangle_on
from landseg_gui.tools.context import Ring
from landseg_gui.tools.polygon_draft import ring_path
from landseg_gui.tools.vertices import VertexTool
from landseg_gui.viewer.overlay import Shape

_THINNEST = 3.0  # logical px on the screen: as far a hand may tremble in a double click


class RotatedRectangle(VertexTool):
    """Two clicks make a side; the third one, anywhere on the side opposite, paints without any key."""

    keys: ClassVar = {key: act for key, act in VertexTool.keys.items() if act == "undo_last"}

    def add(self, position: Position) -> None:
        """Add a vertex, unless it makes no side or no width yet; the third one paints."""
        if self.is_shape:  # painting was refused when it became one
            self.draft.undo_last()
        if self._extent(position) * self.context.screen_scale >= _THINNEST:
            super().add(position)
            self.finish()

    def _extent(self, position: Position) -> float:
        """Return how long, or how wide, a vertex at `position` would make the rectangle, in raster px."""
        vertices = self.draft.vertices
        if not vertices:
            return math.inf
        if len(vertices) == 1:
            return math.dist(vertices[0], position)
        _, near, far, _ = rectangle_on(vertices[0], vertices[1], position)
        return math.dist(near, far)

    def double_click(self, _position: Position) -> None:
        """Do nothing: both clicks have been handled."""

    def use(self, vertices: Ring, value: int) -> None:
        """Paint the rectangle."""
        region = PolygonRegion([rectangle_on(*vertices)])
        self.context.paint(region, value, self.context.step_name(self.spec.title, value))

    def preview(self) -> list[Shape]:
        """Return the first side up to the cursor, then the rectangle."""
        return [self.context.outline(self._path(), self.value)]

    def _path(self) -> QPainterPath:
        first, *others = self.draft.positions
        if len(others) < self.fewest - 1:
            return ring_path([first, *others])
        return ring_path(rectangle_on(first, others[0], others[-1]))
