"""Shapes whose vertices are clicked one by one, with a live preview of the whole."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from PySide6.QtCore import Qt

from landseg_core.labels.regions import Position
from landseg_gui.tools.base import Tool, ToolSpec
from landseg_gui.tools.context import Ring, ToolContext
from landseg_gui.tools.polygon_draft import PolygonDraft
from landseg_gui.viewer.overlay import Shape

_NEAR = 8  # logical px on the screen
_KEYS: Mapping[int, str] = {
    Qt.Key.Key_Return: "finish",
    Qt.Key.Key_Enter: "finish",
    Qt.Key.Key_Backspace: "undo_last",
}


class VertexTool(Tool, ABC):
    """Each click adds a vertex; Enter or a double click ends the shape, Backspace removes the last vertex.

    The button of the first click decides whether the shape is painted or erased.

    A tool says with `fewest` from how many vertices on there is a shape, with `keys` which key calls which of its
    methods while vertices are there, with `use` what becomes of the shape, and with `preview` how it looks until then.
    """

    fewest = 3
    keys: ClassVar[Mapping[int, str]] = _KEYS

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
    def is_shape(self) -> bool:
        """Return whether the vertices make a shape yet."""
        return len(self.draft.vertices) >= self.fewest

    @property
    def value(self) -> int:
        """Return what the shape will be painted with: the button of its first vertex decides."""
        return self.context.value_for(self._button)

    @abstractmethod
    def use(self, vertices: Ring, value: int) -> None:
        """Use the shape, which is complete."""

    @abstractmethod
    def preview(self) -> list[Shape]:
        """Return how the shape under way looks."""

    def press(self, position: Position, button: Qt.MouseButton, _modifiers: Qt.KeyboardModifier) -> None:
        """Begin a shape, or add a vertex to it."""
        if not self.is_busy:
            if not self.may_begin(position):
                return
            self._button = button
        if button == self._button:
            self.add(position)

    def may_begin(self, _position: Position) -> bool:
        """Return whether a shape may begin here; where not, the session shows why."""
        return self.context.may_paint()

    def add(self, position: Position) -> None:
        """Add a vertex; one at the position of the last is none."""
        self._added = self.draft.add(position)
        self.refresh()

    def is_near(self, a: Position, b: Position) -> bool:
        """Return whether a hand that trembles might have meant the same position twice."""
        return self.context.screen_distance(a, b) <= _NEAR

    def move(self, position: Position, _modifiers: Qt.KeyboardModifier) -> None:
        """Let the preview follow the cursor."""
        if self.is_busy:
            self.draft.cursor = position
            self.refresh()

    def double_click(self, _position: Position) -> None:
        """End the shape; the second click of the two is no vertex, nor the beginning of another shape."""
        if len(self.draft.vertices) == 1:
            self.cancel()
        elif self.is_busy:
            self._drop_second_click()
            self.finish()

    def _drop_second_click(self) -> None:
        before, last = self.draft.vertices[-2:]
        if self._added and self.is_near(before, last):
            self.draft.undo_last()

    def key(self, key: int) -> bool:
        """Do what `keys` says."""
        if not self.is_busy or key not in self.keys:
            return False
        getattr(self, self.keys[key])()
        return True

    def undo_last(self) -> bool:
        """Remove the last vertex."""
        was_busy = self.is_busy
        self.draft.undo_last()
        self.refresh()
        return was_busy

    def mouse_lost(self) -> None:
        """Keep the vertices: they need no button held."""

    def finish(self) -> None:
        """Use the shape, if it is one already; it stays as it is while the project cannot be changed."""
        if self.is_shape and self.context.may_paint():
            vertices, value = tuple(self.draft.vertices), self.value
            self.cancel()
            self.use(vertices, value)

    def cancel(self) -> bool:
        """Drop the vertices."""
        was_busy = self.is_busy
        self.draft.clear()
        self.refresh()
        return was_busy

    def refresh(self) -> None:
        """Draw the shape as it would be with the cursor as its last vertex."""
        if self.is_busy:
            self.context.show(self.preview())
        else:
            self.context.clear()
