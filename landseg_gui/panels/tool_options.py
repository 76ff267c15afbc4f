"""The row above the image: the options of the current tool."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QFontMetrics, QKeySequence, QPalette
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QWidget,
)

from landseg_core.assistant.cells import SIZES
from landseg_core.labels.classes import LandClass
from landseg_core.messages import N_
from landseg_gui.icons import colour_swatch
from landseg_gui.number_boxes import DecimalBox, WholeBox
from landseg_gui.panels.elided_label import ElidedLabel
from landseg_gui.plain_text import PlainLabel, plain_tip, without_key
from landseg_gui.text import tr, translated
from landseg_gui.tools.base import AREA, CELL, NO_OPTIONS, SIZE, SIZE_AND_TOLERANCE, TOLERANCE, WIDTH
from landseg_gui.tools.manager import BEHIND_KEY, ToolManager
from landseg_gui.tools.tool_settings import LARGEST_BRUSH, LARGEST_TOLERANCE, METRES, PIXELS

_BOX_WIDTH = 86
_REST_WIDTH = 200
_CLASS_WIDTH = 110
_NO_METRES = N_("The image is not georeferenced: sizes are in pixels")
_DECIMALS = {PIXELS: 0, METRES: 2}


class ToolOptions(QWidget):
    """Size, tolerance or what else the current tool needs; each has its own page, so that nothing moves."""

    def __init__(self, manager: ToolManager, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="tool_options")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._manager = manager
        self._context = manager.context
        self._hint = ElidedLabel("", "tool_hint", mode=Qt.TextElideMode.ElideRight)
        self._hint.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._class = _ActiveClass()
        self._rest = QPushButton(objectName="tool_rest")
        self._only = QCheckBox(tr("Only unlabelled"), objectName="tool_only_unlabelled")
        self._only.setToolTip(
            tr(
                "Paint only unlabelled pixels; existing labels stay as they are. Hold the key to do so for a while "
                "({key}).",
                key=QKeySequence(BEHIND_KEY).toString(),
            )
        )
        self._clip = QCheckBox(tr("Only in working areas"), objectName="tool_clip")
        self._clip.setToolTip(tr("Change labels only inside the working areas of the image"))
        self._pages = {
            NO_OPTIONS: QWidget(),
            SIZE: _SizeOptions(manager),
            WIDTH: _LineOptions(manager),
            TOLERANCE: _ToleranceOptions(manager),
            SIZE_AND_TOLERANCE: _beside(_SizeOptions(manager, "edge"), _ToleranceOptions(manager, "edge")),
            CELL: _CellOptions(manager),
            AREA: self._rest,
        }
        self._lay_out()
        self._connect()
        self._show_tool()
        self._show_brush()

    def _lay_out(self) -> None:
        self._stack = QStackedWidget()
        self._stack.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        for page in self._pages.values():
            self._stack.addWidget(_left_aligned(page))
        self._rest.setFixedWidth(_REST_WIDTH)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 4, 12, 4)
        row.setSpacing(12)
        row.addWidget(self._class)
        row.addWidget(self._stack)
        row.addWidget(self._only)
        row.addWidget(self._clip)
        row.addWidget(self._hint, 1)
        self._rest.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the keys stay with the image
        self._only.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._clip.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def _connect(self) -> None:
        context = self._context
        self._manager.current_changed.connect(self._show_tool)
        self._manager.hint_changed.connect(self._show_hint)
        self._rest.clicked.connect(self._manager.fill_rest)
        self._only.clicked.connect(self._set_only_unlabelled)
        self._clip.clicked.connect(self._set_clips)
        for signal in (context.choices_changed, context.schema_changed, context.areas_changed, context.image_changed):
            signal.connect(self._show_brush)

    def _set_only_unlabelled(self, only: bool) -> None:
        self._context.only_unlabelled = only

    def _set_clips(self, clips: bool) -> None:
        self._context.clips = clips

    def _show_tool(self) -> None:
        spec = self._manager.current
        self._stack.setCurrentIndex(list(self._pages).index(spec.options))
        self._show_hint()
        # Painting tools have everything at a fixed position; the others need only the hint.
        self._stack.setVisible(spec.paints or spec.options != NO_OPTIONS)
        self._only.setVisible(spec.paints)
        self._show_clip()

    def _show_hint(self) -> None:
        behind = self._context.paints_behind and self._manager.current.paints
        hint = tr("Painting behind existing labels") if behind else self._manager.hint
        self._hint.setText(hint)
        self._hint.setToolTip(hint)

    def _show_brush(self) -> None:
        """Follow the active class, the areas and what limits painting."""
        context = self._context
        self._show_limits()
        item, colour = context.class_of(context.active_value), context.colour(context.active_value).name()
        self._class.show_class(item, colour)
        name = item.name if item else "…"
        text = QFontMetrics(self._rest.font()).elidedText(name, Qt.TextElideMode.ElideRight, _REST_WIDTH - 115)
        self._rest.setText(without_key(tr("Fill Rest with {name}", name=text)))
        self._rest.setIcon(colour_swatch(colour))
        tip = tr("Label everything that is unlabelled inside the working areas as {name}, in one step", name=name)
        self._rest.setToolTip(plain_tip(tip))
        self._rest.setEnabled(item is not None and bool(context.areas()))

    def _show_limits(self) -> None:
        self._only.setChecked(self._context.only_unlabelled or self._context.paints_behind)
        self._clip.setChecked(self._context.clips)
        self._show_clip()
        self._show_hint()

    def _show_clip(self) -> None:
        """Show the switch where there is something to clip to: the hint needs the room."""
        self._clip.setVisible(self._manager.current.edits and bool(self._context.areas()))


def _left_aligned(page: QWidget) -> QWidget:
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(page)
    row.addStretch()
    return holder


class _ActiveClass(QWidget):
    """The class that is painted with: always visible, whichever panel is in front and however long the list is."""

    def __init__(self) -> None:
        super().__init__(objectName="tool_class", visible=False)
        self._swatch = PlainLabel()
        self._name = PlainLabel(objectName="tool_class_name")
        self._name.setFixedWidth(_CLASS_WIDTH)
        _lay_out(self, self._swatch, self._name)

    def show_class(self, item: LandClass | None, colour: str) -> None:
        """Show a class, or nothing where there is none to paint with."""
        self.setVisible(item is not None)
        if item is None:
            return
        name = QFontMetrics(self._name.font()).elidedText(item.name, Qt.TextElideMode.ElideRight, _CLASS_WIDTH)
        self._swatch.setPixmap(colour_swatch(colour).pixmap(16, 16))
        self._name.setText(name)
        tip = tr("Painting {name}: press a digit or click in the Classes panel for another class", name=item.name)
        self.setToolTip(plain_tip(tip))


class _LadderBox(DecimalBox):
    """A number whose arrows step as the size keys do: by about a fifth."""

    def __init__(self, name: str, step: Callable[[int], None]) -> None:
        super().__init__(objectName=name)
        self._step = step

    def stepBy(self, steps: int) -> None:
        self._step(steps)


class _SizeOptions(QWidget):
    """The size of the brush and its unit."""

    def __init__(self, manager: ToolManager, prefix: str = "tool") -> None:
        super().__init__()
        self._settings = manager.settings
        self._box = _LadderBox(f"{prefix}_size", manager.settings.step_size)
        self._unit = QComboBox(objectName=f"{prefix}_unit", focusPolicy=Qt.FocusPolicy.NoFocus)
        self._unit.addItems([PIXELS, METRES])
        _prepare(self._box, manager)
        _lay_out(self, PlainLabel(tr("Size")), self._box, self._unit)
        self._box.setToolTip(tr("Width of the brush ([ and ] change it)"))
        self._box.valueChanged.connect(self._set_size)
        self._unit.textActivated.connect(self._set_unit)
        self._settings.changed.connect(self._show)
        self._show()

    def _set_size(self, size: float) -> None:
        self._settings.size = size

    def _set_unit(self, unit: str) -> None:
        self._settings.unit = unit

    def _show(self) -> None:
        settings, box = self._settings, self._box
        resolution = settings.resolution if settings.unit == METRES else None
        with QSignalBlocker(box):  # the box rounds to its decimals: that is no wish of the user's
            box.setDecimals(_DECIMALS[settings.unit])
            box.setRange(resolution or 1, LARGEST_BRUSH * (resolution or 1))
            box.setValue(settings.size)
        self._unit.setCurrentText(settings.unit)
        self._unit.setToolTip("" if settings.resolution else translated(_NO_METRES))
        self._unit.setEnabled(settings.resolution is not None)


class _LineOptions(QWidget):
    """The width of lines, in metres, or in pixels where there are no metres."""

    def __init__(self, manager: ToolManager) -> None:
        super().__init__()
        self._settings = manager.settings
        self._box = _LadderBox("tool_width", manager.settings.step_line)
        self._unit = PlainLabel(objectName="tool_width_unit")
        _prepare(self._box, manager)
        _lay_out(self, PlainLabel(tr("Width")), self._box, self._unit)
        self._box.setToolTip(tr("Width of the line ([ and ] change it)"))
        self._box.valueChanged.connect(self._set_width)
        self._settings.changed.connect(self._show)
        self._show()

    def _set_width(self, width: float) -> None:
        self._settings.line = width

    def _show(self) -> None:
        settings, box = self._settings, self._box
        pixel = settings.resolution or 1
        with QSignalBlocker(box):  # the box rounds to its decimals: that is no wish of the user's
            box.setDecimals(_DECIMALS[settings.line_unit])
            box.setRange(pixel, LARGEST_BRUSH * pixel)
            box.setValue(settings.line)
        self._unit.setText(settings.line_unit)
        self._unit.setToolTip("" if settings.resolution else translated(_NO_METRES))


class _ToleranceOptions(QWidget):
    """How much colours may differ, for the wand and the edge brush."""

    def __init__(self, manager: ToolManager, prefix: str = "tool") -> None:
        super().__init__()
        self._settings = manager.settings
        self._box = WholeBox(objectName=f"{prefix}_tolerance", minimum=0, maximum=LARGEST_TOLERANCE)
        _prepare(self._box, manager)
        _lay_out(self, PlainLabel(tr("Tolerance")), self._box)
        self._box.setToolTip(tr("Allowed colour difference, 0 to 255; dragging with the wand changes it, too"))
        self._box.valueChanged.connect(self._set_tolerance)
        self._settings.changed.connect(self._show)
        self._show()

    def _set_tolerance(self, tolerance: int) -> None:
        self._settings.tolerance = tolerance

    def _show(self) -> None:
        self._box.setValue(self._settings.tolerance)


class _CellOptions(QWidget):
    """The size of cells, in px of the screen."""

    def __init__(self, manager: ToolManager) -> None:
        super().__init__()
        self._settings = manager.settings
        self._box = QComboBox(objectName="tool_cell_size", focusPolicy=Qt.FocusPolicy.NoFocus)
        self._box.addItems([tr("{size} px", size=size) for size in SIZES])
        self._box.setToolTip(tr("Size of the cells on the screen (Ctrl + wheel, or [ and ], change it)"))
        _lay_out(self, PlainLabel(tr("Cell size")), self._box)
        self._box.activated.connect(self._set_size)
        self._settings.changed.connect(self._show)
        self._show()

    def _set_size(self, size: int) -> None:
        self._settings.cell_size = size

    def _show(self) -> None:
        self._box.setCurrentIndex(self._settings.cell_size)


def _beside(*pages: QWidget) -> QWidget:
    both = QWidget()
    _lay_out(both, *pages)
    return both


def _prepare(box: QAbstractSpinBox, manager: ToolManager) -> None:
    """Accept a typed number when it is complete, and give the keys back to the image then."""
    box.setKeyboardTracking(False)
    box.setFixedWidth(_BOX_WIDTH)
    box.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
    box.lineEdit().returnPressed.connect(manager.context.viewport.setFocus)


def _lay_out(page: QWidget, *widgets: QWidget) -> None:
    row = QHBoxLayout(page)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(6)
    for widget in widgets:
        row.addWidget(widget)
