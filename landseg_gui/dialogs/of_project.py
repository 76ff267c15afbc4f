"""Dialogs about what is open now: they close when another comes, for their answer would be about the former."""

from __future__ import annotations

from PySide6.QtCore import SignalInstance
from PySide6.QtWidgets import QDialog


def open_of_project(dialog: QDialog, *changed: SignalInstance) -> None:
    """Open a dialog that is taken back with any of these signals: another project, or none, is open, or image."""
    for signal in changed:
        signal.connect(dialog.reject)
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
