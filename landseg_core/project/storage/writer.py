"""The one thread that writes to a project file."""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from landseg_core.errors import ProjectError
from landseg_core.events import EditStored, OnEvent, StoringFailed, StoringResumed
from landseg_core.messages import N_
from landseg_core.project.storage.closing import leave_file
from landseg_core.project.storage.connection import DATABASE_ERRORS, checkpoint_wal, reason, transaction
from landseg_core.project.storage.file_watch import FileFault, FileFaultError, FileWatch

LOOK_SECONDS = 2.0
"""How often the file is looked after while there is nothing to store."""

_FLUSH_SECONDS = 1.0

_LOG_BYTES = 64 * 2**20
"""How long the write-ahead log may grow before it goes into the file."""


def _nothing() -> None:
    pass


@dataclass(frozen=True)
class Task:
    """One transaction: what it writes, and what is called in the writer's thread once that is on the disk."""

    write: Callable[[sqlite3.Connection], None]
    stored: Callable[[], None] = _nothing


class Writer:
    """Takes tasks from any thread and stores them in order, each in a transaction of its own.

    A task that cannot be stored stays at the head of the queue and all wait behind it until `retry`: nothing is lost,
    and nothing is stored out of order. So it is where the file turns out not to be the one that was opened: before and
    after every commit the `watch` is asked, and every few seconds between them; nothing is called stored before that.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, watch: FileWatch, on_event: OnEvent) -> None:
        self._path, self._connection, self._watch, self._on_event = path, connection, watch, on_event
        self._tasks: deque[Task] = deque()
        self._failure: str | None = None
        self._fault: FileFault | None = None
        self._look_wanted = False
        self._committed = False  # the head of the queue is in the file, but not called stored yet
        self._in_use = threading.Lock()  # by a transaction: what it writes is not to be taken for another program's
        self.commits = self.checkpoints = 0
        self._lent = self._closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="project writer", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Return how many tasks are not on the disk yet."""
        return len(self._tasks)

    @property
    def failure(self) -> str | None:
        """Return why the first of the waiting tasks could not be stored, or the next one could not be, or None."""
        return self._failure

    @property
    def fault(self) -> FileFault | None:
        """Return what has happened to the file so that nothing is stored there any more, or None."""
        return self._fault

    def put(self, task: Task) -> None:
        """Queue a task; returns at once.

        Raises:
            ProjectError: the project is closed.
        """
        with self._changed:
            self._require_open()
            self._tasks.append(task)
            self._changed.notify_all()

    def retry(self) -> None:
        """Try again to store what failed."""
        with self._changed:
            if self._fault is not None:
                self._look_wanted = True
            elif self._thread.is_alive():
                self._failure = None
            self._changed.notify_all()

    def flush(self) -> None:
        """Wait until all that was queued is on the disk, in the file at the project's path.

        Raises:
            ProjectError: it cannot be stored.
        """
        with self._changed:
            self._wait_until_empty()
        self.require_own_file()

    def settle(self, seconds: float) -> None:
        """Give what is queued so long to be stored."""
        with self._changed:
            self._changed.wait_for(lambda: self._failure or not (self._tasks or self._lent), seconds)

    def require_own_file(self) -> None:
        """Look after the file now, and check that edits can be stored there.

        Raises:
            ProjectError: they cannot.
        """
        self._look_aside(_FLUSH_SECONDS)
        if self._failure:
            raise ProjectError(self._failure)

    def _wait_until_empty(self) -> None:
        self._changed.wait_for(lambda: not self._thread.is_alive() or self._failure or not (self._tasks or self._lent))
        if self._failure:
            raise ProjectError(self._failure)
        if self._tasks:
            raise ProjectError(
                N_(
                    "{path}: {waiting} edits could not be stored; open the project again",
                    path=self._path,
                    waiting=self.waiting,
                )
            )

    @contextmanager
    def borrow(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection, in the writer's place in the queue: for work that its caller waits for.

        What is queued meanwhile is stored afterwards.

        Raises:
            ProjectError: the project is closed, or what is queued before cannot be stored.
        """
        with self._instead(self._wait_until_empty):
            if not self._look():
                raise ProjectError(self._failure or "")
            try:
                yield self._connection
            finally:
                self._look(wrote=True)

    @contextmanager
    def lend_with_rest(self) -> Iterator[tuple[sqlite3.Connection, list[Task]]]:
        """Lend the connection to read from, whatever has failed, with the tasks that are not in the file.

        Raises:
            ProjectError: the project is closed.
        """
        with self._instead(lambda: self._changed.wait_for(lambda: not self._lent)):
            self._look()
            yield self._connection, list(self._tasks)[int(self._committed) :]

    @contextmanager
    def _instead(self, wait: Callable[[], object]) -> Iterator[None]:
        """Use the file instead of the thread, once `wait` returns."""
        with self._changed:
            self._require_open()
            wait()
            self._lent = True
        try:
            with self._in_use:
                yield
        finally:
            with self._changed:
                self._lent = False
                self._changed.notify_all()

    def require_file_in_place(self) -> None:
        """Check, in the midst of writing, that the file is still the one to store edits in.

        Raises:
            FileFaultError: it is not.
        """
        if fault := self._watch.fault(writing=True):
            raise FileFaultError(fault)

    def _require_open(self) -> None:
        if self._closing:
            raise ProjectError(N_("{path} has been closed; open it again", path=self._path))

    def _run(self) -> None:
        try:
            while (task := self._next()) is not None:
                self._attempt(task)
        finally:
            with self._changed:
                if not self._closing:  # a bug of ours: at least nobody goes on painting
                    self._failure = f"{self._path} is stored no more; close the project and open it again"
                self._changed.notify_all()

    def _next(self) -> Task | None:
        """Return the head of the queue, which stays there, or None at the end."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._look_wanted or self._is_due(), LOOK_SECONDS)
                if self._is_due():
                    return self._tasks[0] if self._tasks and not self._failure else None
                self._look_wanted = False
            self._look_aside()

    def _is_due(self) -> bool:
        return not self._lent and (self._closing or bool(self._tasks and not self._failure))

    def _look_aside(self, seconds: float = 0.0) -> None:
        """Look after the file, unless somebody writes to it for so long, and will look himself."""
        if self._in_use.acquire(timeout=seconds):
            try:
                self._look()
            finally:
                self._in_use.release()

    def _look(self, *, wrote: bool = False) -> bool:
        """Look after the file, and return whether it is the one to store edits in.

        Where it has come back to its place, edits are taken again. `wrote`: this program has, since the last look.
        """
        fault = self._watch.fault(writing=wrote)
        if wrote:
            self.commits += 1
            self._watch.note_own_commit()
        if fault is None:
            self._resume()
        elif fault != self._fault:
            self._fail(str(FileFaultError(fault)), fault)
        return fault is None

    def _resume(self) -> None:
        with self._changed:
            if self._fault is None:
                return
            self._failure = self._fault = None
            self._changed.notify_all()
        self._on_event(StoringResumed())

    def _attempt(self, task: Task) -> None:
        with self._in_use:
            if self._look() and (self._committed or self._commit(task)):
                self._acknowledge(task)

    def _commit(self, task: Task) -> bool:
        """Store a task, and return whether it is sure that it can be read again."""
        try:
            with transaction(self._connection, self.require_file_in_place):
                task.write(self._connection)
        except FileFaultError as error:
            self._fail(str(error), error.fault)
        except (*DATABASE_ERRORS, OSError) as error:
            self._fail(self._cannot_take(reason(error)))
        except MemoryError:
            self._fail(self._cannot_take("the memory is full; close other programs and try again"))
        else:
            self._committed = True
        return self._look(wrote=True) and self._committed

    def _cannot_take(self, why: str) -> str:
        return (
            f"{self._path} cannot take the last edits: {why}. Nothing that was stored is lost;"
            " what is not will be stored as soon as that is possible"
        )

    def _fail(self, message: str, fault: FileFault | None = None) -> None:
        with self._changed:
            self._failure, self._fault = message, fault
            self._changed.notify_all()
        self._on_event(StoringFailed(message))

    def _acknowledge(self, task: Task) -> None:
        """Call a task stored."""
        if self._watch.log_bytes > _LOG_BYTES:
            self._checkpoint()
        self._committed = False
        task.stored()
        with self._changed:
            self._tasks.popleft()
            waiting = self.waiting
            self._changed.notify_all()
        self._on_event(EditStored(waiting))

    def _checkpoint(self) -> None:
        self.checkpoints += 1
        checkpoint_wal(self._connection)
        self._watch.note_own_write()

    def stop(self) -> None:
        """Store what is queued, trying once more what failed, and end the thread; then `fault` is the last word."""
        with self._changed:
            self._closing = True
            self._failure = self._fault = None
            self._changed.notify_all()
        self._thread.join()
        self._fault = self._watch.fault()

    def leave(self) -> int:
        """Close the file, once stopped, and return how many tasks were lost."""
        try:
            leave_file(self._connection, self._path, self._watch, self._fault)
        except DATABASE_ERRORS as error:
            self._on_event(StoringFailed(f"{self._path} cannot be closed cleanly: {reason(error)}"))
        return self.waiting
