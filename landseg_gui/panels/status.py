"""The status bar: the coordinates and class under the cursor, and the zoom."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStatusBar, QWidget

from landseg_core.geo.grid import RasterGrid
from landseg_gui.panels.elided_label import ElidedLabel
from landseg_gui.plain_text import PlainLabel
from landseg_gui.text import coordinate, thousands, three_digits, tr


def zoom_text(scale: float) -> str:
    """Return a scale (device px per raster px) as percent and, below 100 %, as a ratio: `25 % (1:4)`."""
    if scale >= 1:
        return tr("{percent} %", percent=thousands(round(100 * scale)))
    return tr("{percent} % (1:{ratio})", percent=three_digits(100 * scale), ratio=three_digits(1 / scale))


def coordinates_text(x: float, y: float, *, degrees: bool) -> str:
    """Return coordinates in the raster's CRS: to about a decimetre in degrees, to a centimetre in metres."""
    return f"{coordinate(x, degrees=degrees)}  {coordinate(y, degrees=degrees)}"


class StatusBar(QStatusBar):
    """Fields for coordinates, pixel, class and zoom; each is empty where it has nothing to show."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="status_bar", sizeGripEnabled=False)
        self._fields: dict[str, PlainLabel] = {
            name: PlainLabel(objectName=f"status_{name}") for name in ("crs", "pixel", "zoom")
        }
        self._fields["class"] = ElidedLabel("", "status_class", mode=Qt.TextElideMode.ElideRight)
        self.addWidget(self._fields["crs"])
        self.addWidget(self._fields["pixel"])
        self.addWidget(self._fields["class"], 1)
        self.addPermanentWidget(self._fields["zoom"])
        self._crs_name = ""

    def add_field(self, field: QWidget) -> None:
        """Add a field, which updates itself, at the right end."""
        self.addPermanentWidget(field)

    def set_crs_name(self, name: str) -> None:
        """Set what follows the coordinates, such as `EPSG:3857`."""
        self._crs_name = name

    def show_zoom(self, scale: float | None) -> None:
        """Show the zoom; None empties the field."""
        self._fields["zoom"].setText("" if scale is None else zoom_text(scale))

    def show_position(self, grid: RasterGrid, column: float, row: float, class_name: str) -> None:
        """Show a position, given in raster px, and the class there."""
        self._fields["pixel"].setText(tr("Pixel {column}, {row}", column=math.floor(column), row=math.floor(row)))
        self._fields["class"].setText(class_name)
        self._fields["class"].setToolTip(class_name)
        self._fields["crs"].setText(self._coordinates(grid, column, row))

    def clear_position(self) -> None:
        """Empty the fields about the position of the cursor."""
        for name in ("crs", "pixel", "class"):
            self._fields[name].clear()

    def _coordinates(self, grid: RasterGrid, column: float, row: float) -> str:
        if not grid.is_georeferenced:
            return ""
        degrees = grid.crs is not None and grid.crs.is_geographic
        text = coordinates_text(*grid.to_crs(column, row), degrees=degrees)
        return f"{text}  {self._crs_name}".rstrip()
