"""Accept brush: paint what is suggested, pixel by pixel."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED
from landseg_core.labels.edit import paintable
from landseg_core.labels.regions import Position, Region
from landseg_core.messages import N_
from landseg_core.project.acceptance import Predicted, values_by_name
from landseg_core.project.map_on_image import Values, Where
from landseg_gui.text import tr, translated
from landseg_gui.tools.base import SIZE, ToolSpec
from landseg_gui.tools.brush import Brush, Stroke
from landseg_gui.tools.context import ToolContext

_AS_SUGGESTED = 0  # what a stroke paints is not one class


class AcceptBrush(Brush):
    """Gives unlabelled pixels the class that is suggested for them; the right button erases such labels.

    Other labels stay, and so do pixels without a suggestion. A stroke keeps to the suggestion that it began with.

    Attributes:
        suggested: returns what is suggested now, None where nothing is shown.
    """

    def __init__(self, spec: ToolSpec, context: ToolContext) -> None:
        super().__init__(spec, context)
        self.suggested: Callable[[], Predicted | None] = lambda: None
        self._suggested: Predicted | None = None

    def value_for(self, button: Qt.MouseButton) -> int:
        """Return what a button paints: the right one nothing (255)."""
        return UNLABELLED if button == Qt.MouseButton.RightButton else _AS_SUGGESTED

    def step_name(self, value: int) -> str:
        """Return what the history calls a stroke."""
        title = translated(self.spec.title)
        return self.context.step_name(title, value) if value == UNLABELLED else title

    def press(self, position: Position, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> None:
        """Begin a stroke, where there is a suggestion."""
        self._suggested = self.suggested()
        if self._suggested is None:
            self.context.notifier.info(tr("There is no suggestion to paint with: label two classes, and show it."))
        else:
            super().press(position, button, modifiers)

    def _paint(self, stroke: Stroke, region: Region) -> None:
        region, window = self.context.clipped(region), self.context.raster_window()
        part = region.bounds.intersection(window) if window else None
        if part is not None:
            values, where = self._values(part)
            where &= region.mask(part)
            put = self._erase if stroke.value == UNLABELLED else self._accept
            stroke.changed += put(stroke, part, values, where)

    def _values(self, window: PixelWindow) -> tuple[Values, Where]:
        """Return (H, W) what is suggested in a window, as classes of the project, and where anything is."""
        suggested, schema = self._suggested, self.context.schema
        assert suggested is not None
        assert schema is not None
        values, known = suggested.values.read(window)
        values = values_by_name(suggested.classes, schema)[values]
        return values, known & (values != UNLABELLED)

    def _accept(self, stroke: Stroke, window: PixelWindow, values: Values, where: Where) -> int:
        return stroke.edit.put(window, values, where, paintable(self.context.locked, only_unlabelled=True))

    def _erase(self, stroke: Stroke, window: PixelWindow, values: Values, where: Where) -> int:
        assert self.context.labels is not None
        given = where & (self.context.labels.read(window) == values)
        nothing = np.full_like(values, UNLABELLED)
        return stroke.edit.put(window, nothing, given, self.context.paintable(UNLABELLED))

    def _ring_colour(self) -> QColor:
        """Return no colour of a class, for it may bring several; white for the eraser."""
        if self._stroke and self._stroke.value == UNLABELLED:
            return self.context.colour(UNLABELLED)
        return QApplication.palette().color(QPalette.ColorRole.Accent)


ACCEPT_BRUSH_SPEC = ToolSpec(
    name="accept_brush",
    title=N_("Accept Brush"),
    icon="accept_brush",
    shortcut="Shift+A",
    tip=N_("Paint what is suggested: each unlabelled pixel gets the class of its suggestion"),
    hint=N_(
        "Drag over a correct part of the suggestion; the right button erases these labels again; "
        "[ and ] change the size"
    ),
    make=AcceptBrush,
    options=SIZE,
    edits=True,
)
"""The tool as data, for the registry of tools."""
