"""A thread that does what was asked for last."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

from landseg_core.errors import JobStopped
from landseg_core.events import JobControl

Work = Callable[[JobControl], None]


class LatestWork:
    """Does one piece of work at a time; a new one stops the one under way, and replaces one that has not begun."""

    def __init__(self, name: str) -> None:
        self._changed = threading.Condition()
        self._waiting: tuple[Work, JobControl] | None = None
        self._control = JobControl()
        self._busy = self._closed = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def is_idle(self) -> bool:
        """Return whether nothing is under way, and nothing waits."""
        with self._changed:
            return not self._busy and self._waiting is None

    def begin(self, work: Work) -> None:
        """Do `work` as soon as the thread is free, which is soon."""
        with self._changed:
            self._control.stop()
            self._control = JobControl()
            self._waiting = work, self._control
            if self._thread.ident is None and not self._closed:
                self._thread.start()
            self._changed.notify_all()

    def cancel(self) -> None:
        """Stop what is under way, and begin nothing."""
        with self._changed:
            self._control.stop()
            self._waiting = None

    def close(self) -> None:
        """Stop, and wait for the work to end."""
        self.cancel()
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while (task := self._next()) is not None:
            _do(*task)
            del task  # or its results would stay until there is more to do

    def _next(self) -> tuple[Work, JobControl] | None:
        with self._changed:
            self._busy = False
            self._changed.wait_for(lambda: self._closed or self._waiting is not None)
            task, self._waiting = self._waiting, None
            self._busy = task is not None
            return None if self._closed else task


def _do(work: Work, control: JobControl) -> None:
    try:
        work(control)
    except JobStopped:
        pass
    except Exception:  # noqa: BLE001 - a bug is reported, and the thread lives on
        # What is stopped may find its files closed already.
        if not control.stop_requested:
            threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread())))
