"""The brush and the eraser: a round tip that follows the mouse, live."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QCursor, QPainterPath

from landseg_core.labels.classes import UNLABELLED
from landseg_core.labels.edit import LabelEdit
from landseg_core.labels.regions import Position, Region, StrokeRegion
from landseg_gui.text import translated
from landseg_gui.tools.base import Tool, ToolSpec
from landseg_gui.tools.context import ToolContext
from landseg_gui.viewer.overlay import Shape

_SMALLEST_RING = 6.0  # logical px on the screen: a smaller ring is hard to find without a cursor around it


@dataclass
class Stroke:
    """A stroke under way, and how many px it has changed."""

    edit: LabelEdit
    value: int
    diameter: int
    changed: int = 0


class Brush(Tool):
    """Paints the active class; with the right button it erases; with Shift it paints a line from the last position."""

    modifiers = Qt.KeyboardModifier.ShiftModifier

    def __init__(self, spec: ToolSpec, context: ToolContext) -> None:
        super().__init__(spec, context)
        self._stroke: Stroke | None = None
        self._last: Position | None = None
        self._hover: Position | None = None
        self._goes_straight = False

    @property
    def is_busy(self) -> bool:
        """Return whether a stroke is under way."""
        return self._stroke is not None

    def value_for(self, button: Qt.MouseButton) -> int:
        """Return what a stroke with this button paints."""
        return self.context.value_for(button)

    def step_name(self, value: int) -> str:
        """Return what the history calls a stroke."""
        return self.context.step_name(self.spec.title, value)

    def press(self, position: Position, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> None:
        """Begin a stroke."""
        edit = self.context.begin()
        if edit is None:
            return
        value = self.value_for(button)
        self._stroke = Stroke(edit, value, self.context.settings.diameter)
        straight_on = modifiers & Qt.KeyboardModifier.ShiftModifier and self._last is not None
        self._paint_to(position, self._last if straight_on else position)

    def move(self, position: Position, modifiers: Qt.KeyboardModifier) -> None:
        """Paint up to `position` while a button is held; the ring comes along."""
        if self._stroke and position != self._last:
            self._paint_to(position, self._last)
        self._hover = position
        self._goes_straight = bool(modifiers & Qt.KeyboardModifier.ShiftModifier) and self._stroke is None
        self.refresh()

    def release(self, position: Position, modifiers: Qt.KeyboardModifier) -> None:
        """End the stroke: it becomes one step."""
        self.move(position, modifiers)
        self.mouse_lost()

    def mouse_lost(self) -> None:
        """End the stroke where it is: what has been painted stays."""
        stroke, self._stroke = self._stroke, None
        if stroke:
            self.context.record(stroke.edit, self.step_name(stroke.value))
            if self._last and not stroke.changed:
                self.context.show_clipped_off(StrokeRegion([self._last], stroke.diameter))

    def _paint_to(self, position: Position, start: Position | None) -> None:
        stroke = self._stroke
        assert stroke is not None
        region = StrokeRegion([start or position, position], stroke.diameter)
        self._last = position
        self._paint(stroke, region)

    def _paint(self, stroke: Stroke, region: Region) -> None:
        """Paint a region as a part of the stroke; what may be painted over may change meanwhile, with a key held."""
        paintable = self.context.paintable(stroke.value)
        stroke.changed += stroke.edit.paint(self.context.clipped(region), stroke.value, paintable)

    def cancel(self) -> bool:
        """Undo the stroke."""
        stroke, self._stroke = self._stroke, None
        if stroke:
            self._last = None
            stroke.edit.revert()
        return stroke is not None

    def reset(self) -> None:
        """Drop the end of the last stroke as well."""
        super().reset()
        self._last = None

    def leave(self) -> None:
        """Hide the ring."""
        self._hover = None
        self.context.viewport.overlay.clear("cursor")

    def refresh(self) -> None:
        """Draw the ring where the cursor is, and with Shift the line that a click would paint."""
        if self._hover:
            path = QPainterPath()
            radius = self.context.settings.diameter / 2
            path.addEllipse(QPointF(*self._hover), radius, radius)
            ring = Shape(path, self._ring_colour(), None)
            self.context.viewport.overlay.show("cursor", [*self._straight_line(self._hover), ring])

    def _straight_line(self, end: Position) -> list[Shape]:
        if not self._goes_straight or self._last is None:
            return []
        path = QPainterPath(QPointF(*self._last))
        path.lineTo(*end)
        return [Shape(path, self._ring_colour(), None, dashed=True)]

    def _ring_colour(self) -> QColor:
        value = self._stroke.value if self._stroke else self.value_for(Qt.MouseButton.LeftButton)
        return self.context.colour(value)

    def cursor(self) -> QCursor:
        """Return no cursor where the ring is large enough to be seen, a cross where it is not."""
        ring = self.context.settings.diameter * self.context.screen_scale
        return QCursor(Qt.CursorShape.BlankCursor if ring > _SMALLEST_RING else Qt.CursorShape.CrossCursor)


class Eraser(Brush):
    """A brush that erases labels, with either button."""

    def value_for(self, _button: Qt.MouseButton) -> int:
        """Return 255."""
        return UNLABELLED

    def step_name(self, _value: int) -> str:
        """Return the tool's own name: there is no class to show."""
        return translated(self.spec.title)
