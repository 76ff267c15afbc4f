"""What the assistant suggests, as a layer: the surer, the more opaque."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED, ClassSchema, LandClass
from landseg_gui.text import tr
from landseg_gui.viewer.layer import ClassLayer
from landseg_gui.viewer.preview_layer import PreviewReader

_SURE = (0.5, 0.7, 0.9)
"""The shares of a class from which it is drawn one step more opaque."""
_ALPHAS = (0.3, 0.5, 0.75, 1.0)
_OPACITY = 0.35
"""Fainter than labels, so that the two are never taken for each other."""

Codes = npt.NDArray[np.uint8]


class SuggestionLayer(ClassLayer):
    """A suggested class for each pixel, and how sure it is: both in one value, class number + classes * step.

    With so many classes that their values leave no room for all steps, the uppermost are left out.
    """

    def __init__(self, grid: RasterGrid, schema: ClassSchema) -> None:
        self._preview = PreviewReader(grid.width, grid.height)
        super().__init__(self._preview, schema, tr("Suggestion"))
        self._opacity = _OPACITY
        self._drawn = schema.values

    def show(self, window: PixelWindow, values: Codes, confidence: Codes) -> None:
        """Show (H, W) class `values`, and their `confidence` of 255, in `window` (px of the image)."""
        self._drawn = self.schema.values
        self._preview.show(window, self._encoded(values, confidence))
        self.reread.emit()

    def set_schema(self, schema: ClassSchema) -> None:
        """Show the same values in other colours; the eyes of classes that stay are as they were."""
        self._hidden &= frozenset(schema.values)
        self.schema = schema
        self.schema_changed.emit()
        self.restyled.emit()

    def _encoded(self, values: Codes, confidence: Codes) -> Codes:
        steps = np.searchsorted(np.array(_SURE) * 255, np.arange(256), side="right")
        numbers = np.full(256, UNLABELLED, np.int64)
        numbers[list(self._drawn)] = np.arange(len(self._drawn))
        codes = numbers[values] + len(self._drawn) * np.minimum(steps, self._steps - 1)[confidence]
        return np.where(numbers[values] == UNLABELLED, UNLABELLED, codes).astype(np.uint8)

    @property
    def _steps(self) -> int:
        return min(len(_ALPHAS), UNLABELLED // max(1, len(self._drawn)))

    def class_shown(self, value: int) -> LandClass | None:
        """Return the class that a pixel of this value is seen as; None where it is not shown."""
        if value >= len(self._drawn) * self._steps:
            return None
        return super().class_shown(self._drawn[value % len(self._drawn)])

    def colour_table(self) -> list[int]:
        """Return 256 colours 0xAARRGGBB by value; what is not shown is transparent."""
        return [self._colour(value) for value in range(256)]

    def _colour(self, value: int) -> int:
        shown = self.class_shown(value)
        if shown is None:
            return 0
        red, green, blue = shown.rgb
        return round(255 * _ALPHAS[value // len(self._drawn)]) << 24 | red << 16 | green << 8 | blue
