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
from landseg_core.messages import N_, Text
from landseg_core.project.storage.closing import close_file
from landseg_core.project.storage.connection import DATABASE_ERRORS, checkpoint_wal, reason, transaction
from landseg_core.project.storage.file_watch import FileFault, FileFaultError, FileWatch

CHECK_SECONDS = 2.0
"""How often the file is checked while there is nothing to store."""

_FLUSH_SECONDS = 1.0

_LOG_BYTES = 64 * 2**20
"""How long the write-ahead log may grow before it is checkpointed into the file."""


def _nothing() -> None:
    pass


@dataclass(frozen=True)
class Task:
    """One transaction: what it writes, and what is called in the writer's thread once that is stored."""

    write: Callable[[sqlite3.Connection], None]
    stored: Callable[[], None] = _nothing


class Writer:
    """Takes tasks from any thread and stores them in order, each in a transaction of its own.

    A task that cannot be stored stays at the head of the queue and all others wait behind it until `retry`: nothing is
    lost, and nothing is stored out of order. The same happens when the file turns out not to be the one that was
    opened: the `watch` checks it before and after every commit, and every few seconds in between; no task counts as
    stored before that.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, watch: FileWatch, on_event: OnEvent) -> None:
        self._path, self._connection, self._watch, self._on_event = path, connection, watch, on_event
        self._tasks: deque[Task] = deque()
        self._failure: str | None = None
        self._fault: FileFault | None = None
        self._check_wanted = False
        self._committed = False  # the head of the queue is in the file, but not acknowledged yet
        self._in_use = threading.Lock()  # by a transaction, whose writes must not be mistaken for another program's
        self.commits = self.checkpoints = 0
        self._lent = self._closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="project writer", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Return how many tasks are not stored yet."""
        return len(self._tasks)

    @property
    def failure(self) -> str | None:
        """Return why the first of the waiting tasks, or the next one to come, cannot be stored, or None."""
        return self._failure

    @property
    def fault(self) -> FileFault | None:
        """Return what has happened to the file so that nothing is stored there any longer, or None."""
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
                self._check_wanted = True
            elif self._thread.is_alive():
                self._failure = None
            self._changed.notify_all()

    def flush(self) -> None:
        """Wait until everything that was queued is stored, in the file at the project's path.

        Raises:
            ProjectError: it cannot be stored.
        """
        with self._changed:
            self._wait_until_empty()
        self.require_own_file()

    def settle(self, seconds: float) -> None:
        """Wait up to `seconds` until what is queued is stored."""
        with self._changed:
            self._changed.wait_for(lambda: self._failure or not (self._tasks or self._lent), seconds)

    def require_own_file(self) -> None:
        """Check now that edits can be stored in the file.

        Raises:
            ProjectError: they cannot.
        """
        self._check_unless_in_use(_FLUSH_SECONDS)
        if self._failure:
            raise ProjectError(self._failure)

    def _wait_until_empty(self) -> None:
        self._changed.wait_for(lambda: not self._thread.is_alive() or self._failure or not (self._tasks or self._lent))
        if self._failure:
            raise ProjectError(self._failure)
        if self._tasks:
            raise ProjectError(
                N_(
                    "%n edits could not be stored in {path}; open the project again",
                    n=self.waiting,
                    one="one edit could not be stored in {path}; open the project again",
                    path=self._path,
                )
            )

    @contextmanager
    def borrow(self) -> Iterator[sqlite3.Connection]:
        """Borrow the connection once the queue is empty, for work that the caller waits for.

        What is queued meanwhile is stored afterwards.

        Raises:
            ProjectError: the project is closed, or what is queued cannot be stored.
        """
        with self._exclusive(self._wait_until_empty):
            if not self._check_file():
                raise ProjectError(self._failure or "")
            try:
                yield self._connection
            finally:
                self._check_file(wrote=True)

    @contextmanager
    def borrow_with_unstored(self) -> Iterator[tuple[sqlite3.Connection, list[Task]]]:
        """Borrow the connection for reading, whatever has failed, with the tasks that are not in the file.

        Raises:
            ProjectError: the project is closed.
        """
        with self._exclusive(lambda: self._changed.wait_for(lambda: not self._lent)):
            self._check_file()
            yield self._connection, list(self._tasks)[int(self._committed) :]

    @contextmanager
    def _exclusive(self, wait: Callable[[], object]) -> Iterator[None]:
        """Use the file in the caller's thread instead of the writer's, once `wait` returns."""
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
        """Check, while writing, that the file is still the one to store edits in.

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
                if not self._closing:  # a bug: at least painting stops
                    self._failure = N_(
                        "edits are no longer stored in {path}; close the project and open it again", path=self._path
                    )
                self._changed.notify_all()

    def _next(self) -> Task | None:
        """Return the head of the queue, which stays there, or None at the end."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._check_wanted or self._is_due(), CHECK_SECONDS)
                if self._is_due():
                    return self._tasks[0] if self._tasks and not self._failure else None
                self._check_wanted = False
            self._check_unless_in_use()

    def _is_due(self) -> bool:
        return not self._lent and (self._closing or bool(self._tasks and not self._failure))

    def _check_unless_in_use(self, seconds: float = 0.0) -> None:
        """Check the file, unless a transaction is writing to it for all of `seconds`, which checks it as well."""
        if self._in_use.acquire(timeout=seconds):
            try:
                self._check_file()
            finally:
                self._in_use.release()

    def _check_file(self, *, wrote: bool = False) -> bool:
        """Check the file, and return whether it is the one to store edits in.

        If it is back at its path, storing resumes. `wrote`: this program has written since the last check.
        """
        fault = self._watch.fault(writing=wrote)
        if wrote:
            self.commits += 1
            self._watch.record_own_commit()
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
            if self._check_file() and (self._committed or self._commit(task)):
                self._acknowledge(task)

    def _commit(self, task: Task) -> bool:
        """Store a task, and return whether it is certain that it can be read again."""
        try:
            with transaction(self._connection, self.require_file_in_place):
                task.write(self._connection)
        except FileFaultError as error:
            self._fail(str(error), error.fault)
        except (*DATABASE_ERRORS, OSError) as error:
            self._fail(self._cannot_store(reason(error)))
        except MemoryError:
            self._fail(self._cannot_store(N_("there is not enough memory; close other programs and try again")))
        else:
            self._committed = True
        return self._check_file(wrote=True) and self._committed

    def _cannot_store(self, why: Text) -> Text:
        return N_(
            "the last edits cannot be stored in {path}: {reason}. Nothing that was stored before is lost; the edits "
            "will be stored as soon as possible",
            path=self._path,
            reason=why,
        )

    def _fail(self, message: str, fault: FileFault | None = None) -> None:
        with self._changed:
            self._failure, self._fault = message, fault
            self._changed.notify_all()
        self._on_event(StoringFailed(message))

    def _acknowledge(self, task: Task) -> None:
        """Report a task as stored."""
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
        self._watch.record_own_write()

    def stop(self) -> None:
        """Store what is queued, trying once more what failed, and end the thread; afterwards `fault` is final."""
        with self._changed:
            self._closing = True
            self._failure = self._fault = None
            self._changed.notify_all()
        self._thread.join()
        self._fault = self._watch.fault()

    def close(self) -> int:
        """Close the file, once stopped, and return how many tasks were lost."""
        try:
            close_file(self._connection, self._path, self._watch, self._fault)
        except DATABASE_ERRORS as error:
            self._on_event(
                StoringFailed(N_("{path} cannot be closed cleanly: {reason}", path=self._path, reason=reason(error)))
            )
        return self.waiting
