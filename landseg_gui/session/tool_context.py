"""What the tools work with: the view, the project's labels, the settings, and the ways to paint and to draw."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainterPath

from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED, LandClass
from landseg_core.labels.label_raster import Paintable, paintable
from landseg_core.labels.regions import LARGE_PIXELS, Region
from landseg_gui.session.project_session import ProjectSession
from landseg_gui.tools.base import Place
from landseg_gui.tools.tool_settings import ToolSettings
from landseg_gui.viewer.overlay import Shape
from landseg_gui.viewer.viewport import Viewport

_FILL_ALPHA = 60
_ERASER_COLOUR = "#ffffff"


class Workbench:
    """Shared by all tools of a viewport. `say` tells the user a sentence."""

    def __init__(
        self, viewport: Viewport, session: ProjectSession, settings: ToolSettings, say: Callable[[str], object]
    ) -> None:
        self.viewport = viewport
        self.session = session
        self.settings = settings
        self.say = say

    def raster_window(self) -> PixelWindow | None:
        """Return the window of the whole image, or None without labels to paint on."""
        labels = self.session.labels
        return PixelWindow(0, 0, labels.pyramid.width, labels.pyramid.height) if labels else None

    def view_window(self) -> PixelWindow | None:
        """Return the part of the image in sight, or None."""
        return self.viewport.view_window()

    def pixel(self, place: Place) -> tuple[int, int] | None:
        """Return the (column, row) of the pixel at a place, or None beyond the image."""
        whole = self.raster_window()
        column, row = math.floor(place[0]), math.floor(place[1])
        return (column, row) if whole and whole.contains(PixelWindow(column, row, 1, 1)) else None

    def value_at(self, place: Place) -> int:
        """Return the label at a place, 255 where there is none."""
        pixel, labels = self.pixel(place), self.session.labels
        if pixel is None or labels is None:
            return UNLABELLED
        return int(labels.read(PixelWindow(*pixel, 1, 1))[0, 0])

    def value_for(self, button: Qt.MouseButton) -> int:
        """Return what a button paints: the left one the active class, the right one nothing (255)."""
        return UNLABELLED if button == Qt.MouseButton.RightButton else self.session.active_value

    def paintable(self, value: int) -> Paintable:
        """Return which labels `value` may replace: to erase "only where unlabelled" would be to do nothing."""
        return paintable(self.session.locked) if value == UNLABELLED else self.session.paintable()

    def class_of(self, value: int) -> LandClass | None:
        """Return the class of a label value, or None."""
        schema = self.session.schema
        return next((item for item in schema.classes if item.value == value), None) if schema else None

    def colour(self, value: int) -> QColor:
        """Return the colour of a class value; white for the eraser."""
        item = self.class_of(value)
        return QColor(item.colour if item else _ERASER_COLOUR)

    def step_name(self, title: str, value: int) -> str:
        """Return what the history calls a gesture: `Brush: building`, or `Brush: erase`."""
        item = self.class_of(value)
        return f"{title}: {item.name if item else 'erase'}"

    def paint(self, region: Region, value: int, name: str, table: Paintable | None = None) -> int | None:
        """Paint a region as one step; None where painting is impossible just now or goes on as a job.

        `table` tells which labels may be replaced, (256,) bool by value; by default what the session allows.
        Returns the number of px changed.
        """
        table = self.paintable(value) if table is None else table
        if self._is_large(region):
            self.session.paint_large(region, value, name, table)
            return None
        edit = self.session.begin()
        if edit is None:
            return None
        try:
            changed = edit.paint(region, value, table)
        except BaseException:
            edit.revert()
            raise
        self.session.record(edit, name)
        return changed

    def _is_large(self, region: Region) -> bool:
        whole = self.raster_window()
        part = region.bounds.intersection(whole) if whole else None
        return part is not None and part.pixels > LARGE_PIXELS

    def areas(self) -> tuple[tuple[Place, ...], ...]:
        """Return the working areas of the image, each a ring in raster px."""
        project, image = self.session.project, self.session.image
        return project.areas(image.id) if project and image else ()

    def set_areas(self, areas: Sequence[tuple[Place, ...]], name: str) -> None:
        """Put other working areas in place, as one step."""
        project, image = self.session.project, self.session.image
        if project and image and self.session.may_edit():
            project.set_areas(image.id, tuple(areas), name)
            self.session.refresh()

    def screen_distance(self, a: Place, b: Place) -> float:
        """Return how far two places lie apart on the screen, in logical px."""
        return math.dist(a, b) * self.screen_scale

    @property
    def screen_scale(self) -> float:
        """Return the zoom in logical px of the screen per raster px."""
        return self.viewport.scale_factor / self.viewport.devicePixelRatioF()

    def show(self, shapes: Sequence[Shape]) -> None:
        """Draw the preview of the tool in place of the former one."""
        self.viewport.overlay.show("tool", shapes)

    def clear(self) -> None:
        """Take the preview away."""
        self.viewport.overlay.clear("tool")

    def outline(self, path: QPainterPath, value: int) -> Shape:
        """Return the preview of an area that will become `value`: filled lightly, dashed where it erases."""
        line = self.colour(value)
        fill = QColor(line)
        fill.setAlpha(_FILL_ALPHA)
        return Shape(path, line, fill, dashed=value == UNLABELLED)


def only(value: int) -> Paintable:
    """Return the table that lets nothing but `value` be replaced."""
    table = np.zeros(256, bool)
    table[value] = True
    return table
