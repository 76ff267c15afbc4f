"""Paths that the user picks or types: default folders, where a project is written, what exists already."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QStandardPaths
from PySide6.QtWidgets import QFileDialog, QWidget

from landseg_core.messages import N_
from landseg_gui.text import translated

PROJECT_SUFFIX = ".landseg"
"""How the name of a project file ends."""
_PROJECTS = N_("Projects (*{suffix});;All files (*)", suffix=PROJECT_SUFFIX)


def results_folder(kind: str) -> Path:
    """Return the default folder for results of a kind (`runs`, `maps`): one of landseg, never that of the images."""
    documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    return (Path(documents) if documents else Path.home()) / "landseg" / kind


def ask_project_path(parent: QWidget | None, title: str, start: Path | str) -> Path | None:
    """Ask for the file to write a project to, and whether to replace an existing one; None where cancelled."""
    name, _ = QFileDialog.getSaveFileName(parent, title, str(start), translated(_PROJECTS))
    if not name:
        return None
    path = Path(name)
    return path if path.suffix else path.with_suffix(PROJECT_SUFFIX)


def is_there(check: Callable[[], bool]) -> bool:
    """Return what a check of a path (`path.exists`, `path.is_dir` ...) says; where it is impossible, False.

    A name half typed may lie in a folder that is closed to the user, or be too long for the file system.
    """
    try:
        return check()
    except OSError:
        return False
