"""Where results go unless the user says otherwise: a folder of landseg's own, never the one of the images."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QStandardPaths


def results_folder(kind: str) -> Path:
    """Return the folder for results of a kind (`runs`, `maps`) of somebody who has chosen none yet."""
    documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    return (Path(documents) if documents else Path.home()) / "landseg" / kind
