"""The window's actions, made from the rows that describe them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QToolBar, QWidget

from landseg_gui.icons import icon
from landseg_gui.main_window.action_rows import MENUS, ROWS, TOOLBAR, ActionRow, Separator, SubMenu
from landseg_gui.text import translated


class Actions:
    """The window's actions, by object name, and the menus that the window fills itself.

    Of `handlers`, the first that has a row's method does its work.
    """

    def __init__(self, window: QMainWindow, *handlers: object) -> None:
        self._by_name: dict[str, QAction] = {}
        self.menus: dict[str, QMenu] = {}
        for key, title in MENUS.items():
            self.menus[key] = _named(window.menuBar().addMenu(translated(title)), f"menu_{key}")
        for row in ROWS:
            self._add(row, window, handlers)

    def __getitem__(self, name: str) -> QAction:
        return self._by_name[name]

    def _add(self, row: ActionRow | Separator | SubMenu, window: QMainWindow, handlers: Sequence[object]) -> None:
        menu = self.menus[row.menu]
        match row:
            case ActionRow():
                action = _action(row, window, _handler(handlers, row.handler))
                self._by_name[row.name] = action
                menu.addAction(action)
            case Separator():
                menu.addSeparator()
            case SubMenu():
                self.menus[row.name] = _named(menu.addMenu(translated(row.text)), row.name)

    def fill_toolbar(self, toolbar: QToolBar) -> None:
        """Put the toolbar's actions into it, with a line between groups."""
        for group in TOOLBAR:
            if toolbar.actions():
                toolbar.addSeparator()
            toolbar.addActions([self[name] for name in group])

    def limit_to(self, widget: QWidget, name: str) -> None:
        """Make the shortcut of an action work only while `widget` has the focus."""
        self[name].setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        widget.addAction(self[name])

    def enable(self, available: Collection[str]) -> None:
        """Enable the actions whose needs are `available`; see `action_rows.NEEDS_RASTER` and the others."""
        for row in ROWS:
            if isinstance(row, ActionRow):
                self[row.name].setEnabled(not row.needs or row.needs in available)


def _handler(handlers: Sequence[object], name: str) -> Callable[..., object]:
    handle: Callable[..., object] = next(getattr(handler, name) for handler in handlers if hasattr(handler, name))
    return handle


def _named(menu: QMenu, name: str) -> QMenu:
    menu.setObjectName(name)
    return menu


def _action(row: ActionRow, window: QMainWindow, handler: Callable[..., object]) -> QAction:
    text = translated(row.text)
    action: QAction = QAction(icon(row.icon), text, window, objectName=row.name, checkable=row.checkable)
    action.setShortcuts([QKeySequence(keys) for keys in row.shortcuts])
    action.setIconText(translated(row.short) or text.replace("&", "").rstrip("…"))
    tip = translated(row.tip) or action.iconText()
    action.setToolTip(f"{tip} ({row.shortcuts[0]})" if row.shortcuts else tip)
    if row.checkable:
        action.toggled.connect(handler)
    else:
        action.triggered.connect(lambda _checked: handler())
    return action


def choice_group(menu: QMenu, choices: Mapping[str, str], chosen: str, choose: Callable[[str], object]) -> None:
    """Fill `menu` with choices, titles by key, that exclude each other; object names are `<menu>_<key>`."""
    group = QActionGroup(menu)
    for choice, title in choices.items():
        action = menu.addAction(translated(title))
        action.setObjectName(f"{menu.objectName()}_{choice}")
        action.setCheckable(True)
        action.setChecked(choice == chosen)
        action.triggered.connect(lambda _checked, choice=choice: choose(choice))
        group.addAction(action)
