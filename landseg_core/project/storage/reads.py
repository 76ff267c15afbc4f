"""Connections for reading, for any number of threads."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from landseg_core.errors import ProjectError
from landseg_core.file_identity import FileIdentity
from landseg_core.messages import N_, Text
from landseg_core.project.storage.connection import (
    DATABASE_ERRORS,
    connect,
    connect_for_reading,
    read_errors,
    sqlite_errors,
)

_WAIT_SECONDS = 30.0
"""How long to wait for one of the existing connections where no new one can be made."""

_CLOSE_SECONDS = 30.0
"""How long closing waits for readers; one that hangs longer finds its connection closed."""


class ReadConnections:
    """A pool of read-only connections; each is used by one thread at a time and then kept for the next."""

    def __init__(self, path: Path, on_error: Callable[[BaseException | None], None]) -> None:
        """Have connections to `path`, opened on demand; `on_error` gets the cause of every failure in a lease."""
        self._path, self._on_error = path, on_error
        self._file = FileIdentity.of(path)
        self._open = connect_for_reading
        self._all: list[sqlite3.Connection] = []
        self._idle: list[sqlite3.Connection] = []
        self._closed = False
        self._returned = threading.Condition()

    @property
    def closed(self) -> bool:
        """Return whether the connections are closed."""
        return self._closed

    def join_writer(self) -> None:
        """Read alongside a writer of this process from now on, with one connection that is opened right away.

        Its WAL is this process's own. Reading the file without SQLite would end the locks that SQLite holds on it, and
        let another program that only reads delete the WAL (https://sqlite.org/howtocorrupt.html, 2.2).
        """
        self._open = connect
        with self.borrow() as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchall()

    @contextmanager
    def lease(self, failure: Text | None = None) -> Iterator[sqlite3.Connection]:
        """Borrow a connection; failures of SQLite become sentences and go to `on_error` as well.

        `failure` is what the sentence says, without the reason: that the file cannot be read, by default.

        Raises:
            ProjectError: the project is closed, or SQLite cannot do what the block asks for.
        """
        errors = sqlite_errors(failure) if failure else read_errors(self._path)
        try:
            with errors, self.borrow() as connection:
                yield connection
        except ProjectError as error:
            self._on_error(error.__cause__)
            raise

    @contextmanager
    def borrow(self) -> Iterator[sqlite3.Connection]:
        """Borrow a connection; exceptions of the block are passed on.

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
                raise ProjectError(N_("{path} has been closed; open it again", path=self._path))
            if not self._idle and (connection := self._new()):
                self._idle.append(connection)
                self._all.append(connection)
            if not self._returned.wait_for(lambda: bool(self._idle), _WAIT_SECONDS):
                raise ProjectError(N_("{path} no longer exists and cannot be read", path=self._path))
            return self._idle.pop()

    def _new(self) -> sqlite3.Connection | None:
        """Return a new connection; None where another file is at the path by now and there are connections already.

        Raises:
            ProjectError: another file is at the path, and there are no connections.
        """
        connection = self._open(self._path) if self._is_same_file() else None
        if connection is not None and self._is_same_file():
            return connection
        if connection is not None:
            connection.close()
        if not self._all:
            raise ProjectError(N_("{path} is no longer the file that was opened; open it again", path=self._path))
        return None

    def _is_same_file(self) -> bool:
        return self._file is None or self._file.is_same_file(FileIdentity.of(self._path))

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
