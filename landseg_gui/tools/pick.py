"""Pick class: take up the class under the cursor."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QCursor

from landseg_core.labels.regions import Place
from landseg_gui.text import tr
from landseg_gui.tools.base import Tool
from landseg_gui.tools.context import ToolContext
from landseg_gui.tools.cursors import icon_cursor


class PickClass(Tool):
    """A click makes the class under the cursor the active one."""

    def press(self, place: Place, _button: Qt.MouseButton, _modifiers: Qt.KeyboardModifier) -> None:
        """Take the class under the cursor."""
        pick_class(self.context, place)

    def cursor(self) -> QCursor:
        """Return a pipette."""
        return icon_cursor("tool_pick", 3, 21)


def pick_class(context: ToolContext, place: Place) -> None:
    """Make the class at `place` the active one, and say so where there is none."""
    value = context.value_at(place)
    if context.class_of(value):
        context.active_value = value
    else:
        context.notifier.info(tr("Nothing is labelled here"))
