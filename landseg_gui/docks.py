"""The panels around the picture: which there are, and where they stand at first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QMenu, QWidget

_WIDTH = 330


@dataclass(frozen=True)
class DockRow:
    """A panel: its key, its title, and the stack of tabs at the right in which it stands, from the top.

    A `wide` one stands below the picture instead, and is out of sight until it is wanted.
    """

    key: str
    title: str
    stack: int = 0
    wide: bool = False


DOCKS = (
    DockRow("layers", "Layers", 0),
    DockRow("images", "Images", 0),
    DockRow("classes", "Classes", 1),
    DockRow("history", "History", 1),
    DockRow("training", "Training", 2),
    DockRow("jobs", "Jobs", 2),
    DockRow("runs", "Runs", wide=True),
)
_WIDE_HEIGHT = 310
_HEIGHTS = (210, 300, 170)
_HEIGHTS_WITH_CURVES = (115, 190, 375)  # a network that learns is watched, while painting goes on


class Docks:
    """The docks of a window, by key; object names are `dock_<key>`. `menu` lets the user show and hide them."""

    def __init__(self, window: QMainWindow, panels: Mapping[str, QWidget], menu: QMenu) -> None:
        self._window = window
        self._by_key = {row.key: _dock(window, row, panels[row.key]) for row in DOCKS}
        self._stacks: list[QDockWidget] = []
        self._wide = [self._by_key[row.key] for row in DOCKS if row.wide]
        for row in DOCKS:
            if not row.wide:
                self._place(row.stack, self._by_key[row.key])
            menu.addAction(self._by_key[row.key].toggleViewAction())
        for first in self._stacks:
            first.raise_()
        window.resizeDocks(self._stacks[:1], [_WIDTH], Qt.Orientation.Horizontal)
        window.resizeDocks(self._stacks, list(_HEIGHTS), Qt.Orientation.Vertical)

    def _place(self, stack: int, dock: QDockWidget) -> None:
        """Put a dock behind the first of its stack, or make it the first."""
        if stack < len(self._stacks):
            self._window.tabifyDockWidget(self._stacks[stack], dock)
        else:
            self._stacks.append(dock)

    def bring_up(self, key: str) -> None:
        """Show a panel, in front of those that share its place."""
        dock = self._by_key[key]
        appears = dock in self._wide and dock.isHidden()
        dock.show()
        dock.raise_()
        if appears and dock.height() < _WIDE_HEIGHT:
            height = max(_WIDE_HEIGHT, self._window.height() // 3)
            self._window.resizeDocks([dock], [height], Qt.Orientation.Vertical)

    def make_room_for_curves(self) -> None:
        """Show the training panel, tall enough for its curves."""
        self.bring_up("training")
        self._window.resizeDocks(self._stacks, list(_HEIGHTS_WITH_CURVES), Qt.Orientation.Vertical)


def _dock(window: QMainWindow, row: DockRow, panel: QWidget) -> QDockWidget:
    dock = QDockWidget(row.title, objectName=f"dock_{row.key}")
    panel.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    dock.setWidget(panel)
    area = Qt.DockWidgetArea.BottomDockWidgetArea if row.wide else Qt.DockWidgetArea.RightDockWidgetArea
    window.addDockWidget(area, dock)
    dock.setVisible(not row.wide)
    return dock
