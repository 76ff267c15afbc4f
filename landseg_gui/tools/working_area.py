"""The working area: polygons inside which labelling counts as complete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor

from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED
from landseg_core.labels.regions import AreasRegion, PolygonRegion, Position
from landseg_gui.text import tr
from landseg_gui.tools.base import ToolSpec
from landseg_gui.tools.context import Ring, ToolContext, only
from landseg_gui.tools.polygon import Polygon
from landseg_gui.tools.polygon_draft import ring_path
from landseg_gui.viewer.overlay import Shape

AREA_COLOUR = QColor("#ffffff")


class WorkingArea(Polygon):
    """Draws areas as the polygon tool does. A click into one selects it, and Delete removes it."""

    keys: ClassVar[Mapping[int, str]] = {**Polygon.keys, Qt.Key.Key_Delete: "remove_selected"}

    def __init__(self, spec: ToolSpec, context: ToolContext) -> None:
        super().__init__(spec, context)
        self.selected: Ring | None = None

    def press(self, position: Position, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> None:
        """Select the area under the cursor, or add a vertex to a new one."""
        if button != Qt.MouseButton.LeftButton:
            return
        if not self.is_busy:
            self.select(self._area_at(position))
        if self.selected is None:
            super().press(position, button, modifiers)

    def _area_at(self, position: Position) -> Ring | None:
        pixel = self.context.pixel(position)
        return next((area for area in self.context.areas() if pixel and _holds(area, pixel)), None)

    def select(self, area: Ring | None) -> None:
        """Mark an area, or none."""
        self.selected = area
        self.refresh()

    def use(self, vertices: Ring, _value: int) -> None:
        """Add the polygon to the areas of the image."""
        self.context.set_areas([*self.context.areas(), vertices], tr("Working area"))

    def key(self, key: int) -> bool:
        """Remove the selected area with Delete or Backspace."""
        if self.selected is None or self.keys.get(key) not in ("remove_selected", "undo_last"):
            return super().key(key)
        self.remove_selected()
        return True

    def remove_selected(self) -> None:
        """Remove the selected area, if there is one and the project may be changed."""
        if self.selected is not None and self.context.may_paint():
            area, self.selected = self.selected, None
            kept = [other for other in self.context.areas() if other != area]
            self.context.set_areas(kept, tr("Remove working area"))
        self.refresh()

    def cancel(self) -> bool:
        """Drop the vertices and the selection."""
        self.selected = None
        return super().cancel()

    def refresh(self) -> None:
        """Draw the polygon under way, or else what is selected."""
        if self.selected and self.selected not in self.context.areas():
            self.selected = None
        if self.selected:
            self.context.show([_filled(self.selected)])
        else:
            super().refresh()

    def preview(self) -> list[Shape]:
        """Return how the area under way looks: it has no class."""
        return [Shape(self.draft.path(), AREA_COLOUR, None, dashed=True)]


def fill_rest(context: ToolContext, value: int, area: Ring | None) -> int | None:
    """Give `value` to all that is unlabelled inside `area`, by default inside all areas of the image, as one step."""
    areas = (area,) if area else context.areas()
    if not areas:
        context.notifier.info(tr("Draw a working area first."))
        return None
    return context.paint(AreasRegion(areas), value, context.step_name(tr("Fill rest"), value), only(UNLABELLED))


def _holds(area: Ring, pixel: tuple[int, int]) -> bool:
    return bool(PolygonRegion([area]).mask(PixelWindow(*pixel, 1, 1))[0, 0])


def _filled(area: Ring) -> Shape:
    fill = QColor(AREA_COLOUR)
    fill.setAlpha(50)
    return Shape(ring_path(area), AREA_COLOUR, fill, dashed=True)
