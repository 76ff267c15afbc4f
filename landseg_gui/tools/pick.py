"""Pick class: make the class under the cursor the active one."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QCursor

from landseg_core.labels.regions import Position
from landseg_gui.text import tr
from landseg_gui.tools.base import Tool
from landseg_gui.tools.context import ToolContext
from landseg_gui.tools.cursors import icon_cursor


class PickClass(Tool):
    """A click makes the class under the cursor the active one."""

    def press(self, position: Position, _button: Qt.MouseButton, _modifiers: Qt.KeyboardModifier) -> None:
        """Make the class under the cursor the active one."""
        pick_class(self.context, position)

    def cursor(self) -> QCursor:
        """Return a pipette."""
        return icon_cursor("tool_pick", 3, 21)


def pick_class(context: ToolContext, position: Position) -> None:
    """Make the class at `position` the active one, and say so where there is none."""
    value = context.value_at(position)
    if context.class_of(value):
        context.active_value = value
    else:
        context.notifier.info(tr("Nothing is labelled here."))
