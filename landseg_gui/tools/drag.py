"""Shapes that are drawn with one drag and painted when the button goes up."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainterPath

from landseg_core.labels.regions import Place, Region
from landseg_gui.tools.base import Tool, ToolSpec
from landseg_gui.tools.context import ToolContext


class DragTool(Tool):
    """Collects the way of a drag; the lasso and the rectangle tell what shape that is."""

    def __init__(self, spec: ToolSpec, context: ToolContext) -> None:
        super().__init__(spec, context)
        self._way: list[Place] = []
        self._button = Qt.MouseButton.LeftButton

    def region(self, way: list[Place]) -> Region | None:
        """Return the pixels that a drag along `way` means, or None where it means none yet."""
        raise NotImplementedError

    def path(self, way: list[Place]) -> QPainterPath:
        """Return the outline to show while dragging, in raster px."""
        raise NotImplementedError

    @property
    def is_busy(self) -> bool:
        """Tell whether the button is down."""
        return bool(self._way)

    def press(self, place: Place, button: Qt.MouseButton, _modifiers: Qt.KeyboardModifier) -> None:
        """Begin the shape, where painting is possible."""
        if self.context.may_paint():
            self._way, self._button = [place], button

    def move(self, place: Place, _modifiers: Qt.KeyboardModifier) -> None:
        """Go on with the shape."""
        if self._way and place != self._way[-1]:
            self._way.append(place)
            self.refresh()

    def release(self, place: Place, modifiers: Qt.KeyboardModifier) -> None:
        """Paint the shape."""
        self.move(place, modifiers)
        region = self.region(self._way)
        if self.cancel() and region:
            value = self.context.value_for(self._button)
            self.context.paint(region, value, self.context.step_name(self.spec.title, value))

    def cancel(self) -> bool:
        """Forget the shape."""
        was_busy, self._way = self.is_busy, []
        self.refresh()
        return was_busy

    def refresh(self) -> None:
        """Draw the shape so far."""
        if self._way:
            self.context.show([self.context.outline(self.path(self._way), self.context.value_for(self._button))])
        else:
            self.context.clear()
