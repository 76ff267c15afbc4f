"""The superpixel tool: labels whole cells, areas of one colour that landseg has cut the image into."""

from __future__ import annotations

from dataclasses import dataclass, field

from PySide6.QtCore import Qt
from PySide6.QtGui import QCursor, QPainterPath

from landseg_core.labels.edit import LabelEdit
from landseg_core.labels.regions import Position
from landseg_gui.tools.base import Tool, ToolSpec
from landseg_gui.tools.cell_source import CellFinder, FoundCell, along, outline
from landseg_gui.tools.context import ToolContext

_STEP = 4  # px of the level on the screen: no cell is missed however fast the mouse is


@dataclass
class _Gesture:
    """A click or drag under way: what it paints, where it has come to, the cells it has labelled and how many px.

    `missed` are the positions where the cells were not cut yet.
    """

    edit: LabelEdit
    value: int
    last: Position
    labelled: set[FoundCell] = field(default_factory=set)
    changed: int = 0
    missed: list[Position] = field(default_factory=list)


class Superpixel(Tool):
    """Shows the cell under the cursor; a click labels it, a drag all that it passes; the right button erases."""

    def __init__(self, spec: ToolSpec, context: ToolContext) -> None:
        super().__init__(spec, context)
        self._finder = CellFinder(context)
        self._gesture: _Gesture | None = None
        self._hover: Position | None = None
        self._outline: tuple[FoundCell, QPainterPath] | None = None
        self._waits = False
        context.cells.ready.connect(self._follow_cells)
        context.cells.emptied.connect(self._follow_cells)

    @property
    def is_busy(self) -> bool:
        """Return whether the button is down."""
        return self._gesture is not None

    def press(self, position: Position, button: Qt.MouseButton, _modifiers: Qt.KeyboardModifier) -> None:
        """Label the cell here."""
        edit = self.context.begin()
        if edit is not None:
            value = self.context.value_for(button)
            self._gesture = _Gesture(edit, value, position)
            self._label(self._gesture, position)
            self.refresh()

    def move(self, position: Position, _modifiers: Qt.KeyboardModifier) -> None:
        """Show the cell here; while a button is down, label all cells on the way."""
        self._hover = position
        self._finder.request(position)
        if self._gesture is not None:
            missed, self._gesture.missed = self._gesture.missed, []
            for point in [*missed, *along(self._gesture.last, position, _STEP << self._finder.level)]:
                self._label(self._gesture, point)
            self._gesture.last = position
        self.refresh()

    def _label(self, gesture: _Gesture, position: Position) -> None:
        found = self._finder.find(position, self.context.settings.cell_size)
        if found is None and self._finder.is_coming(position):
            gesture.missed.append(position)
        elif found is not None and found not in gesture.labelled:
            gesture.labelled.add(found)
            paintable = self.context.paintable(gesture.value)  # may change meanwhile, with a key held
            gesture.changed += gesture.edit.paint(self.context.clipped(found.region()), gesture.value, paintable)

    def release(self, position: Position, modifiers: Qt.KeyboardModifier) -> None:
        """End the gesture: it becomes one step."""
        self.move(position, modifiers)
        self.mouse_lost()

    def mouse_lost(self) -> None:
        """End the gesture where it is: what has been labelled stays."""
        gesture, self._gesture = self._gesture, None
        if gesture is not None:
            self.context.record(gesture.edit, self.context.step_name(self.spec.title, gesture.value))
            self._explain(gesture)
        self.refresh()

    def _explain(self, gesture: _Gesture) -> None:
        """Say why cells are not labelled that the gesture has passed."""
        if gesture.missed:
            self._finder.explain()
        elif gesture.labelled and not gesture.changed:
            self.context.show_clipped_off(next(iter(gesture.labelled)).region())

    def cancel(self) -> bool:
        """Undo the gesture."""
        gesture, self._gesture = self._gesture, None
        if gesture is not None:
            gesture.edit.revert()
        self.refresh()
        return gesture is not None

    def reset(self) -> None:
        """Forget where the cursor is: another image is shown."""
        self._hover = self._outline = None
        super().reset()

    def leave(self) -> None:
        """Hide the outline."""
        self._hover = None
        self.refresh()

    def wheel(self, steps: int) -> bool:
        """Change the size of the cells."""
        self.context.settings.cell_size += steps
        return True

    def step_size(self, steps: int) -> None:
        """Change the size of the cells."""
        self.wheel(steps)

    def refresh(self) -> None:
        """Draw the outline of the cell under the cursor, in the colour of what a click would paint."""
        size = self.context.settings.cell_size
        found = self._finder.find(self._hover, size) if self._hover else None
        if found is None:
            self.context.clear()
        else:
            self.context.show([self.context.outline(self._path(found), self._value)])
        self._show_waiting(self._hover is not None and self._finder.is_coming(self._hover))

    @property
    def _value(self) -> int:
        return self._gesture.value if self._gesture else self.context.value_for(Qt.MouseButton.LeftButton)

    def _path(self, found: FoundCell) -> QPainterPath:
        if self._outline is None or self._outline[0] != found:
            self._outline = found, outline(found.region())
        return self._outline[1]

    def _show_waiting(self, waits: bool) -> None:
        if waits != self._waits:
            self._waits = waits
            self.context.viewport.update_cursor()

    def _follow_cells(self) -> None:
        """Show what has come, or ask again for what has been dropped."""
        if self._hover is not None:
            self._outline = None
            self._finder.request(self._hover)
            self.refresh()

    def cursor(self) -> QCursor:
        """Return a cross, or what shows that the cells under it are being cut."""
        return QCursor(Qt.CursorShape.BusyCursor if self._waits else self.shape)
