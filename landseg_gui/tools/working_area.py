"""The working area: polygons inside which labelling counts as complete."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor

from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED
from landseg_core.labels.regions import PolygonRegion
from landseg_gui.session.tool_context import Workbench, only
from landseg_gui.tools.areas_region import AreasRegion
from landseg_gui.tools.base import Place, ToolRow
from landseg_gui.tools.polygon import Polygon
from landseg_gui.tools.polygon_draft import ring_path
from landseg_gui.viewer.overlay import Shape

AREA_COLOUR = QColor("#ffffff")
_DELETE_KEYS = (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)
Ring = tuple[Place, ...]


class WorkingArea(Polygon):
    """Draws areas as the polygon tool does. A click into one selects it, and Delete removes it."""

    def __init__(self, row: ToolRow, bench: Workbench) -> None:
        super().__init__(row, bench)
        self.selected: Ring | None = None

    def press(self, place: Place, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> None:
        """Select the area under the cursor, or add a vertex to a new one."""
        if button != Qt.MouseButton.LeftButton:
            return
        if not self.is_busy:
            self.select(self._area_at(place))
        if self.selected is None:
            super().press(place, button, modifiers)

    def _area_at(self, place: Place) -> Ring | None:
        pixel = self.bench.pixel(place)
        return next((area for area in self.bench.areas() if pixel and _holds(area, pixel)), None)

    def select(self, area: Ring | None) -> None:
        """Mark an area, or none."""
        self.selected = area
        self.refresh()

    def use(self, ring: Ring, _value: int) -> None:
        """Add the polygon to the areas of the image."""
        self.bench.set_areas([*self.bench.areas(), ring], "Working area")

    def key(self, key: int) -> bool:
        """Remove the selected area with Delete."""
        if self.selected is None or key not in _DELETE_KEYS:
            return super().key(key)
        if self.bench.session.may_paint():
            area, self.selected = self.selected, None
            self.bench.set_areas([other for other in self.bench.areas() if other != area], "Remove working area")
        self.refresh()
        return True

    def cancel(self) -> bool:
        """Forget the vertices, and what is selected."""
        self.selected = None
        return super().cancel()

    def refresh(self) -> None:
        """Draw the polygon under way, or else what is selected."""
        if self.selected and self.selected not in self.bench.areas():
            self.selected = None
        if self.selected:
            self.bench.show([_filled(self.selected)])
        else:
            super().refresh()

    def preview(self) -> list[Shape]:
        """Return how the area under way looks: it has no class."""
        return [Shape(self.sketch.path(), AREA_COLOUR, None, dashed=True)]


def fill_rest(bench: Workbench, value: int, area: Ring | None) -> int | None:
    """Give `value` to all that is unlabelled inside `area`, by default inside all areas of the image, as one step."""
    areas = (area,) if area else bench.areas()
    if not areas:
        bench.say("Draw a working area first")
        return None
    return bench.paint(AreasRegion(areas), value, bench.step_name("Rest of the area", value), only(UNLABELLED))


def _holds(area: Ring, pixel: tuple[int, int]) -> bool:
    return bool(PolygonRegion([area]).mask(PixelWindow(*pixel, 1, 1))[0, 0])


def _filled(area: Ring) -> Shape:
    fill = QColor(AREA_COLOUR)
    fill.setAlpha(50)
    return Shape(ring_path(area), AREA_COLOUR, fill, dashed=True)
