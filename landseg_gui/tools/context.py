"""What the tools see of the program: the view, the labels of the image in it, and the ways to paint and to draw."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from PySide6.QtCore import Qt, SignalInstance
from PySide6.QtGui import QColor, QPainterPath

from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED, ClassSchema, LandClass
from landseg_core.labels.edit import LabelEdit, Paintable, paintable
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.labels.regions import LARGE_PIXELS, AreasRegion, ClippedRegion, Position, Region
from landseg_gui.notifier import Notifier
from landseg_gui.text import tr
from landseg_gui.tools.cell_source import CellSource
from landseg_gui.tools.segmenter import Segmenter
from landseg_gui.tools.tool_settings import ToolSettings
from landseg_gui.viewer.overlay import Shape
from landseg_gui.viewer.viewport import Viewport

_FILL_ALPHA = 60
_ERASER_COLOUR = "#ffffff"
Ring = tuple[Position, ...]
"""The vertices of a polygon, in raster px."""


class ToolContext(Protocol):
    """Shared by all tools of a viewport: what an implementation provides, and what follows from that.

    Each signal is emitted when that part has changed; `choices_changed`: the active class, the locked ones, or
    what limits painting; `saving_changed`: how safe the edits are.
    """

    viewport: Viewport
    settings: ToolSettings
    notifier: Notifier
    cells: CellSource
    """The cells of the image in the view."""
    segmenter: Segmenter
    """The model that outlines what is clicked on."""

    active_value: int
    """The class value that tools paint; 255, which erases, where there is no class."""
    only_unlabelled: bool
    """Whether what is labelled already stays as it is."""
    paints_behind: bool
    """Whether it stays as it is for the moment: while a key is held."""
    clips: bool
    """Whether labels change only inside the working areas of the image, where it has any."""

    choices_changed: SignalInstance
    schema_changed: SignalInstance
    areas_changed: SignalInstance
    image_changed: SignalInstance
    project_changed: SignalInstance
    saving_changed: SignalInstance

    @property
    @abstractmethod
    def labels(self) -> LabelRaster | None:
        """Return the labels of the image in the view, or None."""

    @property
    @abstractmethod
    def schema(self) -> ClassSchema | None:
        """Return the classes, or None."""

    @property
    @abstractmethod
    def locked(self) -> frozenset[int]:
        """Return the class values that nothing may paint over."""

    @property
    @abstractmethod
    def accepts_edits(self) -> bool:
        """Return whether an edit could be saved now; shows nothing where not."""

    @abstractmethod
    def may_paint(self) -> bool:
        """Return whether a gesture may begin; where not, the user sees why."""

    @abstractmethod
    def begin(self) -> LabelEdit | None:
        """Begin a gesture on the labels; None where nothing may be painted."""

    @abstractmethod
    def record(self, edit: LabelEdit, name: str) -> None:
        """End a gesture and make it a step of the history called `name`; nothing where it has changed nothing."""

    @abstractmethod
    def paint_large(self, region: Region, value: int, name: str, table: Paintable) -> object:
        """Give a region too large for a gesture the class `value`, as a job and one step."""

    @abstractmethod
    def areas(self) -> tuple[Ring, ...]:
        """Return the working areas of the image, each a ring in raster px."""

    @abstractmethod
    def set_areas(self, areas: Sequence[Ring], name: str) -> None:
        """Replace the working areas, as one step."""

    # --- what follows, the same for every implementation

    def raster_window(self) -> PixelWindow | None:
        """Return the window of the whole image, or None without labels to paint on."""
        labels = self.labels
        return PixelWindow(0, 0, labels.pyramid.width, labels.pyramid.height) if labels else None

    def pixel(self, position: Position) -> tuple[int, int] | None:
        """Return the (column, row) of the pixel at a position, or None beyond the image."""
        whole = self.raster_window()
        column, row = math.floor(position[0]), math.floor(position[1])
        return (column, row) if whole and whole.contains(PixelWindow(column, row, 1, 1)) else None

    def value_at(self, position: Position) -> int:
        """Return the label at a position, 255 where there is none."""
        pixel, labels = self.pixel(position), self.labels
        if pixel is None or labels is None:
            return UNLABELLED
        return int(labels.read(PixelWindow(*pixel, 1, 1))[0, 0])

    def value_for(self, button: Qt.MouseButton) -> int:
        """Return what a button paints: the left one the active class, the right one nothing (255)."""
        return UNLABELLED if button == Qt.MouseButton.RightButton else self.active_value

    def paintable(self, value: int) -> Paintable:
        """Return which labels `value` may replace: to erase "only where unlabelled" would be to do nothing."""
        only_unlabelled = (self.only_unlabelled or self.paints_behind) and value != UNLABELLED
        return paintable(self.locked, only_unlabelled=only_unlabelled)

    def clipped(self, region: Region) -> Region:
        """Return the part of a region in which labels may change."""
        areas = self.areas() if self.clips else ()
        return ClippedRegion(region, AreasRegion(areas)) if areas else region

    def show_clipped_off(self, region: Region) -> None:
        """Explain why nothing was painted, where that is because a region lies outside the working areas."""
        part = self.clipped(region)
        if part is not region and not part.mask(part.bounds).any():
            self.notifier.info(
                tr("Labels change only in the working areas: clear “Only in working areas” to paint elsewhere.")
            )

    def class_of(self, value: int) -> LandClass | None:
        """Return the class of a label value, or None."""
        schema = self.schema
        return next((item for item in schema.classes if item.value == value), None) if schema else None

    def colour(self, value: int) -> QColor:
        """Return the colour of a class value; white for the eraser."""
        item = self.class_of(value)
        return QColor(item.colour if item else _ERASER_COLOUR)

    def step_name(self, title: str, value: int) -> str:
        """Return what the history calls a gesture: `Brush: building`, or `Brush: erase`."""
        item = self.class_of(value)
        if item is None:
            return tr("{tool}: erase", tool=title)
        return tr("{tool}: {class_name}", tool=title, class_name=item.name)

    def paint(self, region: Region, value: int, name: str, table: Paintable | None = None) -> int | None:
        """Paint a region as one step; None where painting is impossible just now or goes on as a job.

        `table` holds which labels may be replaced, (256,) bool by value; by default what `paintable` returns.
        Returns the number of px changed.
        """
        table = self.paintable(value) if table is None else table
        region, whole = self.clipped(region), region
        if _is_large(region, self.raster_window()):
            self.paint_large(region, value, name, table)
            return None
        edit = self.begin()
        if edit is None:
            return None
        try:
            changed = edit.paint(region, value, table)
        except BaseException:
            edit.revert()
            raise
        self.record(edit, name)
        if not changed:
            self.show_clipped_off(whole)
        return changed

    def screen_distance(self, a: Position, b: Position) -> float:
        """Return the distance of two positions on the screen, in logical px."""
        return math.dist(a, b) * self.screen_scale

    @property
    def screen_scale(self) -> float:
        """Return the zoom in logical px of the screen per raster px."""
        return self.viewport.scale_factor / self.viewport.devicePixelRatioF()

    def show(self, shapes: Sequence[Shape]) -> None:
        """Replace the preview of the tool."""
        self.viewport.overlay.show("tool", shapes)

    def clear(self) -> None:
        """Remove the preview."""
        self.viewport.overlay.clear("tool")

    def outline(self, path: QPainterPath, value: int) -> Shape:
        """Return the preview of an area that will become `value`: filled lightly, dashed where it erases."""
        line = self.colour(value)
        fill = QColor(line)
        fill.setAlpha(_FILL_ALPHA)
        return Shape(path, line, fill, dashed=value == UNLABELLED)


def _is_large(region: Region, whole: PixelWindow | None) -> bool:
    part = region.bounds.intersection(whole) if whole else None
    return part is not None and part.pixels > LARGE_PIXELS


def only(value: int) -> Paintable:
    """Return the table that lets nothing but `value` be replaced."""
    table = np.zeros(256, bool)
    table[value] = True
    return table
