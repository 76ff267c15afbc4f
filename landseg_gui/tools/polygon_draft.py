"""A polygon under way: its vertices, the line to the cursor, and how it looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainterPath, QPolygonF

from landseg_core.labels.regions import Position

_FEWEST = 3


@dataclass
class PolygonDraft:
    """The vertices clicked so far, and the position of the cursor, to which a rubber band leads."""

    vertices: list[Position] = field(default_factory=list)
    cursor: Position | None = None

    @property
    def is_polygon(self) -> bool:
        """Return whether the vertices enclose anything yet."""
        return len(self.vertices) >= _FEWEST

    def add(self, position: Position) -> bool:
        """Add a vertex and return True; False for a second one at the same position, which is not added."""
        self.cursor = position
        is_new = not self.vertices or self.vertices[-1] != position
        if is_new:
            self.vertices.append(position)
        return is_new

    def undo_last(self) -> None:
        """Remove the last vertex."""
        if self.vertices:
            self.vertices.pop()

    def clear(self) -> None:
        """Remove all vertices."""
        self.vertices.clear()
        self.cursor = None

    def path(self) -> QPainterPath:
        """Return the closed outline through all vertices and the cursor, in raster px."""
        return ring_path([*self.vertices, *([self.cursor] if self.cursor else [])])


def ring_path(ring: Sequence[Position]) -> QPainterPath:
    """Return the closed path through `ring`."""
    path = QPainterPath()
    path.addPolygon(QPolygonF([QPointF(*position) for position in ring]))
    path.closeSubpath()
    return path
