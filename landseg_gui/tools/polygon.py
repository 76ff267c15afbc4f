"""Polygons drawn by clicks: to paint them here; to use them for something else, in the tools that build on this."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainterPath

from landseg_core.labels.regions import PolygonRegion, Position
from landseg_gui.tools.base import Tool, ToolSpec
from landseg_gui.tools.context import ToolContext
from landseg_gui.tools.polygon_draft import PolygonDraft
from landseg_gui.viewer.overlay import Shape

_CLOSING_DISTANCE = 8  # logical px on the screen around the first vertex
_HANDLE = 4.0  # logical px on the screen
_HANDLE_COLOUR = QColor("#ffffff")
_KEYS: dict[int, str] = {
    Qt.Key.Key_Return: "close",
    Qt.Key.Key_Enter: "close",
    Qt.Key.Key_Backspace: "undo_last",
}


class Polygon(Tool):
    """Each click adds a vertex; Enter, a double click or a click on the first one closes and paints."""

    def __init__(self, spec: ToolSpec, context: ToolContext) -> None:
        super().__init__(spec, context)
        self.draft = PolygonDraft()
        self._button = Qt.MouseButton.LeftButton
        self._added = False

    @property
    def is_busy(self) -> bool:
        """Return whether there are vertices."""
        return bool(self.draft.vertices)

    @property
    def value(self) -> int:
        """Return what the polygon will be painted with: the button of its first vertex decides."""
        return self.context.value_for(self._button)

    def press(self, position: Position, button: Qt.MouseButton, _modifiers: Qt.KeyboardModifier) -> None:
        """Add a vertex, or close the polygon."""
        if not self.is_busy:
            if not self.may_begin(position):
                return
            self._button = button
        if button != self._button:
            return
        if self._is_on_first(position):
            self.close()
        else:
            self._added = self.draft.add(position)
            self.refresh()

    def may_begin(self, _position: Position) -> bool:
        """Return whether a polygon may begin here; where not, the session shows why."""
        return self.context.may_paint()

    def _is_on_first(self, position: Position) -> bool:
        draft = self.draft
        return draft.is_polygon and self.context.screen_distance(draft.vertices[0], position) <= _CLOSING_DISTANCE

    def move(self, position: Position, _modifiers: Qt.KeyboardModifier) -> None:
        """Let the rubber band follow the cursor."""
        if self.is_busy:
            self.draft.cursor = position
            self.refresh()

    def double_click(self, _position: Position) -> None:
        """Close the polygon; the second click of the two is no vertex, nor the beginning of another polygon."""
        if len(self.draft.vertices) == 1:
            self.cancel()
        elif self.is_busy:
            self._drop_second_click()
            self.close()

    def _drop_second_click(self) -> None:
        before, last = self.draft.vertices[-2:]
        if self._added and self.context.screen_distance(before, last) <= _CLOSING_DISTANCE:
            self.draft.undo_last()

    def key(self, key: int) -> bool:
        """Close with Enter, remove the last vertex with Backspace."""
        if not self.is_busy or key not in _KEYS:
            return False
        getattr(self, _KEYS[key])()
        return True

    def undo_last(self) -> bool:
        """Remove the last vertex."""
        was_busy = self.is_busy
        self.draft.undo_last()
        self.refresh()
        return was_busy

    def mouse_lost(self) -> None:
        """Keep the vertices: they need no button held."""

    def close(self) -> None:
        """Use the polygon, if it is one already; it stays as it is while the project cannot be changed."""
        if self.draft.is_polygon and self.context.may_paint():
            ring = tuple(self.draft.vertices)
            value = self.value
            self.cancel()
            self.use(ring, value)

    def use(self, ring: tuple[Position, ...], value: int) -> None:
        """Paint the polygon."""
        self.context.paint(PolygonRegion([ring]), value, self.context.step_name(self.spec.title, value))

    def cancel(self) -> bool:
        """Drop the vertices."""
        was_busy = self.is_busy
        self.draft.clear()
        self.refresh()
        return was_busy

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
