"""The hand: drag the image."""

from __future__ import annotations

from PySide6.QtCore import Qt

from landseg_gui.tools.base import Tool


class Pan(Tool):
    """Leaves the mouse to the viewport, which pans."""

    shape = Qt.CursorShape.OpenHandCursor
