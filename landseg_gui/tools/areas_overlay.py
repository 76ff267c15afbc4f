"""Shows the working areas of the image, whatever the tool."""

from __future__ import annotations

from PySide6.QtCore import QObject

from landseg_gui.tools.context import ToolContext
from landseg_gui.tools.polygon_draft import ring_path
from landseg_gui.tools.working_area import AREA_COLOUR
from landseg_gui.viewer.overlay import Shape


class AreasOverlay(QObject):
    """Keeps the dashed outlines of the areas in step with the project."""

    def __init__(self, context: ToolContext, parent: QObject) -> None:
        super().__init__(parent)
        self._context = context
        for signal in (context.areas_changed, context.image_changed, context.project_changed):
            signal.connect(self._show)
        self._show()

    def _show(self) -> None:
        shapes = [Shape(ring_path(area), AREA_COLOUR, None, dashed=True) for area in self._context.areas()]
        self._context.viewport.overlay.show("areas", shapes)
