"""Fill holes: close the unlabelled gaps inside a label region."""

from __future__ import annotations

from PySide6.QtCore import Qt

from landseg_core.labels.classes import UNLABELLED
from landseg_core.labels.filling import holes
from landseg_gui.tools.base import Place, Tool
from landseg_gui.tools.fill_extent import reach


class FillHoles(Tool):
    """A click on a label region gives its class to the unlabelled pixels that it encloses."""

    shape = Qt.CursorShape.PointingHandCursor

    def press(self, place: Place, _button: Qt.MouseButton, _modifiers: Qt.KeyboardModifier) -> None:
        """Fill the holes of the region under the cursor."""
        bench = self.bench
        value, spread = bench.value_at(place), reach(bench, place)
        if spread is None or not bench.session.may_paint():
            return
        if value == UNLABELLED:
            bench.say("Click on a labelled region: its holes are filled")
        elif not bench.paint(holes(spread.labels, *spread.pixel, spread.limit), value, self._step_name(value)):
            bench.say("There are no holes to fill here")

    def _step_name(self, value: int) -> str:
        return self.bench.step_name(self.row.title, value)
