"""Shows the working areas of the image, whatever the tool."""

from __future__ import annotations

from PySide6.QtCore import QObject

from landseg_gui.session.tool_context import Workbench
from landseg_gui.tools.polygon_draft import ring_path
from landseg_gui.tools.working_area import AREA_COLOUR
from landseg_gui.viewer.overlay import Shape


class AreasOverlay(QObject):
    """Keeps the dashed outlines of the areas in step with the project."""

    def __init__(self, bench: Workbench, parent: QObject) -> None:
        super().__init__(parent)
        self._bench = bench
        session = bench.session
        for signal in (session.areas_changed, session.image_changed, session.project_changed):
            signal.connect(self._show)
        self._show()

    def _show(self) -> None:
        shapes = [Shape(ring_path(area), AREA_COLOUR, None, dashed=True) for area in self._bench.areas()]
        self._bench.viewport.overlay.show("areas", shapes)
