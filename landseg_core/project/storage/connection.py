"""Connections to a project file: how they are set up, the WAL beside it, and SQLite's failures as sentences."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from landseg_core.errors import ProjectError
from landseg_core.project.storage.network_drive import is_network_path
from landseg_core.project.storage.rows import DamageError

DATABASE_ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""What reading a damaged database may raise: the second where SQLite's own message quotes damaged names."""

BUSY_SECONDS = 20.0
"""How long a statement waits for another connection that is just writing."""

LONGEST_VALUE = 64 * 2**20
"""Bytes: the longest text or blob that is read; a damaged file may claim anything."""

_PLAIN = b"\1\1"
"""Bytes 18 and 19 of an SQLite file without a log (https://sqlite.org/fileformat2.html#file_format_version_numbers).
SQLite writes there that a file has a log before it makes the log, and that it has none after the log is gone."""

_PRAGMAS = (
    "trusted_schema = OFF",  # a file from elsewhere may hold views and triggers
    "cell_size_check = ON",  # find damage before it is used
    "mmap_size = 0",  # an I/O error would kill the process instead of failing a read
    "foreign_keys = ON",
)
_WRITER_PRAGMAS = (
    "synchronous = FULL",  # a commit is on the disk, not on its way
    f"journal_size_limit = {64 * 2**20}",
    "wal_autocheckpoint = 0",  # the writer does it itself: nothing else writes to the file, so a foreign write shows
)


def connect(path: Path, mode: str = "ro") -> sqlite3.Connection:
    """Open a connection that any one thread at a time may use, in autocommit mode.

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
    """Open a read-only connection, also where SQLite cannot make its side files: then nobody is writing either."""
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
    """Return the file's URI with all that SQLite would take for a part of the query quoted."""
    uri = path.absolute().as_uri()
    server = uri.removeprefix("file://")
    return uri if server.startswith("/") else f"file:////{server}"  # \\server\share: SQLite knows no host names


def make_durable(connection: sqlite3.Connection, path: Path) -> bool:
    """Set up the writer's connection: a WAL, so that reading goes on during writing, but not on a network drive.

    Return whether there is a WAL.
    """
    for pragma in _WRITER_PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").fetchall()
    if not is_network_path(path) and _has_wal(connection):
        connection.execute("SELECT count(*) FROM sqlite_master").fetchall()  # now its two files are there
        return True
    connection.execute("PRAGMA journal_mode = DELETE").fetchall()
    return False


def _has_wal(connection: sqlite3.Connection) -> bool:
    """Turn the WAL on, and tell whether that is possible: it needs shared memory, which not every drive has."""
    try:
        return bool(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] == "wal")
    except sqlite3.OperationalError:
        return False


def checkpoint_and_drop_wal(connection: sqlite3.Connection) -> None:
    """Bring all of the WAL into the file and go back to a plain one, which also a read-only medium can hold.

    Where another program reads the file just now the WAL stays, emptied; it does no harm.
    """
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.OperationalError as error:
        # Without a write since the opening SQLite may call its own connection's tables locked; the change of mode
        # below brings the WAL into the file as well.
        if error.sqlite_errorname != "SQLITE_LOCKED":
            raise
    with suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA journal_mode = DELETE").fetchall()


def checkpoint_wal(connection: sqlite3.Connection) -> None:
    """Bring the WAL into the file and empty it, without waiting for readers: where one needs it, it stays as it is."""
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        with suppress(sqlite3.OperationalError):  # it is done another time: nothing is lost with it
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        connection.execute(f"PRAGMA busy_timeout = {round(1000 * BUSY_SECONDS)}")


def has_stale_wal(path: Path) -> bool:
    """Tell whether a WAL lies beside a file that has none: SQLite would put its pages over the project.

    That happens where a copy takes the place of a project whose program was killed: the WAL of the killed one stays.
    """
    log = _log_of(path)
    with path.open("rb") as file:
        return file.read(20)[18:] == _PLAIN and log.exists() and log.stat().st_size > 0


def set_stale_wal_aside(path: Path) -> Path:
    """Rename the log to `NAME-wal.old`, where SQLite does not look, and return that; whoever calls has the lock."""
    log = _log_of(path)
    return log.replace(log.with_name(f"{log.name}.old"))


def _log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _nothing() -> None:
    pass


@contextmanager
def transaction(connection: sqlite3.Connection, check: Callable[[], None] = _nothing) -> Iterator[None]:
    """Commit what the block writes, unless `check` raises; on any exception nothing of it has happened."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        check()
        connection.execute("COMMIT")
    except BaseException:
        with suppress(*DATABASE_ERRORS):  # SQLite rolls back by itself where a full disk keeps us from it
            connection.execute("ROLLBACK")
        raise


@contextmanager
def sqlite_errors(path: Path, doing: str) -> Iterator[None]:
    """Turn failures of SQLite and of the system into one sentence: `path` cannot be `doing`.

    Raises:
        DamageError: the sentence, where SQLite finds the file damaged.
        ProjectError: the sentence otherwise.
    """
    try:
        yield
    except (*DATABASE_ERRORS, OSError) as error:
        kind = DamageError if is_damage(error) else ProjectError
        raise kind(f"{path} cannot be {doing}: {reason(error)}") from error


@contextmanager
def storing_errors(path: Path, doing: str) -> Iterator[None]:
    """Turn only SQLite's failures into sentences: other failures are those of the caller's own work."""
    try:
        yield
    except DATABASE_ERRORS as error:
        with sqlite_errors(path, doing):
            raise error


_REASONS = {
    "SQLITE_BUSY": "another program is using it; close that and try again",
    "SQLITE_CANTOPEN": "the system does not let landseg open it; check that it exists and may be read and written",
    "SQLITE_CORRUPT": "the file is damaged; go back to a copy of it",
    "SQLITE_FULL": "the disk is full; free some space and try again",
    "SQLITE_IOERR": "the disk is full or fails; free some space, check the drive and try again",
    "SQLITE_LOCKED": "another program is using it; close that and try again",
    "SQLITE_NOTADB": "it is not a landseg project, or its beginning is damaged; choose another file",
    "SQLITE_PERM": "the system does not permit it; check the permissions",
    "SQLITE_READONLY": "the file or its folder may not be written to; check the permissions",
    "SQLITE_TOOBIG": "the file is damaged; go back to a copy of it",
}


def reason(error: BaseException) -> str:
    """Return why SQLite or the system refused, and what to do about it."""
    if isinstance(error, UnicodeDecodeError):
        return _REASONS["SQLITE_CORRUPT"]
    if isinstance(error, OSError):
        return f"{error.strerror or error}; free some space, check the drive and the permissions"
    name = "_".join(getattr(error, "sqlite_errorname", "").split("_")[:2])
    return _REASONS.get(name, f"{error}; the file may be damaged")


def is_damage(error: BaseException | None) -> bool:
    """Tell whether SQLite found the file itself damaged."""
    name = getattr(error, "sqlite_errorname", "")
    return (
        isinstance(error, UnicodeDecodeError)
        or name == "SQLITE_ERROR"
        or name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_TOOBIG"))
    )
