"""Closes the file of a project: as one plain file normally, and without writing to a file that is not ours."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path

from landseg_core.project.storage.connection import checkpoint_and_drop_wal, checkpoint_wal, set_stale_wal_aside
from landseg_core.project.storage.file_watch import FileFault, FileWatch


def close_file(connection: sqlite3.Connection, path: Path, watch: FileWatch, fault: FileFault | None) -> None:
    """Checkpoint the WAL into the file and close the writer's connection.

    If the file was moved or replaced, the WAL goes into the file that was opened, wherever it is now. If another
    program has written into it, the WAL must not go there: another connection must still be open then, or SQLite would
    checkpoint it on closing.

    Raises:
        sqlite3.Error: the WAL cannot be checkpointed, and stays next to the file.
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
    """Delete the rest of our WAL from next to a file that is not ours; if it is not empty, set it aside."""
    for file in own:
        with suppress(OSError):
            if file.stat().st_size == 0 or file.name.endswith("-shm"):
                file.unlink()
            elif path.exists():
                set_stale_wal_aside(path)
