"""The one way for work to cross threads: a function of the core runs in a QThread, its events come back as signals."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QDeadlineTimer, QEventLoop, QObject, Qt, QThread, QTimer, Signal
from shiboken6 import isValid

from landseg_core.allocator import give_back_memory
from landseg_core.errors import JobStopped, LandsegError
from landseg_core.events import Event, JobControl, OnEvent, Progress
from landseg_core.limits import LargeWorkError
from landseg_core.plain_text import plain_text
from landseg_gui.text import as_sentence

Work = Callable[[OnEvent, JobControl], Any]
"""Long work of the core: takes a listener and a control, returns its result."""

_STACK_BYTES = 16 * 2**20  # torch needs more than the 512 kB that macOS gives a thread
_DELIVERY_MS = 50


@dataclass(frozen=True)
class _Finished:
    result: Any


@dataclass(frozen=True)
class _Failed:
    error: LandsegError


@dataclass(frozen=True)
class _Stopped:
    pass


@dataclass(frozen=True)
class _Crashed:
    error: Exception


_Outcome = _Finished | _Failed | _Stopped | _Crashed


def _outcome_of(work: Work, on_event: OnEvent, control: JobControl) -> _Outcome:
    """Run `work` and return how it ended; an unexpected error is carried to the GUI thread and raised there."""
    try:
        return _Finished(work(on_event, control))
    except JobStopped:
        return _Stopped()
    except LandsegError as error:
        return _Failed(error)
    except Exception as error:  # noqa: BLE001 - it goes on to sys.excepthook, on the GUI thread
        return _Crashed(error)


class _Mailbox:
    """Events on their way from a job's thread to the GUI: of each task only the newest `Progress`, else every one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._events: dict[object, Event] = {}

    def post(self, event: Event) -> bool:
        """Add an event, from any thread; True where the box was empty, so that it has to be delivered."""
        key = ("progress", event.task) if isinstance(event, Progress) else object()
        with self._lock:
            was_empty = not self._events
            self._events.pop(key, None)
            self._events[key] = event
            return was_empty

    def take(self) -> list[Event]:
        """Empty the box."""
        with self._lock:
            events, self._events = list(self._events.values()), {}
            return events


class _Worker(QThread):
    """The thread of one job."""

    def __init__(self, run: Callable[[], None]) -> None:
        super().__init__()
        self._run = run
        self.setStackSize(_STACK_BYTES)

    def run(self) -> None:
        """Do the work (called by Qt in the new thread)."""
        self._run()


class Job(QObject):
    """Work under way. Its signals arrive on the GUI thread, after the call of `JobRunner.start` has returned.

    `reported` brings events, not more often than twenty times a second; of `Progress` only the newest, of all others
    every one. Then comes one of `finished` (with the result), `failed` (with a sentence for the user), `too_large`
    (with the `WorkSize` that the user has to agree to before it begins) and `stopped`, or none of them after a crash,
    which goes to `sys.excepthook`; and always `ended`. One in the `background` may be stopped without asking: nothing
    is lost with it.
    """

    reported = Signal(object)
    finished = Signal(object)
    failed = Signal(str)
    too_large = Signal(object)
    stopped = Signal()
    ended = Signal()

    _posted = Signal()
    _over = Signal()

    def __init__(self, title: str, work: Work, parent: QObject, *, background: bool = False) -> None:
        super().__init__(parent)
        self.title = title
        self.background = background
        self.control = JobControl()
        self._work: Work | None = work
        self._outcome: _Outcome | None = None
        self._mailbox = _Mailbox()
        self._worker: _Worker | None = None
        self._delivery = QTimer(self, singleShot=True, interval=_DELIVERY_MS)
        self._delivery.timeout.connect(self._deliver)
        self._posted.connect(self._delivery.start, Qt.ConnectionType.QueuedConnection)
        self._over.connect(self._end, Qt.ConnectionType.QueuedConnection)

    @property
    def running(self) -> bool:
        """Return whether `ended` is still to come."""
        return self._work is not None

    def stop(self) -> None:
        """Ask the work to end."""
        self.control.stop()

    def run_inline(self) -> None:
        """Do the work now, in this thread; the signals follow from the event loop."""
        self._do_work()

    def run_in_thread(self) -> None:
        """Do the work in a thread of its own."""
        self._worker = _Worker(self._do_work)
        self._worker.start()

    def _do_work(self) -> None:
        assert self._work is not None
        self._outcome = _outcome_of(self._work, self._post, self.control)
        give_back_memory()
        self._over.emit()

    def _post(self, event: Event) -> None:
        if self._mailbox.post(event):
            self._posted.emit()

    def _deliver(self) -> None:
        for event in self._mailbox.take():
            self.reported.emit(event)

    def _end(self) -> None:
        if self._worker is not None:
            self._worker.wait()  # its work is done: only the last steps of the thread itself are left
        self._delivery.stop()
        self._deliver()
        outcome, self._outcome, self._work = self._outcome, None, None
        match outcome:
            case _Finished(result):
                self.finished.emit(result)
            case _Failed(LargeWorkError() as error):
                self.too_large.emit(error.work)
            case _Failed(error):
                self.failed.emit(as_sentence(error))
            case _Stopped():
                self.stopped.emit()
        self.ended.emit()
        if isinstance(outcome, _Crashed):
            sys.excepthook(type(outcome.error), outcome.error, outcome.error.__traceback__)


def while_alive(receiver: QObject, slot: Callable[..., None]) -> Callable[..., None]:
    """Return `slot` as one that does nothing once `receiver` is deleted.

    A job often ends after the window that started it is closed; Qt disconnects a receiver's own methods, but no lambda.
    """

    def slot_of_receiver(*news: Any) -> None:
        if isValid(receiver):
            slot(*news)

    return slot_of_receiver


class JobRunner(QObject):
    """Starts jobs and lists those that run. With `inline` the work runs inside `start`: for tests."""

    started = Signal(object)
    idle = Signal()

    def __init__(self, parent: QObject | None = None, *, inline: bool = False) -> None:
        super().__init__(parent)
        self.inline = inline
        self._jobs: list[Job] = []

    @property
    def running(self) -> list[Job]:
        """Return the jobs that have not ended, oldest first."""
        return [job for job in self._jobs if job.running]

    def start(self, title: str, work: Work, *, background: bool = False) -> Job:
        """Run `work(on_event, control)` in a thread of its own and return its job; `started` brings it too.

        `title` is shown as one line: the name of a file in it may hold anything.
        """
        job = Job(plain_text(title), work, self, background=background)
        self._jobs.append(job)
        job.ended.connect(self._clear_away, Qt.ConnectionType.QueuedConnection)
        self.started.emit(job)
        if self.inline:
            job.run_inline()
        else:
            job.run_in_thread()
        return job

    def stop_all(self) -> None:
        """Ask every job to end; `idle` comes when the last one has."""
        for job in self.running:
            job.stop()

    def shut_down(self, seconds: float) -> bool:
        """Stop every job and wait, with the event loop alive, until all have ended; False where one had not in time.

        What starts meanwhile, such as a backup by a timer, is stopped as well.
        """
        deadline = QDeadlineTimer(round(seconds * 1000))
        while self.running and not deadline.hasExpired():
            self.stop_all()
            loop = QEventLoop()
            self.idle.connect(loop.quit)
            self.started.connect(loop.quit)
            QTimer.singleShot(deadline.remainingTime(), loop, loop.quit)
            loop.exec()
        return not self.running

    def _clear_away(self) -> None:
        over = [job for job in self._jobs if not job.running]
        for job in over:
            self._jobs.remove(job)
            job.deleteLater()
        if over and not self._jobs:
            self.idle.emit()
