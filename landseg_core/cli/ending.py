"""How a command ends on Ctrl+C or SIGTERM: at any instant, within three seconds, with one line.

The first signal is a request that long work sees at its next checkpoint; what has not ended two seconds later, or gets
a second one, is ended here, once what is unfinished has been removed. What Python cannot do because a library holds its
lock, `guardian` does. Light to import: it is imported before all others. See docs/adr/0033.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

GRACE_SECONDS = 2.0
"""Seconds that long work may take to end cleanly."""
COMMIT_SECONDS = 0.3
"""Seconds after that for finished results to be moved to their paths."""
DISMISSAL_SECONDS = 0.2
SIGNALS = (signal.SIGINT, signal.SIGTERM)
LINE = b"landseg: stopped\n"


class Ending:
    """The state of a command that is asked to end."""

    def __init__(self) -> None:
        self._asked: int | None = None
        self._stops: list[Callable[[], None]] = []
        self._again = threading.Event()
        self._once = threading.Lock()
        self._said = False
        self._watched = False
        self._notes: int | None = None
        self._guardian = 0
        self._arm: Callable[[int], None] = lambda _number: None

    @property
    def code(self) -> int | None:
        """Return the exit code of a command that was asked to end, None for one that was not."""
        return None if self._asked is None else 128 + self._asked

    def checkpoint(self) -> None:
        """Raise `JobStopped` in a command that was asked to end."""
        from landseg_core.errors import JobStopped

        if self._asked is not None:
            raise JobStopped

    @contextmanager
    def orderly(self, stop: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Give the `with` block the time to end cleanly; `stop` is called, from any thread, when it should.

        Elsewhere a signal ends the command at once.
        """
        self._stops.append(stop)
        if self._asked is not None:
            stop()
        try:
            yield
        finally:
            self._stops.remove(stop)

    def take(self, number: int, came: float | None = None) -> None:
        """Take a signal, which `came` at that reading of `time.monotonic`."""
        if self._asked is not None:
            self._again.set()
            return
        self._asked = number
        sys.excepthook = lambda *_: self.end_now()  # what fails because of it needs no traceback
        threading.excepthook = lambda *_: None
        for stop in self._stops:
            stop()
        end = (time.monotonic() if came is None else came) + (GRACE_SECONDS if self._stops else 0)
        threading.Thread(target=self._end_at, args=(end,), daemon=True).start()

    def _end_at(self, moment: float) -> None:
        self._again.wait(max(0.0, moment - time.monotonic()))
        self.end_now()

    def end_now(self) -> NoReturn:
        """End the process without notifying running work, but leave nothing unfinished behind."""
        self._once.acquire()  # for good
        with suppress(Exception):
            _clear_away()
        self.say()
        self._dismiss_guardian()
        os._exit(self.code or 1)

    def say(self) -> None:
        """Say that the command was stopped, once."""
        if not self._said:
            self._said = True
            cursor = b"\r\x1b[K\x1b[?25h" if os.isatty(2) else b""  # a progress bar hides it
            with suppress(OSError):
                os.write(2, cursor + LINE)
            self.notify("said")

    def finish(self, code: int) -> NoReturn:
        """End the process with `code`, or with that of a command that was asked to end."""
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        if self._asked is not None:
            self.end_now()
        atexit.register(self._let_go)
        sys.exit(code)

    def _let_go(self) -> None:
        """Take no more signals: all is done, and the process ends normally."""
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        self._dismiss_guardian()

    def _dismiss_guardian(self) -> None:
        """Dismiss the guardian and wait for its end: in a container perhaps nobody else would reap it."""
        if self._notes is None:
            return
        self.notify("order")
        os.close(self._notes)
        self._notes = None
        until = time.monotonic() + DISMISSAL_SECONDS
        with suppress(ChildProcessError):
            while os.waitpid(self._guardian, os.WNOHANG) == (0, 0) and time.monotonic() < until:
                time.sleep(0.001)

    def install(self) -> None:
        """Start listening; call it in the main thread, before anything else is imported or started."""
        for number in SIGNALS:
            signal.signal(number, self._note)
        reading, writing = os.pipe()
        if hasattr(os, "fork"):
            os.set_blocking(writing, False)
            reading = self._guarded(reading, writing)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        atexit.register(self.notify, "said")  # whoever gets here ends with a traceback, or has said all
        self._watched = True
        threading.Thread(target=self._watch, args=(reading,), name="landseg-signals", daemon=True).start()

    def _note(self, number: int, _frame: FrameType | None) -> None:
        """Take a signal in the main thread, where the thread that watches does not do so."""
        self._arm(number)
        if not self._watched:
            self.take(number)

    def _guarded(self, signals: int, wake: int) -> int:
        """Start the guardian, which reads `signals`, and return what it passes them on to."""
        echo, echo_in = os.pipe()
        notes, notes_in = os.pipe()
        os.set_blocking(notes_in, False)
        command = os.getpid()
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # the guardian is not to take them for the command
        self._guardian = os.fork()
        if self._guardian == 0:
            for descriptor in (wake, echo, notes_in):
                os.close(descriptor)
            _be_guardian(signals, notes, echo_in, command)
        for descriptor in (echo_in, notes):  # Python complains where nobody reads its signals any more
            os.close(descriptor)
        self._notes = notes_in
        self._arm = _lethal_second_time()
        for number in SIGNALS:
            self._arm(number)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        return echo

    def _watch(self, reading: int) -> None:
        """Take the signals that come through the pipe, in a thread of its own."""
        from landseg_core.cli.guardian import ECHO

        guarded = self._notes is not None
        while data := os.read(reading, ECHO.size if guarded else 1):
            came, number = ECHO.unpack(data) if guarded else (time.monotonic(), data[0])
            if number in SIGNALS:
                self.take(number, came)
        self._watched = False  # the guardian is gone

    def notify(self, kind: str, what: object = "") -> None:
        """Send the guardian a note about what this process may leave behind."""
        if self._notes is not None:
            with suppress(OSError):
                os.write(self._notes, os.fsencode(f"{kind} {what}\0"))

    def tell_of_leftovers(self) -> None:
        """From now on, report to the guardian what would be left behind."""
        from landseg_core import children, leftovers

        self.notify("owner", leftovers.owner())
        leftovers.listen(self.notify)
        children.listen(self.notify)


def _be_guardian(signals: int, notes: int, echo: int, command: int) -> NoReturn:
    try:
        for number in (*SIGNALS, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(nothing, 1)
        from landseg_core.cli.guardian import Guardian

        Guardian(signals, notes, echo, command).watch()
    finally:
        os._exit(0)


def _clear_away() -> None:
    """Wait until finished results are at their paths, then remove unfinished ones and end the child processes."""
    modules = sys.modules  # what was never imported has left nothing behind
    if "landseg_core.children" in modules:
        modules["landseg_core.children"].kill_all()
    if "landseg_core.leftovers" in modules:
        leftovers = modules["landseg_core.leftovers"]
        leftovers.COMMIT.acquire(timeout=COMMIT_SECONDS)
        leftovers.remove_own()


def _lethal_second_time() -> Callable[[int], None]:
    """Return what has a signal call Python once and end the process, by the system's own means, the next time.

    So the guardian can end a process in which a library keeps Python's lock, with the signal as the reason. Python
    cannot ask for that (SA_RESETHAND); glibc can, where the handler that Python has set is the first field of what
    sigaction(2) returns. Elsewhere it does nothing, and the guardian takes SIGKILL.
    """
    if not sys.platform.startswith("linux"):
        return lambda _number: None
    import ctypes

    libc = ctypes.CDLL(None)
    if not hasattr(libc, "sysv_signal"):
        return lambda _number: None
    action = (ctypes.c_void_p * 64)()
    libc.sigaction(signal.SIGTERM, None, action)
    handler = ctypes.c_void_p(action[0])
    libc.sysv_signal.argtypes = [ctypes.c_int, ctypes.c_void_p]
    libc.sysv_signal.restype = ctypes.c_void_p
    return lambda number: libc.sysv_signal(number, handler)


ENDING = Ending()
"""The end of this process."""
