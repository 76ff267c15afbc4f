"""Polygons drawn by clicks: to paint them here; to use them for something else, in the tools that build on this."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainterPath

from landseg_core.labels.regions import PolygonRegion
from landseg_gui.session.tool_context import Workbench
from landseg_gui.tools.base import Place, Tool, ToolRow
from landseg_gui.tools.polygon_draft import Sketch
from landseg_gui.viewer.overlay import Shape

_CLOSING_DISTANCE = 8  # logical px on the screen around the first vertex
_HANDLE = 4.0  # logical px on the screen
_HANDLE_COLOUR = QColor("#ffffff")
_KEYS = {
    Qt.Key.Key_Return: "close",
    Qt.Key.Key_Enter: "close",
    Qt.Key.Key_Backspace: "take_back",
}


class Polygon(Tool):
    """Each click adds a vertex; Enter, a double click or a click on the first one closes and paints."""

    def __init__(self, row: ToolRow, bench: Workbench) -> None:
        super().__init__(row, bench)
        self.sketch = Sketch()
        self._button = Qt.MouseButton.LeftButton
        self._added = False

    @property
    def is_busy(self) -> bool:
        """Tell whether there are vertices."""
        return bool(self.sketch.vertices)

    @property
    def value(self) -> int:
        """Return what the polygon will be painted with: the button of its first vertex decides."""
        return self.bench.value_for(self._button)

    def press(self, place: Place, button: Qt.MouseButton, _modifiers: Qt.KeyboardModifier) -> None:
        """Add a vertex, or close the polygon."""
        if not self.is_busy:
            if not self.may_begin(place):
                return
            self._button = button
        if button != self._button:
            return
        if self._is_on_first(place):
            self.close()
        else:
            self._added = self.sketch.add(place)
            self.refresh()

    def may_begin(self, _place: Place) -> bool:
        """Tell whether a polygon may begin here; the session tells the user why not."""
        return self.bench.session.may_paint()

    def _is_on_first(self, place: Place) -> bool:
        sketch = self.sketch
        return sketch.is_polygon and self.bench.screen_distance(sketch.vertices[0], place) <= _CLOSING_DISTANCE

    def move(self, place: Place, _modifiers: Qt.KeyboardModifier) -> None:
        """Let the rubber band follow the cursor."""
        if self.is_busy:
            self.sketch.cursor = place
            self.refresh()

    def double_click(self, _place: Place) -> None:
        """Close the polygon; the second click of the two is no vertex, nor the beginning of another polygon."""
        if len(self.sketch.vertices) == 1:
            self.cancel()
        elif self.is_busy:
            self._drop_second_click()
            self.close()

    def _drop_second_click(self) -> None:
        before, last = self.sketch.vertices[-2:]
        if self._added and self.bench.screen_distance(before, last) <= _CLOSING_DISTANCE:
            self.sketch.take_back()

    def key(self, key: int) -> bool:
        """Close with Enter, take a vertex back with Backspace."""
        if not self.is_busy or key not in _KEYS:
            return False
        getattr(self, _KEYS[key])()
        return True

    def take_back(self) -> bool:
        """Take the last vertex back."""
        was_busy = self.is_busy
        self.sketch.take_back()
        self.refresh()
        return was_busy

    def let_go(self) -> None:
        """Keep the vertices: they need no button held."""

    def close(self) -> None:
        """Use the polygon, if it is one already; it stays as it is while the project cannot be changed."""
        if self.sketch.is_polygon and self.bench.session.may_paint():
            ring = tuple(self.sketch.vertices)
            value = self.value
            self.cancel()
            self.use(ring, value)

    def use(self, ring: tuple[Place, ...], value: int) -> None:
        """Paint the polygon."""
        self.bench.paint(PolygonRegion([ring]), value, self.bench.step_name(self.row.title, value))

    def cancel(self) -> bool:
        """Forget the vertices."""
        was_busy = self.is_busy
        self.sketch.clear()
        self.refresh()
        return was_busy

    def refresh(self) -> None:
        """Draw the polygon as it would be if it were closed at the cursor."""
        if self.is_busy:
            self.bench.show([*self.preview(), self._first_vertex()])
        else:
            self.bench.clear()

    def _first_vertex(self) -> Shape:
        """Return the ring around the first vertex, which is filled where a click would close the polygon."""
        cursor = self.sketch.cursor
        radius = _HANDLE / self.bench.screen_scale
        path = QPainterPath()
        path.addEllipse(QPointF(*self.sketch.vertices[0]), radius, radius)
        closes = cursor is not None and self._is_on_first(cursor)
        return Shape(path, _HANDLE_COLOUR, _HANDLE_COLOUR if closes else None)

    def preview(self) -> list[Shape]:
        """Return how the polygon under way looks."""
        return [self.bench.outline(self.sketch.path(), self.value)]
