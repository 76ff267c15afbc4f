"""The lasso: paints what a free drag goes around."""

from __future__ import annotations

from PySide6.QtGui import QPainterPath

from landseg_core.labels.regions import PolygonRegion, Position
from landseg_gui.tools.drag import DragTool
from landseg_gui.tools.polygon_draft import ring_path

_FEWEST = 3


class Lasso(DragTool):
    """A polygon whose vertices are the positions of the mouse; the last leads straight back to the first."""

    def region(self, points: list[Position]) -> PolygonRegion | None:
        """Return what lies inside the drag."""
        return PolygonRegion([tuple(points)]) if len(points) >= _FEWEST else None

    def path(self, points: list[Position]) -> QPainterPath:
        """Return the closed outline."""
        return ring_path(points)
