"""The magic wand: grows from the pixel under the cursor over similar colours, within the view."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Qt, QTimer

from landseg_core.labels.filling import similar_region
from landseg_core.labels.regions import CoarseRegion, Position
from landseg_gui.tools.base import Tool, ToolSpec
from landseg_gui.tools.context import ToolContext
from landseg_gui.tools.mask_preview import MaskPreview

_STEP = 2.0  # logical px of dragging for a step of the tolerance
_FILL_ALPHA = 150
_DEAD = 4.0  # logical px that a hand may tremble in a click


@dataclass(frozen=True)
class _Seed:
    """Where a drag began, and the displayed image at that moment, at `scale` raster px per pixel."""

    position: Position
    button: Qt.MouseButton
    tolerance: int
    pixels: npt.NDArray[np.uint8]
    x: int
    y: int
    scale: int

    def region(self, tolerance: int) -> CoarseRegion:
        """Return what is similar to the seed."""
        column, row = int(self.position[0] - self.x) // self.scale, int(self.position[1] - self.y) // self.scale
        return CoarseRegion(self.x, self.y, self.scale, similar_region(self.pixels, (column, row), tolerance))


class Wand(Tool):
    """Press, and drag right or up for more tolerance, left or down for less; the preview is painted on release."""

    def __init__(self, spec: ToolSpec, context: ToolContext) -> None:
        super().__init__(spec, context)
        self._seed: _Seed | None = None
        self._region: CoarseRegion | None = None
        self._preview = MaskPreview(context.viewport.canvas.scene)
        # Many moves of the mouse may arrive while one region grows: only the last of them counts.
        self._growing = QTimer(context.viewport, singleShot=True, interval=0)
        self._growing.timeout.connect(self._grow)

    @property
    def is_busy(self) -> bool:
        """Return whether the button is down."""
        return self._seed is not None

    def press(self, position: Position, button: Qt.MouseButton, _modifiers: Qt.KeyboardModifier) -> None:
        """Grow from here."""
        context = self.context
        view = context.viewport.read_view() if context.pixel(position) and context.may_paint() else None
        if view is None:
            return
        pixels, window, level = view
        self._seed = _Seed(position, button, context.settings.tolerance, pixels, window.x, window.y, 1 << level)
        self._grow()

    def move(self, position: Position, _modifiers: Qt.KeyboardModifier) -> None:
        """Change the tolerance with the length of the drag."""
        if self._seed:
            scale = self.context.screen_scale
            distance = (position[0] - self._seed.position[0] - (position[1] - self._seed.position[1])) * scale
            steps = math.copysign(max(0.0, abs(distance) - _DEAD) / _STEP, distance)
            self.context.settings.tolerance = self._seed.tolerance + steps

    def refresh(self) -> None:
        """Grow again: the tolerance or the class may be another."""
        if self._seed:
            self._growing.start()

    def _grow(self) -> None:
        if self._seed:
            self._region = self._seed.region(self.context.settings.tolerance)
            colour = self.context.colour(self.context.value_for(self._seed.button))
            colour.setAlpha(_FILL_ALPHA)
            self._preview.show(self._region.pixels, self._seed.x, self._seed.y, self._seed.scale, colour)

    def release(self, position: Position, modifiers: Qt.KeyboardModifier) -> None:
        """Paint what the wand has found."""
        self.move(position, modifiers)
        if self._growing.isActive():
            self._grow()
        seed, region = self._seed, self._region.trimmed() if self._region else None
        if self.cancel() and seed and region:
            value = self.context.value_for(seed.button)
            self.context.paint(region, value, self.context.step_name(self.spec.title, value))

    def cancel(self) -> bool:
        """Drop the region."""
        was_busy = self.is_busy
        self._seed = self._region = None
        self._growing.stop()
        self._preview.clear()
        return was_busy
