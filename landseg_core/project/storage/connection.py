"""Connections to a project file: how they are set up, its WAL, and SQLite's failures as sentences."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from landseg_core.errors import ProjectError
from landseg_core.messages import N_, Text
from landseg_core.project.storage.network_drive import is_network_path
from landseg_core.project.storage.rows import DamageError

DATABASE_ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""What reading a damaged database may raise: the second where SQLite's own message quotes damaged names."""

BUSY_SECONDS = 20.0
"""How long a statement waits for another connection that is writing."""

LONGEST_VALUE = 64 * 2**20
"""Bytes: the longest text or blob that is read; a damaged file may claim anything."""

_PLAIN = b"\1\1"
"""Bytes 18 and 19 of an SQLite file without a WAL (https://sqlite.org/fileformat2.html#file_format_version_numbers).
SQLite marks a file as having a WAL before it creates one, and as having none after the WAL is gone."""

_PRAGMAS = (
    "trusted_schema = OFF",  # a file from elsewhere may hold views and triggers
    "cell_size_check = ON",  # find damage before it is used
    "mmap_size = 0",  # an I/O error would kill the process instead of failing a read
    "foreign_keys = ON",
)
_WRITER_PRAGMAS = (
    "synchronous = FULL",  # a commit is on disk when it returns
    f"journal_size_limit = {64 * 2**20}",
    "wal_autocheckpoint = 0",  # the writer does it: nothing else writes to the file, so another program's write shows
)


def connect(path: Path, mode: str = "ro") -> sqlite3.Connection:
    """Open a connection in autocommit mode, to be used by one thread at a time.

    `mode` is `ro` or `rw` as in SQLite's URIs, or `immutable` for a file on a medium that cannot be written to.
    """
    query = "mode=ro&immutable=1" if mode == "immutable" else f"mode={mode}"
    connection = sqlite3.connect(
        f"{_uri(path)}?{query}", uri=True, isolation_level=None, check_same_thread=False, timeout=BUSY_SECONDS
    )
    try:
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
    except DATABASE_ERRORS:
        connection.close()
        raise
    return connection


def connect_for_reading(path: Path) -> sqlite3.Connection:
    """Open a read-only connection, also where SQLite cannot create its side files: then nothing is writing either."""
    if has_stale_wal(path):
        return connect(path, "immutable")
    connection = connect(path, "ro")
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
    except sqlite3.OperationalError:
        connection.close()
        if path.with_name(f"{path.name}-wal").exists():
            raise
        return connect(path, "immutable")
    except DATABASE_ERRORS:
        connection.close()
        raise
    return connection


def _uri(path: Path) -> str:
    """Return the file's URI, with everything quoted that SQLite would read as part of the query."""
    uri = path.absolute().as_uri()
    server = uri.removeprefix("file://")
    return uri if server.startswith("/") else f"file:////{server}"  # \\server\share: SQLite supports no host names


def make_durable(connection: sqlite3.Connection, path: Path) -> bool:
    """Set up the writer's connection: with a WAL, so that reading continues during writing, but not on a network drive.

    Return whether there is a WAL.
    """
    for pragma in _WRITER_PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").fetchall()
    if not is_network_path(path) and _has_wal(connection):
        connection.execute("SELECT count(*) FROM sqlite_master").fetchall()  # now its two files exist
        return True
    connection.execute("PRAGMA journal_mode = DELETE").fetchall()
    return False


def _has_wal(connection: sqlite3.Connection) -> bool:
    """Turn the WAL on and return whether that worked: it needs shared memory, which not every drive supports."""
    try:
        return bool(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] == "wal")
    except sqlite3.OperationalError:
        return False


def checkpoint_and_drop_wal(connection: sqlite3.Connection) -> None:
    """Checkpoint the whole WAL and return to a file without one, which a read-only medium can hold as well.

    While another program is reading the file, the WAL stays, emptied; it does no harm.
    """
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.OperationalError as error:
        # Without a write since the opening, SQLite may report its own connection's tables as locked; the change of mode
        # below checkpoints the WAL as well.
        if error.sqlite_errorname != "SQLITE_LOCKED":
            raise
    with suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA journal_mode = DELETE").fetchall()


def checkpoint_wal(connection: sqlite3.Connection) -> None:
    """Checkpoint the WAL and empty it, without waiting for readers: if one needs it, it stays as it is."""
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        with suppress(sqlite3.OperationalError):  # the next checkpoint does it: nothing is lost
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        connection.execute(f"PRAGMA busy_timeout = {round(1000 * BUSY_SECONDS)}")


def has_stale_wal(path: Path) -> bool:
    """Return whether there is a WAL next to a file that has none: SQLite would write its pages over the project.

    That happens when a copy replaces a project whose program was killed: the WAL of the killed one stays.
    """
    log = _log_of(path)
    with path.open("rb") as file:
        return file.read(20)[18:] == _PLAIN and log.exists() and log.stat().st_size > 0


def set_stale_wal_aside(path: Path) -> Path:
    """Rename the WAL to `NAME-wal.old`, where SQLite does not look, and return that; the caller holds the lock."""
    log = _log_of(path)
    return log.replace(log.with_name(f"{log.name}.old"))


def _log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _nothing() -> None:
    pass


@contextmanager
def transaction(connection: sqlite3.Connection, check: Callable[[], None] = _nothing) -> Iterator[None]:
    """Commit what the block writes, unless `check` raises; any exception rolls it back."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        check()
        connection.execute("COMMIT")
    except BaseException:
        with suppress(*DATABASE_ERRORS):  # SQLite rolls back on its own where a full disk prevents this
            connection.execute("ROLLBACK")
        raise


def cannot_open(path: Path) -> Text:
    """Return what failed where a project file cannot be opened, for `sqlite_errors`."""
    return N_("{path} cannot be opened", path=path)


def open_errors(path: Path) -> AbstractContextManager[None]:
    """Turn failures of SQLite while opening `path` into sentences; see `sqlite_errors`."""
    return sqlite_errors(cannot_open(path))


def read_errors(path: Path) -> AbstractContextManager[None]:
    """Turn failures of SQLite while reading `path` into sentences; see `sqlite_errors`."""
    return sqlite_errors(N_("{path} cannot be read", path=path))


def write_errors(path: Path) -> AbstractContextManager[None]:
    """Turn failures of SQLite while writing a new file `path` into sentences; see `sqlite_errors`."""
    return sqlite_errors(N_("{path} cannot be written", path=path))


@contextmanager
def sqlite_errors(failure: Text) -> Iterator[None]:
    """Turn failures of SQLite and of the system into one sentence: the `failure`, such as "x cannot be read", and why.

    Raises:
        DamageError: the sentence, where SQLite finds the file damaged.
        ProjectError: the sentence otherwise.
    """
    try:
        yield
    except (*DATABASE_ERRORS, OSError) as error:
        kind = DamageError if is_damage(error) else ProjectError
        raise kind(N_("{failure}: {reason}", failure=failure, reason=reason(error))) from error


@contextmanager
def storing_errors(failure: Text) -> Iterator[None]:
    """Turn only SQLite's failures into sentences: other failures are those of the caller's own work."""
    try:
        yield
    except DATABASE_ERRORS as error:
        with sqlite_errors(failure):
            raise error


_IN_USE = N_("another program is using it; close that and try again")
_IS_DAMAGED = N_("the file is damaged; return to a copy of it")
_REASONS = {
    "SQLITE_BUSY": _IN_USE,
    "SQLITE_CANTOPEN": N_("the system does not let landseg open it; check that it exists and can be read and written"),
    "SQLITE_CORRUPT": _IS_DAMAGED,
    "SQLITE_FULL": N_("the disk is full; free some space and try again"),
    "SQLITE_IOERR": N_("the disk is full or failing; free some space, check the drive and try again"),
    "SQLITE_LOCKED": _IN_USE,
    "SQLITE_NOTADB": N_("it is not a landseg project, or its beginning is damaged; choose another file"),
    "SQLITE_PERM": N_("the system does not permit it; check the permissions"),
    "SQLITE_READONLY": N_("the file or its folder cannot be written to; check the permissions"),
    "SQLITE_TOOBIG": _IS_DAMAGED,
}


def reason(error: BaseException) -> Text:
    """Return why SQLite or the system refused, and what to do about it."""
    if isinstance(error, UnicodeDecodeError):
        return _IS_DAMAGED
    if isinstance(error, OSError):
        return N_("{reason}; free some space, check the drive and the permissions", reason=error.strerror or str(error))
    name = "_".join(getattr(error, "sqlite_errorname", "").split("_")[:2])
    return _REASONS.get(name) or N_("{reason}; the file may be damaged", reason=str(error))


def is_damage(error: BaseException | None) -> bool:
    """Return whether SQLite found the file itself damaged."""
    name = getattr(error, "sqlite_errorname", "")
    return (
        isinstance(error, UnicodeDecodeError)
        or name == "SQLITE_ERROR"
        or name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_TOOBIG"))
    )
