"""The vertical bar from which a tool is chosen."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QToolBar, QToolButton, QWidget

from landseg_gui.icons import icon
from landseg_gui.text import tr, translated
from landseg_gui.tools.base import ToolSpec
from landseg_gui.tools.manager import ToolManager

_ICON_SIDE = 20
_OVERFLOW = {Qt.Orientation.Horizontal: "overflow", Qt.Orientation.Vertical: "overflow_down"}


def dress_overflow(bar: QToolBar) -> None:
    """Give the button that unfolds what does not fit into a tool bar an icon that suits light and dark."""
    button = bar.findChild(QToolButton, "qt_toolbar_ext_button")
    assert button is not None, "every tool bar has one"
    button.setIcon(icon(_OVERFLOW[bar.orientation()]))
    button.setToolTip(tr("More"))


class ToolBar(QToolBar):
    """A button for each tool, with its letter as shortcut; they fill `menu` as well. Object names: `tool_<name>`."""

    def __init__(self, manager: ToolManager, menu: QMenu, parent: QWidget | None = None) -> None:
        super().__init__(tr("Tools"), parent, objectName="toolbar_tools", movable=False)
        self.setOrientation(Qt.Orientation.Vertical)
        self.setIconSize(QSize(_ICON_SIDE, _ICON_SIDE))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        dress_overflow(self)
        self._group = QActionGroup(self)
        self._by_name = {spec.name: self._action(spec, manager) for spec in manager.specs}
        self.addActions(list(self._by_name.values()))
        menu.addActions(list(self._by_name.values()))
        manager.current_changed.connect(self._show_current)
        self._show_current(manager.current.name)

    def _action(self, spec: ToolSpec, manager: ToolManager) -> QAction:
        title = translated(spec.title)
        action: QAction = QAction(icon(spec.icon), title, self, objectName=f"tool_{spec.name}", checkable=True)
        action.setShortcut(QKeySequence(spec.shortcut))
        action.setToolTip(f"{title}: {translated(spec.tip)} ({spec.shortcut})")
        action.triggered.connect(partial(manager.select, spec.name))
        self._group.addAction(action)
        return action

    def _show_current(self, name: str) -> None:
        self._by_name[name].setChecked(True)
