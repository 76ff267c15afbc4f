"""Leaves the file of a project: one plain file where all is well, and nothing of ours in what is another's."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path

from landseg_core.project.storage.connection import checkpoint_and_drop_wal, checkpoint_wal, set_stale_wal_aside
from landseg_core.project.storage.file_watch import FileFault, FileWatch


def leave_file(connection: sqlite3.Connection, path: Path, watch: FileWatch, fault: FileFault | None) -> None:
    """Bring the log into the file and close the writer's connection.

    Where the file was moved or replaced, that goes into the file that was opened, wherever it is now. Where another
    program has written into it, nothing of the log may go there: then another connection must be open still, or SQLite
    would do it on closing.

    Raises:
        sqlite3.Error: the log cannot be brought into the file, and stays beside it.
    """
    own = watch.own_side_files()
    watch.release_side_files()
    try:
        if fault is None:
            checkpoint_and_drop_wal(connection)
        elif fault.intact:
            checkpoint_wal(connection)
    finally:
        connection.close()
    if fault is not None:
        _clear(path, own)


def _clear(path: Path, own: list[Path]) -> None:
    """Take the rest of our log from beside a file that is not ours; where it holds something, it keeps a name."""
    for file in own:
        with suppress(OSError):
            if file.stat().st_size == 0 or file.name.endswith("-shm"):
                file.unlink()
            elif path.exists():
                set_stale_wal_aside(path)
