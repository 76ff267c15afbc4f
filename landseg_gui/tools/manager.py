"""Passes mouse and keys to the current tool."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QCursor, QGuiApplication, QKeyEvent

from landseg_core.errors import LandsegError
from landseg_core.labels.regions import Position
from landseg_gui.tools.areas_overlay import AreasOverlay
from landseg_gui.tools.base import Tool, ToolSpec
from landseg_gui.tools.context import ToolContext
from landseg_gui.tools.pan import Pan
from landseg_gui.tools.pick import pick_class
from landseg_gui.tools.registry import TOOLS
from landseg_gui.tools.working_area import WorkingArea, fill_rest

SAMPLING = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
"""With either, a click of a tool that `samples` picks the class under the cursor."""
_COMMANDS = SAMPLING | Qt.KeyboardModifier.MetaModifier
BEHIND_KEY = Qt.Key.Key_Q
"""While it is held, every tool paints behind: what is labelled stays as it is."""
SIZE_KEYS: dict[int, int] = {Qt.Key.Key_BracketLeft: -1, Qt.Key.Key_BracketRight: 1}
DIGITS = (
    Qt.Key.Key_1,
    Qt.Key.Key_2,
    Qt.Key.Key_3,
    Qt.Key.Key_4,
    Qt.Key.Key_5,
    Qt.Key.Key_6,
    Qt.Key.Key_7,
    Qt.Key.Key_8,
    Qt.Key.Key_9,
    Qt.Key.Key_0,
)
"""The key of the first class, of the second, and so on to the tenth."""

_SWITCHES = ("only_unlabelled", "clips")


class KeyMode(Protocol):
    """A state of the window in which some keys mean something else than to the tools."""

    def has_key(self, key: int) -> bool:
        """Return whether a key (a `Qt.Key`) is one of the mode."""

    def key_press(self, key: int) -> bool:
        """Handle a key; return whether it is one of the mode."""


class ToolManager(QObject):
    """The tools of a viewport. The current one gets the mouse and the keys.

    `mode` gets its keys before the tools, while it is set.

    `current_changed`: the name of the current tool; `hint_changed`: how to use it.
    """

    current_changed = Signal(str)
    hint_changed = Signal(str)

    def __init__(self, context: ToolContext) -> None:
        super().__init__(context.viewport)
        self.context = context
        self.settings = context.settings
        self.specs = TOOLS
        self._tools = {spec.name: spec.make(spec, context) for spec in TOOLS}
        self._tool: Tool = self._tools[TOOLS[0].name]
        self._pressed: Qt.MouseButton | None = None
        self.mode: KeyMode | None = None
        self._areas = AreasOverlay(self.context, self)
        self._connect()
        self._follow_frame()

    def _connect(self) -> None:
        context = self.context
        context.viewport.installEventFilter(self)
        context.viewport.frame_changed.connect(self._follow_frame)
        application = QGuiApplication.instance()
        assert isinstance(application, QGuiApplication)
        application.focusWindowChanged.connect(self._release_keys)
        for signal in (
            context.settings.changed,
            context.choices_changed,
            context.schema_changed,
            context.areas_changed,
        ):
            signal.connect(self._refresh)
        context.segmenter.changed.connect(self._show_hint)
        context.saving_changed.connect(self._follow_saving)
        for signal in (context.image_changed, context.project_changed):
            signal.connect(self._follow_image)

    @property
    def current(self) -> ToolSpec:
        """Return the current tool."""
        return self._tool.spec

    def tool(self, name: str) -> Tool:
        """Return a tool, for what only that one has."""
        return self._tools[name]

    @property
    def hint(self) -> str:
        """Return in one line how to use the current tool."""
        return self._tool.hint

    def select(self, name: str) -> None:
        """Switch to another tool; what is under way with the current one is cancelled."""
        self.cancel()
        self._tool.leave()
        self._tool.deactivate()
        self._tool = self._tools[name]
        viewport = self.context.viewport
        viewport.pointer = None if isinstance(self._tool, Pan) else self
        self._tool.activate()
        self.current_changed.emit(name)
        self._show_hint()

    def _show_hint(self) -> None:
        self.hint_changed.emit(self.hint)

    def cancel(self) -> bool:
        """Cancel what is under way, before an undo for example; return whether there was anything."""
        self._pressed = None
        return self._tool.cancel()

    def undo_last(self) -> bool:
        """Undo the last vertex, or else what is under way; return whether there was anything."""
        if self._pressed is not None:
            return self.cancel()
        return self._tool.undo_last()

    def press(self, position: Position, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> None:
        """Pass a button press to the tool, or pick the class under the cursor."""
        if self._tool.spec.samples and not self._tool.is_busy and modifiers & SAMPLING:
            self._safely(lambda: pick_class(self.context, position))
            return
        self._pressed = button
        self._safely(lambda: self._tool.press(position, button, modifiers))

    def move(self, position: Position, _buttons: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> None:
        """Pass a move to the tool."""
        self._safely(lambda: self._tool.move(position, modifiers))

    def release(self, position: Position, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> None:
        """Pass the release of the pressed button to the tool."""
        if button == self._pressed:
            self._pressed = None
            self._safely(lambda: self._tool.release(position, modifiers))

    def double_click(self, position: Position, _modifiers: Qt.KeyboardModifier) -> None:
        """Pass a double click to the tool."""
        self._safely(lambda: self._tool.double_click(position))

    def leave(self) -> None:
        """Pass on that the cursor has left the viewport."""
        self._tool.leave()

    def wheel(self, steps: int) -> bool:
        """Pass on a turn of the wheel with Ctrl held; return whether the tool has a use for it."""
        return self._tool.wheel(steps)

    def cursor(self) -> QCursor:
        """Return the mouse cursor of the tool."""
        return self._tool.cursor()

    def key_press(self, event: QKeyEvent) -> bool:
        """Handle a key of the mode that is on, unless the tool is in the middle of something, or of the tools.

        Those are Esc, the tool's own, brush sizes, and digits for classes.
        """
        key = event.key()
        if self._is_for_mode(event):
            return True
        if key == Qt.Key.Key_Escape:
            return self.cancel()
        if key in SIZE_KEYS:  # before the modifiers: some keyboards have brackets only with Ctrl + Alt
            self._tool.step_size(SIZE_KEYS[key])
            return True
        if event.modifiers() & _COMMANDS:
            return False
        if key == BEHIND_KEY:
            self.context.paints_behind = True
            return True
        if key in DIGITS:
            return self.choose_class(DIGITS.index(key))
        return bool(self._safely(lambda: self._tool.key(key)))

    def _is_for_mode(self, event: QKeyEvent) -> bool:
        """Pass a key to the mode that is on, once however long it is held; return whether it is one of its keys."""
        mode = self.mode
        if mode is None or self._tool.is_busy or event.modifiers() & _COMMANDS:
            return False
        if event.isAutoRepeat():
            return mode.has_key(event.key())
        return bool(self._safely(lambda: mode.key_press(event.key())))

    def key_release(self, event: QKeyEvent) -> None:
        """Handle the release of a key that is held; a repeating key is released at its end only."""
        if event.key() == BEHIND_KEY and not event.isAutoRepeat():
            self._release_keys()

    def _release_keys(self) -> None:
        self.context.paints_behind = False

    def choose_class(self, index: int) -> bool:
        """Make the class at an index of the list the active one; return whether there is one."""
        schema = self.context.schema
        if schema is None or index >= len(schema):
            return False
        self.context.active_value = schema.values[index]
        return True

    def fill_rest(self) -> None:
        """Give the active class to what is unlabelled in the selected working area, or else in all of them."""
        tool = self.tool("area")
        assert isinstance(tool, WorkingArea)
        self._safely(lambda: fill_rest(self.context, self.context.active_value, tool.selected))

    def state(self) -> dict[str, Any]:
        """Return what to remember for the next start: the current tool, its settings, and what limits painting."""
        switches = {name: getattr(self.context, name) for name in _SWITCHES}
        return {"tool": self.current.name, **switches, **self.settings.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore a former state; what is unknown is left as it is."""
        self.settings.restore(state)
        for name in _SWITCHES:
            setattr(self.context, name, state.get(name) is True)
        if state.get("tool") in self._tools:
            self.select(state["tool"])

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """End a drag when the viewport loses the keyboard: the release of button and key will not be seen."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyRelease:
            self.key_release(event)
        elif event.type() == QEvent.Type.FocusOut:
            self._release_keys()
            if self._pressed is not None:
                self._pressed = None
                self._safely(self._tool.mouse_lost)
        return False

    def _safely(self, act: Callable[[], object]) -> object:
        """Change the labels and return the result; where that fails, cancel the gesture and show the error.

        A failure counts as True: the event has been handled.
        """
        try:
            return act()
        except LandsegError as error:
            self.cancel()
            self.context.notifier.error(str(error))
            return True

    def _refresh(self) -> None:
        self._tool.refresh()
        self.context.viewport.update_cursor()

    def _follow_image(self) -> None:
        for tool in self._tools.values():
            tool.reset()
        self._follow_frame()

    def _follow_frame(self) -> None:
        image = self.context.viewport.image
        self.settings.resolution = image.ground_resolution if image else None
        self._refresh()

    def _follow_saving(self) -> None:
        """Cancel a drag that could not be saved any more; vertices wait until they can be."""
        if self._pressed is not None and not self.context.accepts_edits:
            self.cancel()
