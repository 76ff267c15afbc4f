"""A class that can be painted: its digit, colour, name, labelled pixels, visibility and lock."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtGui import QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QToolButton

from landseg_core.labels.classes import LandClass
from landseg_gui.icons import colour_swatch, switch_icon
from landseg_gui.panels.elided_label import ElidedLabel
from landseg_gui.plain_text import PlainLabel
from landseg_gui.text import tr

_DIGITS = "1234567890"


class LabelClassRow(QFrame):
    """One class of the project. A click makes it the one to paint with; object names end in the class's value."""

    chosen = Signal(int)
    edit_wanted = Signal()
    eye_toggled = Signal(int, bool)
    lock_toggled = Signal(int, bool)

    def __init__(self, index: int, item: LandClass) -> None:
        super().__init__(objectName="label_class")
        self.value = item.value
        digit = PlainLabel(_DIGITS[index] if index < len(_DIGITS) else "", objectName="label_class_digit")
        digit.setFixedWidth(self.fontMetrics().horizontalAdvance("0") + 4)
        swatch = PlainLabel()
        swatch.setPixmap(colour_swatch(item.colour).pixmap(16, 16))
        self._pixels = PlainLabel(objectName=f"label_class_pixels_{item.value}")
        self._pixels.setProperty("muted", "true")
        self._eye = self._switch("label_class_eye", "eye", "eye_off", tr("Show or hide the labels of this class"))
        self._eye.setChecked(True)
        self._lock = self._switch("label_class_lock", "lock", "lock_open", tr("Protect the labels of this class"))
        self._line = line = QHBoxLayout(self)
        line.setContentsMargins(8, 3, 6, 3)
        line.setSpacing(6)
        line.addWidget(digit)
        line.addWidget(swatch)
        self._name = ElidedLabel(
            item.name,
            f"label_class_name_{item.value}",
            tr("{name}: value {value}", name=item.name, value=item.value),
        )
        line.addWidget(self._name, 1)
        for widget in (self._pixels, self._eye, self._lock):
            line.addWidget(widget)
        self._beside_name = (digit, swatch, self._pixels, self._eye, self._lock)
        self._eye.toggled.connect(lambda on: self.eye_toggled.emit(self.value, on))
        self._lock.toggled.connect(lambda on: self.lock_toggled.emit(self.value, on))

    def _switch(self, name: str, on: str, off: str, tip: str) -> QToolButton:
        button = QToolButton(objectName=f"{name}_{self.value}", checkable=True, toolTip=tip)
        button.setIcon(switch_icon(on, off))
        button.setProperty("eye", "true")
        return button

    def show_state(self, *, active: bool, visible: bool, locked: bool) -> None:
        """Show whether this is the class to paint with, whether it is visible, and whether it is protected."""
        for button, on in ((self._eye, visible), (self._lock, locked)):
            with QSignalBlocker(button):
                button.setChecked(on)
        if self.property("active") != active:
            self.setProperty("active", active)
            self.style().unpolish(self)
            self.style().polish(self)

    def show_pixels(self, text: str, tip: str) -> None:
        """Show how much is labelled as this class."""
        self._pixels.setText(text)
        self._pixels.setToolTip(tip)
        self._make_room()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the name the room that it needs."""
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        """Leave out the pixels where the name would have to be shortened for them; the tool tip has them, too."""
        fixed = sum(max(widget.sizeHint().width(), widget.minimumWidth()) for widget in self._beside_name)
        inside = self.contentsRect().marginsRemoved(self._line.contentsMargins())
        room = inside.width() - self._line.spacing() * len(self._beside_name) - fixed
        needed = self._name.fontMetrics().horizontalAdvance(self._name.text())
        self._pixels.setVisible(needed <= room)

    def mousePressEvent(self, _event: QMouseEvent) -> None:
        """Paint with this class."""
        self.chosen.emit(self.value)

    def mouseDoubleClickEvent(self, _event: QMouseEvent) -> None:
        """Edit the classes."""
        self.edit_wanted.emit()
