"""What the user is told while the program works: one place to say it, and one to hear it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from PySide6.QtCore import QObject, Signal

from landseg_core.events import Event, Notice
from landseg_gui.text import capitalised


class Level(Enum):
    """How grave a message is: good to know, to be looked at, or something has failed."""

    INFO = auto()
    WARNING = auto()
    ERROR = auto()


@dataclass(frozen=True)
class Message:
    """A sentence for the user."""

    level: Level
    text: str


class Notifier(QObject):
    """Passes on what the user should know; `posted` brings each `Message`. It may be called from any thread."""

    posted = Signal(object)

    def info(self, text: str) -> None:
        """Say what is good to know."""
        self.posted.emit(Message(Level.INFO, text))

    def warning(self, text: str) -> None:
        """Say what somebody should look at, though the work goes on."""
        self.posted.emit(Message(Level.WARNING, text))

    def notice(self, event: Event) -> None:
        """Say what work notes of itself; its other events have panels of their own."""
        if isinstance(event, Notice):
            self.warning(capitalised(event.message))

    def error(self, text: str) -> None:
        """Say what has failed, and what to do about it."""
        self.posted.emit(Message(Level.ERROR, text))
