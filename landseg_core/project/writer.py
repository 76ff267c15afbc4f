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
from landseg_core.events import EditStored, OnEvent, StoringFailed
from landseg_core.project.connection import DATABASE_ERRORS, leave_one_file, reason, transaction


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
    and nothing is stored out of order.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, on_event: OnEvent) -> None:
        self._path, self._connection, self._on_event = path, connection, on_event
        self._tasks: deque[Task] = deque()
        self._failure: str | None = None
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
        """Return why the first of the waiting tasks could not be stored, or None."""
        return self._failure

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
            if self._thread.is_alive():
                self._failure = None
            self._changed.notify_all()

    def flush(self) -> None:
        """Wait until all that was queued is on the disk.

        Raises:
            ProjectError: it cannot be stored.
        """
        with self._changed:
            self._wait_until_empty()

    def _wait_until_empty(self) -> None:
        self._changed.wait_for(lambda: not self._thread.is_alive() or self._failure or not (self._tasks or self._lent))
        if self._failure:
            raise ProjectError(self._failure)
        if self._tasks:
            raise ProjectError(f"{self._path}: {self.waiting} edits could not be stored; open the project again")

    @contextmanager
    def lend(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection, in the writer's place in the queue: for work that its caller waits for.

        What is queued meanwhile is stored afterwards.

        Raises:
            ProjectError: the project is closed, or what is queued before cannot be stored.
        """
        with self._changed:
            self._require_open()
            self._wait_until_empty()
            self._lent = True
        try:
            yield self._connection
        finally:
            with self._changed:
                self._lent = False
                self._changed.notify_all()

    def _require_open(self) -> None:
        if self._closing:
            raise ProjectError(f"{self._path} has been closed; open it again")

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
        with self._changed:
            self._changed.wait_for(lambda: not self._lent and (self._closing or (self._tasks and not self._failure)))
            return self._tasks[0] if self._tasks and not self._failure else None

    def _attempt(self, task: Task) -> None:
        try:
            with transaction(self._connection):
                task.write(self._connection)
        except (*DATABASE_ERRORS, OSError) as error:
            self._fail(reason(error))
        except MemoryError:
            self._fail("the memory is full; close other programs and try again")
        else:
            self._finish(task)

    def _fail(self, why: str) -> None:
        message = (
            f"{self._path} cannot take the last edits: {why}. Nothing that was stored is lost;"
            " what is not will be stored as soon as that is possible"
        )
        with self._changed:
            self._failure = message
            self._changed.notify_all()
        self._on_event(StoringFailed(message))

    def _finish(self, task: Task) -> None:
        task.stored()
        with self._changed:
            self._tasks.popleft()
            waiting = self.waiting
            self._changed.notify_all()
        self._on_event(EditStored(waiting))

    def close(self) -> int:
        """Store what is queued, trying once more what failed; close the file and return how many tasks were lost."""
        with self._changed:
            self._closing = True
            self._failure = None
            self._changed.notify_all()
        self._thread.join()
        try:
            leave_one_file(self._connection)
        except DATABASE_ERRORS as error:
            self._on_event(StoringFailed(f"{self._path} cannot be closed cleanly: {reason(error)}"))
        finally:
            self._connection.close()
        return self.waiting
