"""Saves a copy of a project while it is open."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from landseg_core.errors import OutputError, ProjectError
from landseg_core.events import JobControl, OnEvent
from landseg_core.messages import N_
from landseg_core.output_files import OutputFiles
from landseg_core.progress import ProgressMeter
from landseg_core.project.storage.connection import connect, transaction, write_errors
from landseg_core.project.storage.paths import found_path, stored_path
from landseg_core.project.storage.reads import ReadConnections

_PAGES = 2048
"""Pages copied between two checks of the job's control: 8 MiB."""

_PATHS = (
    ("images", "path"),
    ("runs", "folder"),
    ("predictions", "mask"),
    ("predictions", "confidence"),
    ("predictions", "model"),
)
"""The columns that hold paths."""


def save_copy(
    reads: ReadConnections, source: Path, path: Path, *, overwrite: bool, on_event: OnEvent, control: JobControl
) -> None:
    """Copy the project `source` as it is now to `path`; relative paths still point to the same files.

    Raises:
        ProjectError: the copy cannot be made; nothing of it is left.
        JobStopped: likewise.
    """
    try:
        with OutputFiles(overwrite=overwrite, inputs=[source]) as outputs:
            unfinished = outputs.add(path)
            with write_errors(path), reads.borrow() as original, closing(connect(unfinished, "rw")) as copy:
                copy_pages(original, copy, N_("Save {file}", file=path.name), on_event, control)
                rebase(copy, source.parent, path.absolute().parent)
    except OutputError as error:
        raise ProjectError(str(error)) from error


def copy_pages(
    original: sqlite3.Connection, copy: sqlite3.Connection, task: str, on_event: OnEvent, control: JobControl
) -> None:
    """Copy page by page, in a transaction: otherwise every edit would make the copy start over.

    The caller ends the transaction of the original.
    """
    if not original.in_transaction:
        original.execute("BEGIN")
    pages: int = original.execute("PRAGMA page_count").fetchone()[0]
    meter = ProgressMeter(task, pages, on_event)
    done = 0

    def progress(_status: int, remaining: int, total: int) -> None:
        nonlocal done
        control.checkpoint()
        meter.add(total - remaining - done)
        done = total - remaining

    original.backup(copy, pages=_PAGES, progress=progress)
    copy.execute("PRAGMA journal_mode = DELETE").fetchall()


def rebase(copy: sqlite3.Connection, old: Path, new: Path) -> None:
    """Rewrite all relative paths for a project in another folder."""
    if old == new:
        return
    with transaction(copy):
        for table, column in _PATHS:
            rows = copy.execute(f"SELECT id, {column} FROM {table} WHERE {column} IS NOT NULL").fetchall()
            moved = [(stored_path(found_path(str(text), old), new), number) for number, text in rows]
            copy.executemany(f"UPDATE {table} SET {column} = ? WHERE id = ?", moved)
