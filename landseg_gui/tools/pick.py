"""Pick class: take up the class under the cursor."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QCursor

from landseg_gui.session.tool_context import Workbench
from landseg_gui.tools.base import Place, Tool
from landseg_gui.tools.cursors import icon_cursor


class PickClass(Tool):
    """A click makes the class under the cursor the active one."""

    def press(self, place: Place, _button: Qt.MouseButton, _modifiers: Qt.KeyboardModifier) -> None:
        """Take the class under the cursor."""
        pick_class(self.bench, place)

    def cursor(self) -> QCursor:
        """Return a pipette."""
        return icon_cursor("tool_pick", 3, 21)


def pick_class(bench: Workbench, place: Place) -> None:
    """Make the class at `place` the active one, and say so where there is none."""
    value = bench.value_at(place)
    if bench.class_of(value):
        bench.session.active_value = value
    else:
        bench.say("Nothing is labelled here")
