"""Fill: paint the whole label region, or the unlabelled hole, under the cursor."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QCursor

from landseg_core.labels.filling import connected_region
from landseg_gui.tools.base import Place, Tool
from landseg_gui.tools.cursors import icon_cursor
from landseg_gui.tools.fill_extent import reach


class Fill(Tool):
    """A click paints all that hangs together with the pixel under the cursor and has its label; or erases it."""

    def press(self, place: Place, button: Qt.MouseButton, _modifiers: Qt.KeyboardModifier) -> None:
        """Fill from here."""
        bench, spread = self.bench, reach(self.bench, place)
        if spread is None or not bench.session.may_paint():
            return
        region = connected_region(spread.labels, *spread.pixel, spread.limit)
        value = bench.value_for(button)
        bench.paint(region, value, bench.step_name(self.row.title, value))
        if spread.cuts(region):
            bench.say("A fill reaches no further at once: click beyond its edge to go on")

    def cursor(self) -> QCursor:
        """Return a bucket that points with its drop."""
        return icon_cursor("tool_fill", 20, 20)
