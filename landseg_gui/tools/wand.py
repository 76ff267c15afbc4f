"""The magic wand: grows from the pixel under the cursor over similar colours, within the view."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Qt, QTimer

from landseg_core.labels.filling import similar_region
from landseg_gui.session.tool_context import Workbench
from landseg_gui.tools.base import Place, Tool, ToolRow
from landseg_gui.tools.coarse_region import CoarseRegion
from landseg_gui.tools.mask_preview import MaskPreview

_STEP = 2.0  # logical px of dragging for a step of the tolerance
_FILL_ALPHA = 150
_DEAD = 4.0  # logical px that a hand may tremble in a click


@dataclass(frozen=True)
class _Seed:
    """Where a drag began: the picture as it was seen there, at `scale` raster px per pixel of it."""

    place: Place
    button: Qt.MouseButton
    tolerance: int
    pixels: npt.NDArray[np.uint8]
    x: int
    y: int
    scale: int

    def region(self, tolerance: int) -> CoarseRegion:
        """Return what is similar to the seed."""
        column, row = int(self.place[0] - self.x) // self.scale, int(self.place[1] - self.y) // self.scale
        return CoarseRegion(self.x, self.y, self.scale, similar_region(self.pixels, (column, row), tolerance))


class Wand(Tool):
    """Press, and drag right or up for more tolerance, left or down for less; what is seen is painted on release."""

    def __init__(self, row: ToolRow, bench: Workbench) -> None:
        super().__init__(row, bench)
        self._seed: _Seed | None = None
        self._region: CoarseRegion | None = None
        self._preview = MaskPreview(bench.viewport.canvas.scene)
        # Many moves of the mouse may come while one region grows: only the last of them counts.
        self._growing = QTimer(bench.viewport, singleShot=True, interval=0)
        self._growing.timeout.connect(self._grow)

    @property
    def is_busy(self) -> bool:
        """Tell whether the button is down."""
        return self._seed is not None

    def press(self, place: Place, button: Qt.MouseButton, _modifiers: Qt.KeyboardModifier) -> None:
        """Grow from here."""
        bench = self.bench
        view = bench.viewport.read_view() if bench.pixel(place) and bench.session.may_paint() else None
        if view is None:
            return
        pixels, window, level = view
        self._seed = _Seed(place, button, bench.settings.tolerance, pixels, window.x, window.y, 1 << level)
        self._grow()

    def move(self, place: Place, _modifiers: Qt.KeyboardModifier) -> None:
        """Change the tolerance with the length of the drag."""
        if self._seed:
            scale = self.bench.screen_scale
            way = (place[0] - self._seed.place[0] - (place[1] - self._seed.place[1])) * scale
            steps = math.copysign(max(0.0, abs(way) - _DEAD) / _STEP, way)
            self.bench.settings.tolerance = self._seed.tolerance + steps

    def refresh(self) -> None:
        """Grow again: the tolerance or the class may be another."""
        if self._seed:
            self._growing.start()

    def _grow(self) -> None:
        if self._seed:
            self._region = self._seed.region(self.bench.settings.tolerance)
            colour = self.bench.colour(self.bench.value_for(self._seed.button))
            colour.setAlpha(_FILL_ALPHA)
            self._preview.show(self._region.pixels, self._seed.x, self._seed.y, self._seed.scale, colour)

    def release(self, place: Place, modifiers: Qt.KeyboardModifier) -> None:
        """Paint what the wand has found."""
        self.move(place, modifiers)
        if self._growing.isActive():
            self._grow()
        seed, region = self._seed, self._region.trimmed() if self._region else None
        if self.cancel() and seed and region:
            value = self.bench.value_for(seed.button)
            self.bench.paint(region, value, self.bench.step_name(self.row.title, value))

    def cancel(self) -> bool:
        """Forget what has been found."""
        was_busy = self.is_busy
        self._seed = self._region = None
        self._growing.stop()
        self._preview.clear()
        return was_busy
