"""Fill holes: close the unlabelled gaps inside a label region."""

from __future__ import annotations

from PySide6.QtCore import Qt

from landseg_core.labels.classes import UNLABELLED
from landseg_core.labels.filling import holes
from landseg_core.labels.regions import Position
from landseg_gui.text import tr
from landseg_gui.tools.base import Tool
from landseg_gui.tools.fill_extent import fill_extent


class FillHoles(Tool):
    """A click on a label region gives its class to the unlabelled pixels that it encloses."""

    shape = Qt.CursorShape.PointingHandCursor

    def press(self, position: Position, _button: Qt.MouseButton, _modifiers: Qt.KeyboardModifier) -> None:
        """Fill the holes of the region under the cursor."""
        context = self.context
        value, extent = context.value_at(position), fill_extent(context, position)
        if extent is None or not context.may_paint():
            return
        if value == UNLABELLED:
            context.notifier.info(tr("Click on a labelled region to fill its holes."))
        elif not context.paint(holes(extent.labels, *extent.pixel, extent.limit), value, self._step_name(value)):
            context.notifier.info(tr("There are no holes to fill here."))

    def _step_name(self, value: int) -> str:
        return self.context.step_name(self.spec.title, value)
