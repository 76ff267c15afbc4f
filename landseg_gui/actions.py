"""The window's menus and toolbar as data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QToolBar, QWidget

from landseg_gui.icons import icon

MENUS = {"file": "&File", "view": "&View", "model": "&Model", "help": "&Help"}
"""The menu bar: key and title of each menu, from left to right."""

NEEDS_RASTER = "raster"
NEEDS_MASK = "mask"


@dataclass(frozen=True)
class ActionRow:
    """One action. `name` is its object name; `handler` the method of `Commands` that it calls.

    `picture` names the icon, `short` is the toolbar's text, `needs` tells what must be open for the action to make
    sense.
    """

    name: str
    menu: str
    text: str
    handler: str
    picture: str
    shortcuts: tuple[str, ...] = ()
    short: str = ""
    tip: str = ""
    needs: str = ""
    checkable: bool = False


@dataclass(frozen=True)
class Separator:
    """A line in a menu."""

    menu: str


@dataclass(frozen=True)
class SubMenu:
    """A menu inside a menu, which the window fills."""

    name: str
    menu: str
    text: str


ROWS: tuple[ActionRow | Separator | SubMenu, ...] = (
    ActionRow(
        "action_open",
        "file",
        "&Open…",
        "open_files",
        "open",
        ("Ctrl+O",),
        "Open",
        "Open an orthophoto, or masks that belong to it",
    ),
    SubMenu("menu_recent", "file", "Open &Recent"),
    ActionRow(
        "action_open_mask",
        "file",
        "Open &Mask…",
        "open_mask",
        "mask",
        ("Ctrl+M",),
        "Mask",
        "Lay a mask over the orthophoto",
        NEEDS_RASTER,
    ),
    Separator("file"),
    ActionRow(
        "action_export",
        "file",
        "&Export…",
        "export",
        "export",
        ("Ctrl+E",),
        "Export",
        "Write a mask as PNG or GeoTIFF",
        NEEDS_MASK,
    ),
    Separator("file"),
    ActionRow("action_quit", "file", "&Quit", "quit", "quit", ("Ctrl+Q",)),
    ActionRow(
        "action_fit",
        "view",
        "&Fit Whole Picture",
        "fit",
        "fit",
        ("F",),
        "Fit",
        "Show the whole picture",
        NEEDS_RASTER,
    ),
    ActionRow(
        "action_zoom_100",
        "view",
        "&Actual Pixels",
        "zoom_100",
        "zoom_100",
        ("Ctrl+1",),
        "100 %",
        "One pixel of the picture on one pixel of the screen",
        NEEDS_RASTER,
    ),
    ActionRow(
        "action_zoom_in", "view", "Zoom &In", "zoom_in", "zoom_in", ("+", "=", "Ctrl++", "Ctrl+="), needs=NEEDS_RASTER
    ),
    ActionRow("action_zoom_out", "view", "Zoom &Out", "zoom_out", "zoom_out", ("-", "Ctrl+-"), needs=NEEDS_RASTER),
    Separator("view"),
    ActionRow(
        "action_hide_overlays",
        "view",
        "&Hide Overlays",
        "hide_overlays",
        "eye_off",
        ("Tab",),
        tip="Look at the picture without its masks for a moment",
        needs=NEEDS_MASK,
        checkable=True,
    ),
    ActionRow(
        "action_rendering",
        "view",
        "&Bands and Contrast…",
        "choose_rendering",
        "contrast",
        tip="Choose which bands are shown, and how bright",
        needs=NEEDS_RASTER,
    ),
    Separator("view"),
    SubMenu("menu_panels", "view", "&Panels"),
    SubMenu("menu_theme", "view", "&Theme"),
    ActionRow(
        "action_train", "model", "&Train…", "train", "train", ("Ctrl+T",), "Train", "Train a model and watch it learn"
    ),
    ActionRow(
        "action_predict",
        "model",
        "&Predict…",
        "predict",
        "predict",
        ("Ctrl+P",),
        "Predict",
        "Map the picture with a trained model",
        NEEDS_RASTER,
    ),
    ActionRow("action_open_log_folder", "help", "Open &Log Folder", "open_log_folder", "log"),
    Separator("help"),
    ActionRow("action_about", "help", "&About landseg", "about", "info"),
)

TOOLBAR = (
    ("action_open", "action_open_mask"),
    ("action_fit", "action_zoom_100"),
    ("action_train", "action_predict", "action_export"),
)
"""The toolbar's actions, in groups."""


class Actions:
    """The window's actions, by object name, and the menus that the window fills itself."""

    def __init__(self, window: QMainWindow, handlers: object) -> None:
        self._by_name: dict[str, QAction] = {}
        self.menus: dict[str, QMenu] = {}
        for key, title in MENUS.items():
            self.menus[key] = _named(window.menuBar().addMenu(title), f"menu_{key}")
        for row in ROWS:
            self._place(row, window, handlers)

    def __getitem__(self, name: str) -> QAction:
        return self._by_name[name]

    def _place(self, row: ActionRow | Separator | SubMenu, window: QMainWindow, handlers: object) -> None:
        menu = self.menus[row.menu]
        match row:
            case ActionRow():
                action = _action(row, window, getattr(handlers, row.handler))
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

    def enable(self, *, raster: bool, mask: bool) -> None:
        """Enable what makes sense with, or without, a raster and a mask."""
        open_now = {"": True, NEEDS_RASTER: raster, NEEDS_MASK: mask}
        for row in ROWS:
            if isinstance(row, ActionRow):
                self[row.name].setEnabled(open_now[row.needs])


def _named(menu: QMenu, name: str) -> QMenu:
    menu.setObjectName(name)
    return menu


def _action(row: ActionRow, window: QMainWindow, handler: Callable[..., object]) -> QAction:
    action = QAction(icon(row.picture), row.text, window, objectName=row.name, checkable=row.checkable)
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
