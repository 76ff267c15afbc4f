"""A class in a mask's card: visibility, solo, colour and name."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QColorDialog, QHBoxLayout, QToolButton, QWidget

from landseg_core.labels.classes import LandClass
from landseg_gui.icons import colour_swatch, switch_icon
from landseg_gui.panels.elided_label import ElidedLabel
from landseg_gui.text import tr
from landseg_gui.viewer.layer import MaskLayer


class ClassRow(QWidget):
    """One class of `mask`; object names end in the class's value, such as `class_eye_3`."""

    def __init__(self, mask: MaskLayer, item: LandClass) -> None:
        super().__init__(objectName=f"class_row_{item.value}")
        self.value = item.value
        self._mask = mask
        self._eye = self._switch("class_eye", tr("Show or hide this class"))
        self._eye.setIcon(switch_icon("eye", "eye_off"))
        self._eye.setProperty("eye", "true")
        self._solo = self._switch("class_solo", tr("Show only this class"))
        self._solo.setIcon(switch_icon("solo", "solo_off"))
        self._colour = QToolButton(
            objectName=f"class_colour_{item.value}", toolTip=tr("Choose the colour of this class")
        )
        self._name = ElidedLabel(item.name, "class_name", tr("{name}: value {value}", name=item.name, value=item.value))
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(4)
        for widget in (self._eye, self._colour, self._name, self._solo):
            line.addWidget(widget, 1 if widget is self._name else 0)
        self.show_class(item)
        self._eye.toggled.connect(lambda on: mask.set_class_visible(self.value, on))
        self._solo.toggled.connect(lambda on: mask.set_solo(self.value if on else None))
        self._colour.clicked.connect(self._choose_colour)

    def _switch(self, name: str, tip: str) -> QToolButton:
        return QToolButton(objectName=f"{name}_{self.value}", checkable=True, toolTip=tip)

    def show_class(self, item: LandClass) -> None:
        """Show the class as the mask has it now."""
        for button, on in (
            (self._eye, self._mask.is_class_visible(self.value)),
            (self._solo, self._mask.solo == self.value),
        ):
            with QSignalBlocker(button):  # the mask has it already
                button.setChecked(on)
        self._colour.setIcon(colour_swatch(item.colour))
        self._name.setEnabled(self._mask.shows(self.value))

    def _choose_colour(self) -> None:
        item = self._mask.class_of(self.value)
        if item is None:
            return
        colour = QColorDialog.getColor(QColor(item.colour), self, tr("Colour of {name}", name=item.name))
        if colour.isValid():
            self._mask.set_colour(self.value, colour.name())
