"""The panels around the image: which there are, where they are by default, and how they share the window's height."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer
from PySide6.QtGui import QScreen
from PySide6.QtWidgets import QDockWidget, QMainWindow, QMenu, QWidget

from landseg_core.messages import N_
from landseg_gui.text import translated

_WIDTH = 330
_LEAST_WIDTH = 250  # the name of a class, its pixels, eye and lock
_SETTLED_MS = 200
_FIRST_SIZE = QSize(1280, 800)
_FRAME = QSize(16, 48)  # px that the title bar and the borders of a window take, roughly


def first_size(screen: QScreen) -> QSize:
    """Return the size of a window that nobody has sized yet: all of it is on the screen."""
    return _FIRST_SIZE.boundedTo(screen.availableSize() - _FRAME)


@dataclass(frozen=True)
class DockRow:
    """A panel: its key, its title, and its stack of tabs at the right, counted from the top.

    A `wide` one is below the image instead, and hidden until it is wanted.
    """

    key: str
    title: str
    stack: int = 0
    wide: bool = False


DOCKS = (
    DockRow("layers", N_("Layers"), 0),
    DockRow("images", N_("Images"), 0),
    DockRow("classes", N_("Classes"), 1),
    DockRow("history", N_("History"), 1),
    DockRow("training", N_("Training"), 2),
    DockRow("jobs", N_("Jobs"), 2),
    DockRow("runs", N_("Runs"), wide=True),
)
_WIDE_HEIGHT = 310
_HEIGHTS = (210, 300, 170)
_HEIGHTS_WITH_CURVES = (115, 190, 375)  # to watch a training run while painting


class Docks:
    """The docks of a window, by key; object names are `dock_<key>`. `menu` lets the user show and hide them."""

    def __init__(self, window: QMainWindow, panels: Mapping[str, QWidget], menu: QMenu) -> None:
        self._window = window
        window.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)
        self._by_key = {row.key: _dock(window, row, panels[row.key]) for row in DOCKS}
        self._wide = [self._by_key[row.key] for row in DOCKS if row.wide]
        self._stacks: list[QDockWidget] = []
        self.reset()
        for dock in self._by_key.values():
            menu.addAction(dock.toggleViewAction())
        self._sizes = _DockSizes(window, list(self._by_key.values()))

    def reset(self) -> None:
        """Put every panel where it is by default."""
        self._stacks.clear()
        for row in DOCKS:
            dock = self._by_key[row.key]
            dock.setFloating(False)
            self._window.addDockWidget(_area(row), dock)
            dock.setVisible(not row.wide)
            if not row.wide:
                self._stack(row.stack, dock)
        for first in self._stacks:
            first.raise_()
        self._window.resizeDocks(self._stacks[:1], [_WIDTH], Qt.Orientation.Horizontal)
        self._window.resizeDocks(self._stacks, list(_HEIGHTS), Qt.Orientation.Vertical)

    def _stack(self, stack: int, dock: QDockWidget) -> None:
        """Put a dock behind the first of its stack, or make it the first."""
        if stack < len(self._stacks):
            self._window.tabifyDockWidget(self._stacks[stack], dock)
        else:
            self._stacks.append(dock)

    def bring_up(self, key: str) -> None:
        """Show a panel, in front of the others of its stack."""
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


class _DockSizes(QObject):
    """Restores the sizes of the docks when the window, once made small, is large again.

    Qt squeezes them in a small window, and gives the room of a larger one to the image.
    """

    def __init__(self, window: QMainWindow, docks: list[QDockWidget]) -> None:
        super().__init__(window)
        self._window, self._docks = window, docks
        self._wanted: dict[QDockWidget, QSize] = {}
        self._wanted_at = QSize(0, 0)
        self._squeezed = False
        self._settled = QTimer(self, singleShot=True, interval=_SETTLED_MS)
        self._settled.timeout.connect(self._note)
        for watched in (window, *docks):
            watched.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the sizes of the window and of its docks."""
        if event.type() == QEvent.Type.Resize:
            if watched is self._window:
                self._follow_window()
            self._settled.start()
        return False

    def _follow_window(self) -> None:
        if not self._has_room():
            self._squeezed = True
        elif self._squeezed:
            QTimer.singleShot(0, self, self._restore)  # the window lays itself out after this event

    def _has_room(self) -> bool:
        """Return whether the window is no smaller than when the docks had the sizes that are wanted."""
        size, wanted = self._window.size(), self._wanted_at
        return size.width() >= wanted.width() and size.height() >= wanted.height()

    def _restore(self) -> None:
        if not self._has_room():
            return
        docks = [dock for dock in self._wanted if _in_layout(dock)]
        for orientation, side in ((Qt.Orientation.Horizontal, QSize.width), (Qt.Orientation.Vertical, QSize.height)):
            self._window.resizeDocks(docks, [side(self._wanted[dock]) for dock in docks], orientation)

    def _note(self) -> None:
        """Once nothing moves any more, remember the sizes; those that a small window imposes are nobody's wish."""
        if self._has_room():
            self._squeezed = False
            self._wanted = {dock: dock.size() for dock in self._docks if _in_layout(dock)}
            self._wanted_at = self._window.size()


def _in_layout(dock: QDockWidget) -> bool:
    """Return whether a dock takes room: it is in the window, and in front of the others of its stack."""
    return dock.isVisible() and not dock.isFloating() and not dock.visibleRegion().isEmpty()


def _area(row: DockRow) -> Qt.DockWidgetArea:
    return Qt.DockWidgetArea.BottomDockWidgetArea if row.wide else Qt.DockWidgetArea.RightDockWidgetArea


def _dock(window: QMainWindow, row: DockRow, panel: QWidget) -> QDockWidget:
    dock: QDockWidget = QDockWidget(translated(row.title), window, objectName=f"dock_{row.key}")
    panel.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    dock.setWidget(panel)
    if not row.wide:
        dock.setMinimumWidth(_LEAST_WIDTH)
    return dock
