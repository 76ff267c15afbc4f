"""A small companion process, which ends a command that cannot end itself.

Python handles a signal between two bytecode instructions. A call into GDAL, for example, may take minutes and hold
Python's lock, so that no thread of the command can do anything: the overviews of a large map are built that way.
The guardian is notified of signals by the command's C code, which needs no lock. See docs/adr/0033.
"""

from __future__ import annotations

import os
import select
import signal
import struct
import time
from contextlib import suppress

HARD_SECONDS = 2.5
"""Seconds after a signal, after which a command that has not ended is ended."""
ECHO = struct.Struct("=dB")
"""What the command receives for a signal: its time, by `time.monotonic`, and its number."""
SEPARATOR = b"\0"
BY_SIGNAL_SECONDS = 0.3
"""Seconds that a command has to die of its signal, on a busy computer too, before SIGKILL."""
_KILL_SECONDS = 0.1


class Guardian:
    """Watches over the command, its parent, until that has ended.

    `signals` brings the numbers of signals, `notes` what the command may leave behind, as `leftovers` and `children`
    report it; signals are passed on to `echo`, for the thread in the command that ends it in order.
    """

    def __init__(self, signals: int, notes: int, echo: int, command: int) -> None:
        self._signals, self._notes, self._echo, self._command = signals, notes, echo, command
        self._asked = 0
        self._deadline: float | None = None
        self._kept = b""
        self._owner = ""
        self._folders: dict[str, None] = {}
        self._made: dict[str, None] = {}
        self._children: dict[int, None] = {}
        self._said = self._in_order = False

    def watch(self) -> None:
        """Wait for the end of the command; then remove what it has left."""
        try:
            while self._wait():
                if self._deadline is not None and time.monotonic() >= self._deadline:
                    self._end_command()
                    break
        finally:
            if not self._in_order:
                self._clear()

    def _wait(self) -> bool:
        """Handle the next note or signal; return whether the command still runs."""
        left = None if self._deadline is None else max(0.0, self._deadline - time.monotonic())
        ready, _, _ = select.select([self._signals, self._notes], [], [], left)
        if self._signals in ready:
            for number in os.read(self._signals, 64):
                self._take_signal(number)
        return self._read_notes() if self._notes in ready else True

    def _take_signal(self, number: int) -> None:
        now = time.monotonic()
        if self._deadline is None:
            self._asked, self._deadline = number, now + HARD_SECONDS
        with suppress(OSError):  # the command may just have ended
            os.write(self._echo, ECHO.pack(now, number))

    def _read_notes(self) -> bool:
        data = os.read(self._notes, 1 << 16)
        *notes, self._kept = (self._kept + data).split(SEPARATOR)
        for note in notes:
            kind, _, text = os.fsdecode(note).partition(" ")
            self._take_note(kind, text)
        return bool(data)

    def _take_note(self, kind: str, text: str) -> None:
        actions = {
            "owner": lambda: setattr(self, "_owner", text),
            "folder": lambda: self._folders.update({text: None}),
            "made": lambda: self._made.update({text: None}),
            "kept": lambda: self._made.pop(text, None),
            "child": lambda: self._children.update({int(text): None}),
            "ended": lambda: self._children.pop(int(text), None),
            "said": lambda: setattr(self, "_said", True),
            "order": lambda: setattr(self, "_in_order", True),
        }
        actions[kind]()

    def _end_command(self) -> None:
        """End the command with the same signal, by the system's own means; see `ending.Ending.arm`."""
        patient = time.monotonic() + BY_SIGNAL_SECONDS
        while os.getppid() == self._command and time.monotonic() < patient + _KILL_SECONDS:
            os.kill(self._command, self._asked if time.monotonic() < patient else signal.SIGKILL)
            time.sleep(0.02)

    def _clear(self) -> None:
        for child in self._children:
            with suppress(OSError):
                os.kill(child, signal.SIGKILL)
        if self._owner and (self._folders or self._made):
            from landseg_core.leftovers import remove_of

            remove_of(self._owner, self._folders, self._made)
        if not self._said:  # also where a second signal came before Python's code in C could report the first
            with suppress(OSError):
                os.write(2, b"landseg: stopped\n")
