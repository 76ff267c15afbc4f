"""Connections for reading, for as many threads as want to."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from landseg_core.errors import ProjectError
from landseg_core.project.connection import DATABASE_ERRORS, connect_for_reading, sqlite_errors

_CLOSE_SECONDS = 30.0
"""How long closing waits for readers; one that hangs longer finds its connection closed."""


class ReadConnections:
    """Lends read-only connections; each goes to one thread at a time, and is kept for the next."""

    def __init__(self, path: Path, on_error: Callable[[BaseException | None], None]) -> None:
        """Have connections to `path`, made as they are asked for; `on_error` hears of every failure in a lease."""
        self._path, self._on_error = path, on_error
        self._all: list[sqlite3.Connection] = []
        self._idle: list[sqlite3.Connection] = []
        self._closed = False
        self._returned = threading.Condition()

    @property
    def closed(self) -> bool:
        """Tell whether nothing can be read any more."""
        return self._closed

    @contextmanager
    def lease(self, doing: str = "read") -> Iterator[sqlite3.Connection]:
        """Lend a connection for what landseg itself does: failures of SQLite become sentences, and are told.

        Raises:
            ProjectError: the project is closed, or SQLite cannot do what the block wants.
        """
        try:
            with sqlite_errors(self._path, doing), self.borrow() as connection:
                yield connection
        except ProjectError as error:
            self._on_error(error.__cause__)
            raise

    @contextmanager
    def borrow(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection; what the block raises goes through.

        Raises:
            ProjectError: the project is closed.
        """
        connection = self._take()
        try:
            yield connection
        finally:
            self._give_back(connection)

    def _take(self) -> sqlite3.Connection:
        with self._returned:
            if self._closed:
                raise ProjectError(f"{self._path} has been closed; open it again")
            if not self._idle:
                self._idle.append(connect_for_reading(self._path))
                self._all.append(self._idle[-1])
            return self._idle.pop()

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with suppress(*DATABASE_ERRORS):
            connection.rollback()
        with self._returned:
            self._idle.append(connection)
            self._returned.notify_all()

    def close(self) -> None:
        """Close all connections, once their readers have finished."""
        with self._returned:
            self._closed = True
            self._returned.wait_for(lambda: len(self._idle) == len(self._all), _CLOSE_SECONDS)
            for connection in self._all:
                connection.close()
            self._idle.clear()
            self._all.clear()
