"""Dialogs about the open project or image: they close when another is opened, since they ask about the former."""

from __future__ import annotations

from PySide6.QtCore import SignalInstance
from PySide6.QtWidgets import QDialog


def open_of_project(dialog: QDialog, *changed: SignalInstance) -> None:
    """Open a dialog that is cancelled by any of these signals: the open project or image has changed."""
    for signal in changed:
        signal.connect(dialog.reject)
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
