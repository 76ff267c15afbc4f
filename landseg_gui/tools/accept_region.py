"""Accept region: make one region of a prediction or suggestion labels by a click, or take these labels away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from landseg_core.labels.classes import UNLABELLED
from landseg_core.labels.regions import Position, Region
from landseg_core.messages import N_
from landseg_core.project.predicted_region import PredictedRegion
from landseg_gui.text import tr
from landseg_gui.tools.base import Tool, ToolSpec
from landseg_gui.tools.context import ToolContext, only
from landseg_gui.tools.polygon_draft import rings_path
from landseg_gui.viewer.overlay import Shape

_FILL_ALPHA = 60
Pixel = tuple[int, int]


@dataclass(frozen=True, eq=False)
class FoundRegion:
    """A region of a prediction or a suggestion, and its class value in the project; 255 where that lacks the class."""

    predicted: PredictedRegion
    label: int


class AcceptRegion(Tool):
    """The region under the cursor is outlined; a click accepts it, the right button erases its labels.

    Regions are found in the background: `ask` asks for the one at a pixel, and `show_answer` or `show_failure` is
    called with the answer. While a click waits for an answer, moves of the mouse ask for nothing.

    Attributes:
        may_accept: returns whether there is something to accept, and labels to write it to, now or when what is
            being accepted now is done; where not, it shows the user why.
        ask: asks for the region at a pixel (column, row).
        accept: called with each region to accept.
    """

    shape = Qt.CursorShape.PointingHandCursor

    def __init__(self, spec: ToolSpec, context: ToolContext) -> None:
        super().__init__(spec, context)
        self.may_accept: Callable[[], bool] = lambda: False
        self.ask: Callable[[Pixel], object] = lambda _pixel: None
        self.accept: Callable[[Region], object] = lambda _region: None
        self._pixel: Pixel | None = None
        self._found: FoundRegion | None = None
        self._click: tuple[Pixel, Qt.MouseButton] | None = None

    def move(self, position: Position, _modifiers: Qt.KeyboardModifier) -> None:
        """Outline the region under the cursor, or look for it."""
        self._pixel = self.context.pixel(position)
        if self._found and not (self._pixel and self._found.predicted.holds(self._pixel)):
            self._found = None
            self.refresh()
        if self._pixel and self._found is None and self._click is None:
            self.ask(self._pixel)

    def press(self, position: Position, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> None:
        """Accept the region under the cursor, or erase it; where it is still looked for, as soon as it is found."""
        self.move(position, modifiers)
        erases = button == Qt.MouseButton.RightButton
        if self._pixel is None or not (self.context.may_paint() if erases else self.may_accept()):
            return
        if self._found:
            self._use(self._found, button)
        else:
            self._click = self._pixel, button
            self.ask(self._pixel)

    def show_answer(self, pixel: Pixel, found: FoundRegion | None) -> None:
        """Take the region at a pixel, None where nothing is predicted there; a click that waited for it counts now."""
        click = self._click
        if click and click[0] == pixel:
            self._click = None
            self._use(found, click[1])
        if self._pixel is None:
            return
        if found and found.predicted.holds(self._pixel):
            self._found = found
            self.refresh()
        elif pixel != self._pixel:  # the cursor has moved on
            self.ask(self._click[0] if self._click else self._pixel)

    def show_failure(self, sentence: str) -> None:
        """Show why no region can be found, if somebody has clicked for it."""
        if self.cancel():
            self.context.notifier.error(sentence)

    def _use(self, found: FoundRegion | None, button: Qt.MouseButton) -> None:
        if found is None:
            self.context.notifier.info(tr("Nothing is predicted or suggested here."))
        elif found.label == UNLABELLED:
            self.context.notifier.info(tr("The project does not have the class that is predicted here."))
        elif button == Qt.MouseButton.RightButton:
            self._erase(found)
        else:
            self._accept(found)

    def _accept(self, found: FoundRegion) -> None:
        self.accept(self.context.clipped(found.predicted.region))
        if found.predicted.is_cut:
            self.context.notifier.info(
                tr("A region is limited to the area near the view: click beyond its edge to continue.")
            )

    def _erase(self, found: FoundRegion) -> None:
        """Erase what accepting the region would give, and nothing of another class."""
        table = only(found.label) & self.context.paintable(UNLABELLED)
        name = self.context.step_name(tr("Reject region"), found.label)
        if self.context.paint(found.predicted.region, UNLABELLED, name, table) == 0:
            self.context.notifier.info(tr("No label of this region is of its class: there is nothing to erase."))

    def forget(self) -> None:
        """Drop what was found: the prediction is another one."""
        self._click = None
        if self._found:  # else what is shown may be that of another tool
            self._found = None
            self.refresh()

    def leave(self) -> None:
        """Drop the outline."""
        self._pixel = None
        self.forget()

    def cancel(self) -> bool:
        """Drop a click that waits."""
        was_busy, self._click = self._click is not None, None
        return was_busy

    def reset(self) -> None:
        """Drop everything: another image is shown."""
        self.leave()

    def refresh(self) -> None:
        """Draw the outline of the region under the cursor."""
        if self._found:
            self.context.show([self._outline(self._found)])
        else:
            self.context.clear()

    def _outline(self, found: FoundRegion) -> Shape:
        """Return the outline in the colour of the class, or where the project lacks that, in no colour of a class."""
        accent = QApplication.palette().color(QPalette.ColorRole.Accent)
        line = self.context.colour(found.label) if self.context.class_of(found.label) else accent
        fill = QColor(line)
        fill.setAlpha(_FILL_ALPHA)
        path = rings_path(found.predicted.rings)
        return Shape(path, line, fill)


ACCEPT_REGION_SPEC = ToolSpec(
    name="accept_region",
    title=N_("Accept Region"),
    icon="accept_region",
    shortcut="A",
    tip=N_("Accept one region of the suggestion or the prediction as labels"),
    hint=N_("Click a region of what is shown to accept it as labels; the right button erases these labels again"),
    make=AcceptRegion,
    edits=True,
)
"""The tool as data, for the registry of tools."""
