"""Asks where a project is to be written."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from landseg_gui.session.project_files import SUFFIX

PROJECTS = f"Projects (*{SUFFIX});;All files (*)"


def ask_project_path(parent: QWidget | None, title: str, start: Path | str) -> Path | None:
    """Ask for the file to write a project to, and whether one that is there may be replaced; None where cancelled."""
    name, _ = QFileDialog.getSaveFileName(parent, title, str(start), PROJECTS)
    if not name:
        return None
    path = Path(name)
    return path if path.suffix else path.with_suffix(SUFFIX)
