"""Saves all of an open project to another file, even if its own file is lost or cannot be written to."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path

from landseg_core.errors import OutputError, ProjectError
from landseg_core.events import JobControl, OnEvent
from landseg_core.messages import N_
from landseg_core.output_files import OutputFiles
from landseg_core.project.backup.copying import copy_pages, rebase
from landseg_core.project.storage.connection import connect, transaction, write_errors
from landseg_core.project.storage.writer import Task, Writer

Rescue = Callable[[], AbstractContextManager[sqlite3.Connection]]
"""Gives a connection to everything that was stored in a file that another program has written into since."""


def save_as(
    writer: Writer, source: Path, path: Path, rescue: Rescue, *, overwrite: bool, on_event: OnEvent, control: JobControl
) -> None:
    """Write what is stored in the project `source`, followed by the queued edits, to `path`.

    What is stored is read through the writer's own connection: it belongs to the file that was opened, wherever it is
    by now, even if it no longer has a name. If another program has written into that file, `rescue` gives one.

    Raises:
        ProjectError: it cannot be written; nothing of it is left.
        JobStopped: likewise.
    """
    _require_other_file(source, path)
    try:
        with OutputFiles(overwrite=overwrite) as outputs:
            unfinished = outputs.add(path)
            with (
                write_errors(path),
                _stored(writer, rescue) as (original, tasks),
                closing(connect(unfinished, "rw")) as copy,
            ):
                copy_pages(original, copy, N_("Save {file}", file=path.name), on_event, control)
                _store(tasks, copy)
                rebase(copy, source.parent, path.absolute().parent)
    except OutputError as error:
        raise ProjectError(str(error)) from error


def _require_other_file(source: Path, path: Path) -> None:
    """Check that the file at the project's path, its own or another, is not replaced.

    Raises:
        ProjectError: it would be.
    """
    if source.exists() and path.exists() and path.samefile(source):
        raise ProjectError(N_("{path} is the open project, which cannot be replaced; choose another name", path=path))


@contextmanager
def _stored(writer: Writer, rescue: Rescue) -> Iterator[tuple[sqlite3.Connection, Sequence[Task]]]:
    """Give a connection for reading what was stored, with the tasks that are not stored."""
    with writer.borrow_with_unstored() as (own, tasks), ExitStack() as stack:
        is_lost = writer.fault is not None and not writer.fault.intact
        connection = stack.enter_context(rescue()) if is_lost else own
        try:
            yield connection, tasks
        finally:
            connection.rollback()


def _store(tasks: Sequence[Task], copy: sqlite3.Connection) -> None:
    for task in tasks:
        with transaction(copy):
            task.write(copy)
