"""A shape under way: its vertices, the line to the cursor, and how it looks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainterPath, QPolygonF

from landseg_core.labels.regions import Position


@dataclass
class PolygonDraft:
    """The vertices clicked so far, and the position of the cursor, to which a rubber band leads."""

    vertices: list[Position] = field(default_factory=list)
    cursor: Position | None = None

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

    @property
    def positions(self) -> list[Position]:
        """Return the vertices and the cursor."""
        return [*self.vertices, *([self.cursor] if self.cursor else [])]

    def path(self) -> QPainterPath:
        """Return the closed outline through all positions, in raster px."""
        return ring_path(self.positions)


def ring_path(ring: Sequence[Position]) -> QPainterPath:
    """Return the closed path through `ring`."""
    path = QPainterPath()
    path.addPolygon(QPolygonF([QPointF(*position) for position in ring]))
    path.closeSubpath()
    return path


def rings_path(rings: Iterable[Sequence[Position]]) -> QPainterPath:
    """Return the closed paths through `rings`, as one."""
    path = QPainterPath()
    for ring in rings:
        path.addPath(ring_path(ring))
    return path
