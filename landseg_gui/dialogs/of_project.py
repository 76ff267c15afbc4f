"""Dialogs about what is open now: they close when another project comes, for their answer would be about the former."""

from __future__ import annotations

from PySide6.QtCore import SignalInstance
from PySide6.QtWidgets import QDialog


def open_of_project(dialog: QDialog, project_changed: SignalInstance) -> None:
    """Open a dialog that is taken back as soon as another project, or none, is open."""
    project_changed.connect(dialog.reject)
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
