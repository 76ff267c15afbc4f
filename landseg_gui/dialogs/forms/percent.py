"""A slider from 0 to 100 % with its figure beside it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSlider, QWidget

from landseg_gui.plain_text import PlainLabel


class PercentSlider(QWidget):
    """A slider that carries the object name, and what its value means: `wording(percent)`, the `longest` of these."""

    changed = Signal()

    def __init__(self, name: str, wording: Callable[[int], str], longest: str) -> None:
        super().__init__()
        self._wording = wording
        self.slider: QSlider = QSlider(Qt.Orientation.Horizontal, objectName=name, maximum=100, pageStep=10)
        self._figure = PlainLabel(objectName=f"{name}_value")
        self._figure.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._figure.setMinimumWidth(self._figure.fontMetrics().horizontalAdvance(longest))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.slider, 1)
        row.addWidget(self._figure)
        self.setFocusProxy(self.slider)
        self.slider.valueChanged.connect(self._tell)
        self._tell()

    @property
    def percent(self) -> int:
        """Return the value, 0 to 100."""
        return self.slider.value()

    @percent.setter
    def percent(self, percent: int) -> None:
        self.slider.setValue(percent)

    def _tell(self) -> None:
        self._figure.setText(self._wording(self.percent))
        self.changed.emit()
