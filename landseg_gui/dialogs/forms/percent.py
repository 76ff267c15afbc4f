"""A slider from 0 to 100 % with its value next to it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSlider, QWidget

from landseg_gui.plain_text import PlainLabel


class PercentSlider(QWidget):
    """A slider that has the object name, and the text of its value: `text_of(percent)`; `longest` is the longest."""

    changed = Signal()

    def __init__(self, name: str, text_of: Callable[[int], str], longest: str) -> None:
        super().__init__()
        self._text_of = text_of
        self.slider: QSlider = QSlider(Qt.Orientation.Horizontal, objectName=name, maximum=100, pageStep=10)
        self._value = PlainLabel(objectName=f"{name}_value")
        self._value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._value.setMinimumWidth(self._value.fontMetrics().horizontalAdvance(longest))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.slider, 1)
        row.addWidget(self._value)
        self.setFocusProxy(self.slider)
        self.slider.valueChanged.connect(self._show_value)
        self._show_value()

    @property
    def percent(self) -> int:
        """Return the value, 0 to 100."""
        return self.slider.value()

    @percent.setter
    def percent(self, percent: int) -> None:
        self.slider.setValue(percent)

    def _show_value(self) -> None:
        self._value.setText(self._text_of(self.percent))
        self.changed.emit()
