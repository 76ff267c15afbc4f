"""Chooses between the whole image and the part of it that is in view."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QRadioButton, QVBoxLayout, QWidget

from landseg_core.geo.window import PixelWindow
from landseg_gui.text import NO_BREAK_SPACE, thousands, tr


class AreaChoice(QWidget):
    """Two buttons, `<name>_whole` and `<name>_view`; the second only where something is in view."""

    changed = Signal()

    def __init__(self, name: str, whole: PixelWindow, view: PixelWindow | None) -> None:
        super().__init__()
        self._view_window = view
        self._whole = QRadioButton(
            tr("Whole image ({size})", size=size_text(whole)), objectName=f"{name}_whole", checked=True
        )
        text = tr("Current view ({size})", size=size_text(view)) if view else tr("Current view")
        self._view = QRadioButton(text, objectName=f"{name}_view", enabled=view is not None)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for button in (self._whole, self._view):
            column.addWidget(button)
        self.setFocusProxy(self._whole)
        self._view.toggled.connect(self.changed)

    def window_chosen(self) -> PixelWindow | None:
        """Return the window in view where that is chosen, None for the whole image."""
        return self._view_window if self._view.isChecked() else None


def size_text(window: PixelWindow) -> str:
    """Write the size of a window in px."""
    return f"{thousands(window.width)} × {thousands(window.height)}{NO_BREAK_SPACE}px"
