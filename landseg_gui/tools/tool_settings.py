"""What the user sets for the tools, remembered from one day to the next: brush size, width of lines, tolerance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QObject, Signal

from landseg_core.assistant.cells import SIZES

LARGEST_BRUSH = 2000
"""In raster px."""
LARGEST_TOLERANCE = 255
PIXELS, METRES = "px", "m"
_STEP = 1.2
_RUNGS_PER_UNIT = {PIXELS: 1, METRES: 10}  # a line is stepped through whole px, or through tenths of a metre
_NOTICED = 1.08  # a change by less is hardly seen: from a typed size the next step is the one after


def _ladder() -> tuple[int, ...]:
    """Return the sizes that the keys step through: each about a fifth larger than the one before."""
    sizes = [1]
    while sizes[-1] * _STEP * _NOTICED < LARGEST_BRUSH:
        sizes.append(max(sizes[-1] + 1, round(sizes[-1] * _STEP)))
    return (*sizes, LARGEST_BRUSH)


LADDER = _ladder()


class ToolSettings(QObject):
    """The sizes of the brush, in px or in true ground metres, of lines and of cells, and the tolerance of the wand.

    `diameter` is the size in whole raster px, whatever the unit. Without a ground resolution (m/px) there are no
    metres: the size in px counts until an image with one comes again. Lines have a width in metres wherever there are
    any, for that of a road or a river is known, and another in px elsewhere.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pixels = 40
        self._metres = 10.0
        self._lines = {PIXELS: 20.0, METRES: 6.0}
        self._wants_metres = False
        self._tolerance = 24
        self._cell_size = 1
        self._resolution: float | None = None

    @property
    def resolution(self) -> float | None:
        """Return the ground resolution of the image in m/px, or None."""
        return self._resolution

    @resolution.setter
    def resolution(self, resolution: float | None) -> None:
        if resolution != self._resolution:
            self._resolution = resolution
            self.changed.emit()

    @property
    def unit(self) -> str:
        """Return the unit that the size is in: `px` or `m`."""
        return METRES if self._wants_metres and self._resolution else PIXELS

    @unit.setter
    def unit(self, unit: str) -> None:
        """Change to another unit; the brush stays as large as it is."""
        diameter, self._wants_metres = self.diameter, unit == METRES
        self._set_diameter(diameter)

    @property
    def size(self) -> float:
        """Return the size in the unit in force."""
        return self._metres if self.unit == METRES else self._pixels

    @size.setter
    def size(self, size: float) -> None:
        if self.unit == METRES:
            self._metres = size
        else:
            self._pixels = _brush(size)
        self.changed.emit()

    @property
    def diameter(self) -> int:
        """Return the size of the brush in raster px, 1 to 2000."""
        if self.unit == METRES and self._resolution:
            return _brush(self._metres / self._resolution)
        return self._pixels

    def step_size(self, steps: int) -> None:
        """Make the brush larger (or smaller) by about a fifth for each step."""
        stepped = _stepped(self.diameter, steps)
        if stepped != self.diameter:
            self._set_diameter(round(stepped))

    def _set_diameter(self, diameter: int) -> None:
        if self.unit == METRES and self._resolution:
            self._metres = float(f"{diameter * self._resolution:.3g}")
        else:
            self._pixels = diameter
        self.changed.emit()

    @property
    def tolerance(self) -> int:
        """Return how far colours may lie from the wand's own, 0 to 255."""
        return self._tolerance

    @tolerance.setter
    def tolerance(self, tolerance: float) -> None:
        tolerance = min(LARGEST_TOLERANCE, max(0, round(tolerance)))
        if tolerance != self._tolerance:
            self._tolerance = tolerance
            self.changed.emit()

    @property
    def cell_size(self) -> int:
        """Return the size of cells, an index of `SIZES` of `landseg_core.assistant.cells`."""
        return self._cell_size

    @cell_size.setter
    def cell_size(self, size: int) -> None:
        size = _cell_size(size)
        if size != self._cell_size:
            self._cell_size = size
            self.changed.emit()

    @property
    def line_unit(self) -> str:
        """Return the unit that the width of lines is in: `m` wherever there is a ground resolution, else `px`."""
        return METRES if self._resolution else PIXELS

    @property
    def line(self) -> float:
        """Return the width of lines in `line_unit`: what is wished, or the least or most that the image allows."""
        pixel = self._resolution or 1
        return min(LARGEST_BRUSH * pixel, max(pixel, self._lines[self.line_unit]))

    @line.setter
    def line(self, width: float) -> None:
        self._lines[self.line_unit] = width
        self.changed.emit()

    @property
    def line_width(self) -> float:
        """Return the width of lines in raster px, 1 to 2000; metres seldom make a whole number."""
        return self.line / (self._resolution or 1)

    def step_line(self, steps: int) -> None:
        """Make lines wider (or narrower) by about a fifth for each step."""
        rungs = _RUNGS_PER_UNIT[self.line_unit]
        self.line = _stepped(self.line * rungs, steps) / rungs

    def state(self) -> dict[str, Any]:
        """Return all of it as plain values, for `restore`."""
        return {
            "pixels": self._pixels,
            "metres": self._metres,
            "unit": METRES if self._wants_metres else PIXELS,
            "tolerance": self._tolerance,
            "cell_size": self._cell_size,
            **{f"line_{unit}": width for unit, width in self._lines.items()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up a former state; what is missing or no number stays as it is."""
        self._pixels = _brush(_number(state, "pixels", self._pixels))
        self._metres = max(0.0, _number(state, "metres", self._metres)) or self._metres
        self._wants_metres = state.get("unit", PIXELS) == METRES
        self._lines = {unit: _number(state, f"line_{unit}", width) for unit, width in self._lines.items()}
        self._tolerance = min(LARGEST_TOLERANCE, max(0, round(_number(state, "tolerance", self._tolerance))))
        self._cell_size = _cell_size(_number(state, "cell_size", self._cell_size))
        self.changed.emit()


def _stepped(present: float, steps: int) -> float:
    """Return the size some steps up or down the ladder, or `present` at its end."""
    larger = [size for size in LADDER if size > present * _NOTICED]
    smaller = [size for size in LADDER if size < present / _NOTICED]
    wanted = larger[:steps] if steps > 0 else smaller[steps:][::-1]
    return wanted[-1] if wanted else present


def _cell_size(size: float) -> int:
    return min(len(SIZES) - 1, max(0, round(size)))


def _brush(size: float) -> int:
    return min(LARGEST_BRUSH, max(1, round(size)))


def _number(state: Mapping[str, Any], name: str, otherwise: float) -> float:
    value = state.get(name)
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else otherwise
