"""Fill: paint the whole label region, or the unlabelled hole, under the cursor."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QCursor

from landseg_core.labels.filling import connected_region
from landseg_core.labels.regions import Position
from landseg_gui.text import tr
from landseg_gui.tools.base import Tool
from landseg_gui.tools.cursors import icon_cursor
from landseg_gui.tools.fill_extent import fill_extent


class Fill(Tool):
    """A click paints all that hangs together with the pixel under the cursor and has its label; or erases it."""

    def press(self, position: Position, button: Qt.MouseButton, _modifiers: Qt.KeyboardModifier) -> None:
        """Fill from here."""
        context, extent = self.context, fill_extent(self.context, position)
        if extent is None or not context.may_paint():
            return
        region = connected_region(extent.labels, *extent.pixel, extent.limit)
        value = context.value_for(button)
        context.paint(region, value, context.step_name(self.spec.title, value))
        if extent.cuts(region):
            context.notifier.info(tr("Fill is limited to the area near the view: click beyond its edge to continue."))

    def cursor(self) -> QCursor:
        """Return a bucket that points with its drop."""
        return icon_cursor("tool_fill", 20, 20)
