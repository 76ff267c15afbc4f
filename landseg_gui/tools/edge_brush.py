"""The edge brush: a brush that stops where the colour changes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QCursor

from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.regions import ClippedRegion, CoarseRegion, Position, Region, StrokeRegion
from landseg_gui.tools.base import ToolSpec
from landseg_gui.tools.brush import Brush
from landseg_gui.tools.cell_source import CellFinder, FoundCell, along
from landseg_gui.tools.context import ToolContext

_STEP = 0.2  # of the brush's diameter, between the positions that a stroke paints at
_FINEST = 0


class EdgeBrush(Brush):
    """Paints those parts of the cells under the brush whose colour is like that of the cell under its centre.

    Like means that the mean colours of two finest cells differ by at most the tolerance (in Lab, each band 0 to 255).
    """

    def __init__(self, spec: ToolSpec, context: ToolContext) -> None:
        super().__init__(spec, context)
        self._finder = CellFinder(context)
        self._waits = False
        self._missed = False
        context.cells.ready.connect(self._follow_cells)
        context.cells.emptied.connect(self._follow_cells)

    def press(self, position: Position, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> None:
        """Begin a stroke."""
        self._missed = False
        super().press(position, button, modifiers)

    def mouse_lost(self) -> None:
        """End the stroke where it is, and say so where cells were not cut yet."""
        super().mouse_lost()
        if self._missed:
            self._missed = False
            self._finder.explain()

    def move(self, position: Position, modifiers: Qt.KeyboardModifier) -> None:
        """Paint up to `position` while a button is held; the ring comes along."""
        self._finder.request(position)
        super().move(position, modifiers)

    def refresh(self) -> None:
        """Draw the ring, and show whether the cells under the cursor are being cut."""
        super().refresh()
        waits = self._hover is not None and self._finder.is_coming(self._hover)
        if waits != self._waits:
            self._waits = waits
            self.context.viewport.update_cursor()

    def _follow_cells(self) -> None:
        if self._hover is not None:
            self._finder.request(self._hover)
            self.refresh()

    def cursor(self) -> QCursor:
        """Return the cursor of a brush, or what shows that the cells under it are being cut."""
        return QCursor(Qt.CursorShape.BusyCursor) if self._waits else super().cursor()

    def _paint_to(self, position: Position, start: Position | None) -> None:
        stroke = self._stroke
        assert stroke is not None
        self._last = position
        for point in along(start or position, position, max(1.0, _STEP * stroke.diameter)):
            for region in self._alike(point, stroke.diameter):
                self._paint(stroke, region)

    def _alike(self, position: Position, diameter: float) -> Iterator[Region]:
        """Yield, tile by tile, what to paint with the brush at a position."""
        centre = self._finder.find(position, _FINEST)
        disc = StrokeRegion([position], diameter)
        tiles = self._finder.tiles_in(disc.bounds)
        self._missed = self._missed or any(self._finder.is_tile_coming(key) for key, _ in tiles)
        if centre is None:
            return
        for key, window in tiles:
            part = self._part(key, window, disc.bounds, centre)
            if part is not None:
                yield ClippedRegion(part, disc)

    def _part(self, key: TileKey, window: PixelWindow, under: PixelWindow, centre: FoundCell) -> CoarseRegion | None:
        """Return the cells of a tile that are like `centre`, as far as they may lie `under` the brush."""
        tile, level = self._finder.cells(key), key.level
        box = window.intersection(under)
        if tile is None or box is None:
            return None
        difference = np.linalg.norm(tile.colours - centre.tile.colours[centre.number], axis=1)
        alike = np.append(difference <= self.context.settings.tolerance, False)
        x, y = (box.x - window.x) >> level, (box.y - window.y) >> level
        right, bottom = (box.right - 1 - window.x) >> level, (box.bottom - 1 - window.y) >> level
        pixels = alike[tile.ids[y : bottom + 1, x : right + 1]]
        return CoarseRegion(window.x + (x << level), window.y + (y << level), 1 << level, pixels)
