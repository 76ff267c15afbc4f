"""Messages to the user while the program works: one object that receives them all and passes them on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from PySide6.QtCore import QObject, Signal

from landseg_core.events import Event, Notice
from landseg_gui.text import as_sentence


class Level(Enum):
    """How serious a message is: for information, to be looked at, or a failure."""

    INFO = auto()
    WARNING = auto()
    ERROR = auto()


@dataclass(frozen=True)
class Message:
    """A sentence for the user."""

    level: Level
    text: str


class Notifier(QObject):
    """Passes on messages for the user, as sentences; `posted` brings each `Message`. May be called from any thread.

    `offered` brings a message that stays, the text of its button, and what the button does.
    """

    posted = Signal(object)
    offered = Signal(str, str, object)

    def info(self, text: str) -> None:
        """Show something good to know."""
        self._post(Level.INFO, text)

    def warning(self, text: str) -> None:
        """Show something that should be looked at, though the work goes on."""
        self._post(Level.WARNING, text)

    def notice(self, event: Event) -> None:
        """Show a notice of a job; its other events are shown by panels."""
        if isinstance(event, Notice):
            self.warning(event.message)

    def error(self, text: str) -> None:
        """Show what has failed, and what to do about it."""
        self._post(Level.ERROR, text)

    def offer(self, text: str, button: str, accept: Callable[[], object]) -> None:
        """Show something with a button that does something about it."""
        self.offered.emit(as_sentence(text), button, accept)

    def _post(self, level: Level, text: str) -> None:
        self.posted.emit(Message(level, as_sentence(text)))
