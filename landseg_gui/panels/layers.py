"""The layers panel: a card for each layer, with visibility, opacity and, for masks, its classes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QScrollArea,
    QSlider,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from landseg_core.labels.classes import preset_names
from landseg_core.messages import N_
from landseg_gui.icons import icon, switch_icon
from landseg_gui.panels.class_row import ClassRow
from landseg_gui.panels.elided_label import ElidedLabel
from landseg_gui.panels.layouts import delete_widgets
from landseg_gui.plain_text import PlainLabel
from landseg_gui.text import NO_BREAK_SPACE, tr, translated
from landseg_gui.viewer.layer import Layer, MaskLayer
from landseg_gui.viewer.layers import LayerStack

_PREVIEW_TIP = N_("Live prediction of the current view, updated after each epoch")
_SUGGESTION_TIP = N_("What the assistant suggests from the model in use and the labels; the surer, the more opaque")
_LABELS_TIP = N_("The labels of this image; their classes are in the Classes panel")

FillMenu = Callable[[QMenu], None]
"""Fills the menu of a layer's card, each time it opens."""


class OpacityRow(QWidget):
    """A slider from 0 to 100 % that moves the layer's opacity at once."""

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self._layer = layer
        self._slider = QSlider(Qt.Orientation.Horizontal, objectName="opacity", maximum=100, pageStep=10)
        self._slider.setToolTip(tr("Opacity"))
        self._value = PlainLabel(objectName="opacity_value", minimumWidth=self.fontMetrics().horizontalAdvance("100 %"))
        self._value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self._slider)
        line.addWidget(self._value)
        self.show_opacity()
        self._slider.valueChanged.connect(self._set_opacity)

    def _set_opacity(self, percent: int) -> None:
        self._layer.opacity = percent / 100

    def show_opacity(self) -> None:
        """Show the layer's opacity."""
        percent = round(self._layer.opacity * 100)
        self._slider.setValue(percent)
        self._value.setText(f"{percent}{NO_BREAK_SPACE}%")


class LayerCard(QFrame):
    """Visibility, name, opacity and, where there are options, the menu of a layer."""

    def __init__(self, layer: Layer, tip: str, fill_menu: FillMenu | None = None) -> None:
        super().__init__(objectName="layer_card")
        self.layer = layer
        self._fill_menu = fill_menu
        self._eye = QToolButton(objectName="layer_eye", checkable=True, toolTip=tr("Show or hide this layer"))
        self._eye.setIcon(switch_icon("eye", "eye_off"))
        self._eye.toggled.connect(self._set_visible)
        self._opacity = OpacityRow(layer)
        self.grid = QGridLayout(self)
        self.grid.setContentsMargins(8, 8, 8, 10)
        self.grid.setHorizontalSpacing(6)
        self.grid.setVerticalSpacing(4)
        self.grid.setColumnStretch(1, 1)
        self.grid.addWidget(self._eye, 0, 0)
        self.grid.addWidget(ElidedLabel(_title(layer), "layer_name", tip), 0, 1)
        if fill_menu:
            self.grid.addWidget(self._menu_button(), 0, 2)
        self.grid.addWidget(self._opacity, 1, 1, 1, 2)
        layer.changed.connect(self._show_state)
        self._show_state()

    def _menu_button(self) -> QToolButton:
        button = QToolButton(objectName="layer_menu", toolTip=tr("Layer options"))
        button.setIcon(icon("more"))
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        menu.aboutToShow.connect(lambda: self.refill(menu))
        button.setMenu(menu)
        return button

    def refill(self, menu: QMenu) -> None:
        """Fill `menu` with the options that the layer has now."""
        menu.clear()
        if self._fill_menu:
            self._fill_menu(menu)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Show the same menu at the cursor."""
        if self._fill_menu is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.refill(menu)
        menu.popup(event.globalPos())

    def _set_visible(self, visible: bool) -> None:
        self.layer.visible = visible

    def _show_state(self) -> None:
        self._eye.setChecked(self.layer.visible)
        self._opacity.show_opacity()
        self._opacity.setEnabled(self.layer.visible)


def _title(layer: Layer) -> str:
    return f"{layer.name} ({layer.note})" if layer.note else layer.name


class MaskCard(LayerCard):
    """The card of a mask: it also has a row for each class while the mask is visible."""

    def __init__(self, layer: MaskLayer, fill_menu: FillMenu) -> None:
        self._mask = layer
        self._rows = QVBoxLayout()
        self._class_rows: list[ClassRow] = []
        self._rows.setSpacing(0)
        self._rows.setContentsMargins(0, 4, 0, 0)
        super().__init__(layer, str(layer.path), fill_menu)
        self.grid.addLayout(self._rows, 2, 0, 1, 3)
        layer.schema_changed.connect(self._rebuild)
        layer.restyled.connect(self._show_classes)

    def _show_state(self) -> None:
        super()._show_state()
        if self._mask.visible != bool(self._class_rows):
            self._rebuild()

    def _rebuild(self) -> None:
        delete_widgets(self._rows)
        classes = self._mask.schema.classes if self._mask.visible else ()
        self._class_rows = [ClassRow(self._mask, item) for item in classes]
        for row in self._class_rows:
            self._rows.addWidget(row)

    def _show_classes(self) -> None:
        by_value = {item.value: item for item in self._mask.schema.classes}
        for row in self._class_rows:
            if row.value in by_value:
                row.show_class(by_value[row.value])


class LayersPanel(QWidget):
    """The layers, the topmost first; a hint where there are none.

    `classes_wanted` brings a mask and the name of a preset, which is empty for a class file.
    """

    rendering_wanted = Signal()
    classes_wanted = Signal(object, str)

    def __init__(self, layers: LayerStack, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="layers_panel")
        self._layers = layers
        self._cards = QVBoxLayout()
        self._cards.setContentsMargins(0, 0, 0, 0)
        self._cards.setSpacing(0)
        self._pages = QStackedWidget()
        self._pages.addWidget(_empty_page())
        self._pages.addWidget(self._list_page())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._pages)
        layers.changed.connect(self._rebuild)
        self._rebuild()

    def _list_page(self) -> QScrollArea:
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self._cards)
        column.addStretch(1)
        area = QScrollArea(widgetResizable=True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(content)
        return area

    def _rebuild(self) -> None:
        delete_widgets(self._cards)
        if self._layers.labels:
            self._cards.addWidget(
                LayerCard(self._layers.labels, translated(_LABELS_TIP))
            )  # always on top; the project's own
        if self._layers.suggestion:
            self._cards.addWidget(LayerCard(self._layers.suggestion, translated(_SUGGESTION_TIP)))
        if self._layers.preview:
            self._cards.addWidget(LayerCard(self._layers.preview, translated(_PREVIEW_TIP)))
        for mask in self._layers.masks:
            self._cards.addWidget(MaskCard(mask, partial(self._fill_mask_menu, mask)))
        if self._layers.image:
            image = self._layers.image
            self._cards.addWidget(LayerCard(image, str(image.path), self._fill_image_menu))
        self._pages.setCurrentIndex(1 if self._layers.image else 0)

    def _fill_image_menu(self, menu: QMenu) -> None:
        rendering = menu.addAction(icon("contrast"), tr("Bands and Contrast…"), self.rendering_wanted.emit)
        rendering.setObjectName("layer_rendering")

    def _fill_mask_menu(self, mask: MaskLayer, menu: QMenu) -> None:
        order = self._layers.masks.index(mask)
        up = menu.addAction(icon("up"), tr("Move Up"), partial(self._layers.move_mask, mask, -1))
        up.setEnabled(order > 0)
        down = menu.addAction(icon("down"), tr("Move Down"), partial(self._layers.move_mask, mask, 1))
        down.setEnabled(order < len(self._layers.masks) - 1)
        classes = menu.addMenu(icon("mask"), tr("Classes"))
        for name in preset_names():
            classes.addAction(name, partial(self.classes_wanted.emit, mask, name))
        classes.addAction(tr("From Class File…"), partial(self.classes_wanted.emit, mask, ""))
        menu.addSeparator()
        remove = menu.addAction(icon("remove"), tr("Remove Layer"), partial(self._layers.remove_mask, mask))
        remove.setObjectName("layer_remove")


def _empty_page() -> QLabel:
    label = PlainLabel(tr("The image and the masks over it are listed here."), objectName="layers_empty", wordWrap=True)
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setMargin(16)
    return label
