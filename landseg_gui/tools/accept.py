"""Accept: make a prediction, or the suggestion, labels inside a polygon."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication

from landseg_core.labels.regions import PolygonRegion, Position, Region
from landseg_core.messages import N_
from landseg_gui.tools.base import ToolSpec
from landseg_gui.tools.context import ToolContext
from landseg_gui.tools.polygon import Polygon
from landseg_gui.viewer.overlay import Shape


class Accept(Polygon):
    """The prediction or suggestion inside the polygon becomes labels.

    Attributes:
        may_accept: returns whether there is something to accept; where not, it shows the user why.
        accept_in: called with each closed polygon.
    """

    def __init__(self, spec: ToolSpec, context: ToolContext) -> None:
        super().__init__(spec, context)
        self.may_accept: Callable[[], bool] = lambda: False
        self.accept_in: Callable[[Region], object] = lambda _region: None

    def press(self, position: Position, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> None:
        """Add a vertex with the left button: there is nothing for the right one to erase."""
        if button == Qt.MouseButton.LeftButton:
            super().press(position, button, modifiers)

    def may_begin(self, position: Position) -> bool:
        """Return whether there is something to accept, and labels to write it to."""
        return super().may_begin(position) and self.may_accept()

    def use(self, vertices: tuple[Position, ...], _value: int) -> None:
        """Hand the polygon on."""
        self.accept_in(self.context.clipped(PolygonRegion([vertices])))

    def preview(self) -> list[Shape]:
        """Return how the polygon looks: in no colour of a class, for it may bring several."""
        line = QApplication.palette().color(QPalette.ColorRole.Accent)
        return [Shape(self.draft.path(), line)]


ACCEPT_SPEC = ToolSpec(
    name="accept",
    title=N_("Accept"),
    icon="accept_area",
    shortcut="Y",
    tip=N_("Accept the suggestion or the prediction inside a polygon as labels"),
    hint=N_("Click around a correct part of what is shown; Enter or a double click accepts it as labels"),
    make=Accept,
    edits=True,
)
"""The tool as data, for the registry of tools."""
