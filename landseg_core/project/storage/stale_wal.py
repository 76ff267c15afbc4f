"""A write-ahead log that lies beside a project and is not its own: SQLite would put its pages over the project.

That happens where a copy takes the place of a project whose program was killed: the log of the killed one stays.
"""

from __future__ import annotations

from pathlib import Path

_PLAIN = b"\1\1"
"""Bytes 18 and 19 of an SQLite file without a log (https://sqlite.org/fileformat2.html#file_format_version_numbers).
SQLite writes there that a file has a log before it makes the log, and that it has none after the log is gone."""


def has_foreign_log(path: Path) -> bool:
    """Tell whether a log lies beside a file that has none."""
    log = _log_of(path)
    with path.open("rb") as file:
        return file.read(20)[18:] == _PLAIN and log.exists() and log.stat().st_size > 0


def set_foreign_log_aside(path: Path) -> Path:
    """Rename the log to `NAME-wal.old`, where SQLite does not look, and return that; whoever calls has the lock."""
    log = _log_of(path)
    return log.replace(log.with_name(f"{log.name}.old"))


def _log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")
