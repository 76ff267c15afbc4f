"""What every tool is: a small class that turns clicks, drags and keys into labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QCursor

from landseg_core.labels.regions import Position
from landseg_gui.text import translated

if TYPE_CHECKING:
    from landseg_gui.tools.context import ToolContext

NO_OPTIONS, SIZE, WIDTH, TOLERANCE, AREA = "", "size", "width", "tolerance", "area"
CELL, SIZE_AND_TOLERANCE = "cell", "size_and_tolerance"
"""What the options bar offers for a tool."""


@dataclass(frozen=True)
class ToolSpec:
    """One tool as data. `icon` names a file of `resources/icons`, `hint` is a line for the user.

    `shortcut` is a letter, or Shift and a letter where that tool is the sister of another;
    `options` names what the options bar offers; `samples`: Ctrl or Alt + click picks the class under the cursor;
    `paints`: it puts classes on pixels, so that "only unlabelled" matters to it; `edits`: it changes labels, by
    painting or otherwise, so that "only in working areas" does.
    """

    name: str
    title: str
    icon: str
    shortcut: str
    tip: str
    hint: str
    make: type[Tool]
    options: str = NO_OPTIONS
    samples: bool = False
    paints: bool = False
    edits: bool = False


class Tool:
    """A tool that does nothing. Positions are in raster px; the manager lets only one button be down at a time."""

    shape = Qt.CursorShape.CrossCursor
    keys: ClassVar[Mapping[int, str]] = {}
    """The keys that are the tool's own, and what each calls; they must not be keys of the window."""
    modifiers = Qt.KeyboardModifier.NoModifier
    """The modifier keys that change what a click of this tool does."""

    def __init__(self, spec: ToolSpec, context: ToolContext) -> None:
        self.spec = spec
        self.context = context

    @property
    def is_busy(self) -> bool:
        """Return whether a gesture is under way."""
        return False

    @property
    def hint(self) -> str:
        """Return in one line how to use it now."""
        return translated(self.spec.hint)

    def activate(self) -> None:
        """Handle becoming the current tool."""

    def deactivate(self) -> None:
        """Handle another tool becoming the current one; what was under way has been cancelled."""

    def press(self, position: Position, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> None:
        """Handle a button press."""

    def move(self, position: Position, modifiers: Qt.KeyboardModifier) -> None:
        """Handle a move of the mouse, with or without a button held."""

    def release(self, position: Position, modifiers: Qt.KeyboardModifier) -> None:
        """Handle the release of the pressed button."""

    def double_click(self, position: Position) -> None:
        """Handle a double click; its second `press` has just been handled."""

    def leave(self) -> None:
        """Handle the cursor leaving the viewport."""

    def wheel(self, _steps: int) -> bool:
        """Handle a turn of the wheel with Ctrl held; where False is returned, it zooms as ever."""
        return False

    def key(self, _key: int) -> bool:
        """Handle a key (a `Qt.Key`, or the code of a letter that has none); return whether it was used."""
        return False

    def step_size(self, steps: int) -> None:
        """Make what the tool paints with larger, or smaller, by some steps."""
        self.context.settings.step_size(steps)

    def cancel(self) -> bool:
        """Cancel what is under way, as if it had never begun; return whether there was anything."""
        return False

    def undo_last(self) -> bool:
        """Undo the last part of what is under way, or all of it; return whether there was anything."""
        return self.cancel()

    def mouse_lost(self) -> None:
        """Handle the loss of the mouse: the button will be released elsewhere."""
        self.cancel()

    def reset(self) -> None:
        """Drop all positions: another image is shown."""
        self.cancel()

    def refresh(self) -> None:
        """Draw again what depends on the active class, the settings or the zoom."""

    def cursor(self) -> QCursor:
        """Return the mouse cursor to show over the image."""
        return QCursor(self.shape)
