"""Connections for reading, for as many threads as want to."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from landseg_core.errors import ProjectError
from landseg_core.file_identity import FileIdentity
from landseg_core.messages import N_
from landseg_core.project.storage.connection import DATABASE_ERRORS, connect, connect_for_reading, sqlite_errors

_WAIT_SECONDS = 30.0
"""How long to wait for one of the connections where no more can be made."""

_CLOSE_SECONDS = 30.0
"""How long closing waits for readers; one that hangs longer finds its connection closed."""


class ReadConnections:
    """Lends read-only connections; each goes to one thread at a time, and is kept for the next."""

    def __init__(self, path: Path, on_error: Callable[[BaseException | None], None]) -> None:
        """Have connections to `path`, made as they are asked for; `on_error` hears of every failure in a lease."""
        self._path, self._on_error = path, on_error
        self._file = FileIdentity.of(path)
        self._open = connect_for_reading
        self._all: list[sqlite3.Connection] = []
        self._idle: list[sqlite3.Connection] = []
        self._closed = False
        self._returned = threading.Condition()

    @property
    def closed(self) -> bool:
        """Tell whether nothing can be read any more."""
        return self._closed

    def join_writer(self) -> None:
        """Read beside a writer of this process from now on, and have a connection to the file whatever becomes of it.

        Its log is its own. To look into the file without SQLite would end the locks that SQLite holds on it, and let
        another program that only reads take the log away (https://sqlite.org/howtocorrupt.html, 2.2).
        """
        self._open = connect
        with self.borrow() as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchall()

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
                raise ProjectError(N_("{path} has been closed; open it again", path=self._path))
            if not self._idle and (connection := self._new()):
                self._idle.append(connection)
                self._all.append(connection)
            if not self._returned.wait_for(lambda: bool(self._idle), _WAIT_SECONDS):
                raise ProjectError(N_("{path} is not there any more, and cannot be read", path=self._path))
            return self._idle.pop()

    def _new(self) -> sqlite3.Connection | None:
        """Return a new connection; None where another file lies at the path by now, and those there are must do.

        Raises:
            ProjectError: another file lies there, and there are none.
        """
        connection = self._open(self._path) if self._is_same_file() else None
        if connection is not None and self._is_same_file():
            return connection
        if connection is not None:
            connection.close()
        if not self._all:
            raise ProjectError(
                N_("{path} is another file by now than the one that was opened; open it again", path=self._path)
            )
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
