"""Shapes that are drawn with one drag and painted when the button goes up."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainterPath

from landseg_core.labels.regions import Position, Region
from landseg_gui.tools.base import Tool, ToolSpec
from landseg_gui.tools.context import ToolContext


class DragTool(Tool):
    """Collects the positions of a drag; the lasso and the rectangle make a shape of them."""

    def __init__(self, spec: ToolSpec, context: ToolContext) -> None:
        super().__init__(spec, context)
        self._points: list[Position] = []
        self._button = Qt.MouseButton.LeftButton

    def region(self, points: list[Position]) -> Region | None:
        """Return the pixels that a drag along `points` selects, or None where it selects none yet."""
        raise NotImplementedError

    def path(self, points: list[Position]) -> QPainterPath:
        """Return the outline to show while dragging, in raster px."""
        raise NotImplementedError

    @property
    def is_busy(self) -> bool:
        """Return whether the button is down."""
        return bool(self._points)

    def press(self, position: Position, button: Qt.MouseButton, _modifiers: Qt.KeyboardModifier) -> None:
        """Begin the shape, where painting is possible."""
        if self.context.may_paint():
            self._points, self._button = [position], button

    def move(self, position: Position, _modifiers: Qt.KeyboardModifier) -> None:
        """Extend the shape."""
        if self._points and position != self._points[-1]:
            self._points.append(position)
            self.refresh()

    def release(self, position: Position, modifiers: Qt.KeyboardModifier) -> None:
        """Paint the shape."""
        self.move(position, modifiers)
        region = self.region(self._points)
        if self.cancel() and region:
            value = self.context.value_for(self._button)
            self.context.paint(region, value, self.context.step_name(self.spec.title, value))

    def cancel(self) -> bool:
        """Drop the shape."""
        was_busy, self._points = self.is_busy, []
        self.refresh()
        return was_busy

    def refresh(self) -> None:
        """Draw the shape so far."""
        if self._points:
            self.context.show([self.context.outline(self.path(self._points), self.context.value_for(self._button))])
        else:
            self.context.clear()
