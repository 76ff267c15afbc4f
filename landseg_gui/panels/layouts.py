"""Layouts whose content comes and goes."""

from __future__ import annotations

from PySide6.QtWidgets import QLayout


def delete_widgets(layout: QLayout) -> None:
    """Empty a layout and delete its widgets once the event under way is over: it may be one of theirs."""
    while item := layout.takeAt(0):
        if widget := item.widget():
            widget.deleteLater()
