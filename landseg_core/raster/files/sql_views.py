"""Finds SQL in a GeoPackage or MBTiles that may never end: GDAL would run it, and cannot be stopped."""

from __future__ import annotations

import re
import sqlite3
import time
from pathlib import Path

SQLITE_MARK = b"SQLite format 3\0"
MOST_SECONDS = 3.0
"""How long all views of a file together may take."""

_STEPS = 10_000  # of SQLite's virtual machine between two checks of the clock
_WITH = re.compile(r"\bwith\b", re.IGNORECASE)
_FEW = 100_000


def endless_view(path: Path, *, whole: bool) -> str | None:
    """Return the name of a view that cannot be computed in `MOST_SECONDS`, or None.

    `whole` computes all rows of all views, as an import does; otherwise only those that may be recursive are computed
    completely, and of the others the first rows: tiles are read one by one.

    Raises:
        OSError: the file cannot be read as a database.
    """
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    except sqlite3.Error as error:
        raise OSError(str(error)) from error
    end = time.monotonic() + MOST_SECONDS
    connection.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
    try:
        views = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'view'").fetchall()
        return next((str(name) for name, sql in views if not _ends(connection, str(name), str(sql), whole=whole)), None)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise OSError(str(error)) from error
    finally:
        connection.close()


def _ends(connection: sqlite3.Connection, name: str, sql: str, *, whole: bool) -> bool:
    """Return whether a view is computed before the connection's time is up; what SQLite refuses, GDAL refuses too."""
    limit = "" if whole or _WITH.search(sql) else f" LIMIT {_FEW}"
    quoted = name.replace('"', '""')
    try:
        connection.execute(f'SELECT count(*) FROM (SELECT * FROM "{quoted}"{limit})').fetchone()
    except sqlite3.OperationalError as error:
        return error.sqlite_errorname != "SQLITE_INTERRUPT"
    except sqlite3.Error:
        return True
    return True
