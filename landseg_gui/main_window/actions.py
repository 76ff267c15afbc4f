"""The window's actions, made from the rows that describe them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QToolBar, QWidget

from landseg_gui.icons import icon
from landseg_gui.main_window.action_rows import MENUS, ROWS, TOOLBAR, ActionRow, Separator, SubMenu


class Actions:
    """The window's actions, by object name, and the menus that the window fills itself.

    Of `handlers`, the first that has a row's method does its work.
    """

    def __init__(self, window: QMainWindow, *handlers: object) -> None:
        self._by_name: dict[str, QAction] = {}
        self.menus: dict[str, QMenu] = {}
        for key, title in MENUS.items():
            self.menus[key] = _named(window.menuBar().addMenu(title), f"menu_{key}")
        for row in ROWS:
            self._place(row, window, handlers)

    def __getitem__(self, name: str) -> QAction:
        return self._by_name[name]

    def _place(self, row: ActionRow | Separator | SubMenu, window: QMainWindow, handlers: Sequence[object]) -> None:
        menu = self.menus[row.menu]
        match row:
            case ActionRow():
                action = _action(row, window, _handler(handlers, row.handler))
                self._by_name[row.name] = action
                menu.addAction(action)
            case Separator():
                menu.addSeparator()
            case SubMenu():
                self.menus[row.name] = _named(menu.addMenu(row.text), row.name)

    def fill_toolbar(self, toolbar: QToolBar) -> None:
        """Put the toolbar's actions into it, groups apart."""
        for group in TOOLBAR:
            if toolbar.actions():
                toolbar.addSeparator()
            toolbar.addActions([self[name] for name in group])

    def limit_to(self, widget: QWidget, name: str) -> None:
        """Let the shortcut of an action count only while `widget` has the focus."""
        self[name].setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        widget.addAction(self[name])

    def enable(self, at_hand: Collection[str]) -> None:
        """Enable what makes sense with what is `at_hand`; see `action_rows.NEEDS_RASTER` and the others."""
        for row in ROWS:
            if isinstance(row, ActionRow):
                self[row.name].setEnabled(not row.needs or row.needs in at_hand)


def _handler(handlers: Sequence[object], name: str) -> Callable[..., object]:
    handle: Callable[..., object] = next(getattr(handler, name) for handler in handlers if hasattr(handler, name))
    return handle


def _named(menu: QMenu, name: str) -> QMenu:
    menu.setObjectName(name)
    return menu


def _action(row: ActionRow, window: QMainWindow, handler: Callable[..., object]) -> QAction:
    action: QAction = QAction(icon(row.picture), row.text, window, objectName=row.name, checkable=row.checkable)
    action.setShortcuts([QKeySequence(text) for text in row.shortcuts])
    action.setIconText(row.short or row.text.replace("&", "").rstrip("…"))
    hint = f" ({row.shortcuts[0]})" if row.shortcuts else ""
    action.setToolTip((row.tip or action.iconText()) + hint)
    if row.checkable:
        action.toggled.connect(handler)
    else:
        action.triggered.connect(lambda _checked: handler())
    return action


def choice_group(menu: QMenu, choices: Sequence[str], chosen: str, choose: Callable[[str], object]) -> None:
    """Fill `menu` with choices that exclude each other; object names are `<menu>_<choice>`."""
    group = QActionGroup(menu)
    for choice in choices:
        action = menu.addAction(choice.capitalize())
        action.setObjectName(f"{menu.objectName()}_{choice}")
        action.setCheckable(True)
        action.setChecked(choice == chosen)
        action.triggered.connect(lambda _checked, choice=choice: choose(choice))
        group.addAction(action)
