"""Accept: make a prediction labels inside a polygon."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication

from landseg_core.labels.regions import PolygonRegion, Position
from landseg_core.messages import N_
from landseg_gui.tools.base import ToolSpec
from landseg_gui.tools.context import ToolContext
from landseg_gui.tools.polygon import Polygon
from landseg_gui.viewer.overlay import Shape


class Accept(Polygon):
    """The prediction inside the polygon becomes labels.

    Attributes:
        may_accept: tells whether there is a prediction to accept, and the user why not.
        accept_in: is given each polygon that is closed.
    """

    def __init__(self, spec: ToolSpec, context: ToolContext) -> None:
        super().__init__(spec, context)
        self.may_accept: Callable[[], bool] = lambda: False
        self.accept_in: Callable[[PolygonRegion], object] = lambda _region: None

    def press(self, position: Position, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> None:
        """Add a vertex with the left button: there is nothing for the right one to erase."""
        if button == Qt.MouseButton.LeftButton:
            super().press(position, button, modifiers)

    def may_begin(self, position: Position) -> bool:
        """Tell whether there is something to accept, and labels to write it to."""
        return super().may_begin(position) and self.may_accept()

    def use(self, ring: tuple[Position, ...], _value: int) -> None:
        """Hand the polygon on."""
        self.accept_in(PolygonRegion([ring]))

    def preview(self) -> list[Shape]:
        """Return how the polygon looks: in no colour of a class, for it may bring several."""
        line = QApplication.palette().color(QPalette.ColorRole.Accent)
        return [Shape(self.draft.path(), line)]


ACCEPT_SPEC = ToolSpec(
    name="accept",
    title=N_("Accept"),
    icon="accept_area",
    shortcut="Y",
    tip=N_("Make the prediction labels inside a polygon"),
    hint=N_("Click round what is right in the prediction; Enter or a double click makes it labels"),
    make=Accept,
)
"""The tool as data, for the registry of tools."""
