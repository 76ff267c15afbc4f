"""The file of a project: who may write to it, its connections, and what was found damaged in it."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from landseg_core.errors import ProjectError
from landseg_core.events import JobControl, OnEvent, ignore_event
from landseg_core.messages import N_, Text
from landseg_core.project.backup.saving_as import Rescue, save_as
from landseg_core.project.images import ImageEntry
from landseg_core.project.state import ProjectState, load_state
from landseg_core.project.storage.connection import (
    cannot_open,
    connect,
    has_stale_wal,
    is_damage,
    make_durable,
    open_errors,
    set_stale_wal_aside,
    storing_errors,
    transaction,
)
from landseg_core.project.storage.database_file import require_database
from landseg_core.project.storage.file_watch import FileFault, FileWatch
from landseg_core.project.storage.lock import ProjectLock
from landseg_core.project.storage.reads import ReadConnections
from landseg_core.project.storage.schema import bring_up_to_date, require_current
from landseg_core.project.storage.writer import Task, Writer

T = TypeVar("T")

_DAMAGED = N_("it is damaged")


class ProjectFile:
    """An open project file.

    Attributes:
        path: the file, absolute, links followed.
        reads: connections for reading.
        read_only_reason: why nothing may be written, or None.
    """

    def __init__(self, path: Path, *, read_only: bool, on_event: OnEvent = ignore_event) -> None:
        """Open the file; only for reading if it cannot be written to, or is damaged.

        Raises:
            ProjectError: it is not a project of this version, or nothing in it can be read.
        """
        self.path = path.resolve()
        self.read_only_reason: str | None = N_("it was opened read-only") if read_only else None
        self._notices: list[str] = []
        self._busy = threading.Lock()
        self._lock: ProjectLock | None = None
        self._watch: FileWatch | None = None
        self._writer: Writer | None = None
        self._is_saved_elsewhere = False
        require_database(self.path)
        self.reads = ReadConnections(self.path, self._note_failure)
        try:
            self._take_lock()
            self.state = self._open_for_writing(on_event) or self._open_for_reading()
        except BaseException:
            self.reads.close()
            self._release()
            raise

    def _take_lock(self) -> None:
        if self.read_only_reason is not None:
            return
        try:
            if not os.access(self.path, os.W_OK):
                raise ProjectError(N_("the file is write-protected"))
            self._lock = ProjectLock(self.path)
        except ProjectError as error:
            self.read_only_reason = str(error)

    def _open_for_writing(self, on_event: OnEvent) -> ProjectState | None:
        """Return the state and start the writer, or None where another window has the lock or the file is damaged."""
        if self._lock is None:
            return None
        with open_errors(self.path):
            if has_stale_wal(self.path):
                log = set_stale_wal_aside(self.path)
                self.add_notice(
                    N_("the file has replaced another one, whose last edits were saved as {file}", file=log.name)
                )
            self._watch = FileWatch(self.path)  # before the connection: what is opened next is what is watched
            connection = connect(self.path, "rw")
            try:
                bring_up_to_date(connection, self.path)
                state, damage = load_state(connection, self.path)
                if not damage:
                    self._start_writer(connection, self._watch, on_event)
                    return state
                self.read_only_reason = _DAMAGED
            finally:
                if self._writer is None:
                    connection.close()
        return None

    def _start_writer(self, connection: sqlite3.Connection, watch: FileWatch, on_event: OnEvent) -> None:
        watch.begin(has_log=make_durable(connection, self.path))
        self.reads.join_writer()
        self._writer = Writer(self.path, connection, watch, on_event)

    def _open_for_reading(self) -> ProjectState:
        self._release()
        with self.reads.lease(cannot_open(self.path)) as connection:
            require_current(connection, self.path)
            state, damage = load_state(connection, self.path)
        self._notices += damage
        if damage:
            self.read_only_reason = N_("it is damaged: {damage}", damage=damage[0])
        return state

    def entry(self, image_id: int) -> ImageEntry:
        """Return the image with this id.

        Raises:
            ProjectError: there is none.
        """
        entry = self.state.images.get(image_id)
        if entry is None:
            raise ProjectError(
                N_("{path} has no image number {number}; choose one that it has", path=self.path, number=image_id)
            )
        return entry

    @property
    def notices(self) -> tuple[str, ...]:
        """Return the damage that was found, one sentence each."""
        return tuple(self._notices)

    def add_notice(self, sentence: Text) -> None:
        """Record a sentence about damage, once."""
        if sentence not in self._notices:
            self._notices.append(sentence)

    def _note_failure(self, error: BaseException | None) -> None:
        """Stop writing to a file that SQLite finds damaged."""
        if is_damage(error):
            self.read_only_reason = self.read_only_reason or _DAMAGED
            self.add_notice(N_("the file is damaged; return to a copy of it, or export what can be read"))

    @property
    def busy(self) -> bool:
        """Return whether a bulk edit is under way."""
        return self._busy.locked()

    @property
    def waiting(self) -> int:
        """Return how many edits are not stored yet."""
        return self._writer.waiting if self._writer else 0

    @property
    def failure(self) -> str | None:
        """Return why edits cannot be stored just now, or None."""
        return self._writer.failure if self._writer else None

    @property
    def is_written_to(self) -> bool:
        """Return whether this process has the file open for writing."""
        return self._writer is not None

    @property
    def commits(self) -> int:
        """Return how often something was stored since the opening."""
        return self._writer.commits if self._writer else 0

    @property
    def checkpoints(self) -> int:
        """Return how often the log has gone into the file, and lost what it held."""
        return self._writer.checkpoints if self._writer else 0

    def copy_log(self, to: Path) -> bool:
        """Copy the log while nobody writes; see `FileWatch.copy_log`."""
        return self._watch is not None and self._watch.copy_log(to)

    @property
    def fault(self) -> FileFault | None:
        """Return what has happened to the file so that nothing is stored there any longer, or None."""
        return self._writer.fault if self._writer else None

    def writer(self) -> Writer:
        """Return the writer, to queue something other than an edit of labels.

        Raises:
            ProjectError: the project is read-only.
        """
        if self._writer is None or self.read_only_reason is not None:
            reason = self.read_only_reason or N_("it is closed")
            raise ProjectError(N_("{path} can only be read: {reason}", path=self.path, reason=reason))
        self._is_saved_elsewhere = False
        return self._writer

    def require_ready(self) -> Writer:
        """Return the writer where edits may be made now.

        Raises:
            ProjectError: the project is read-only, or busy, or cannot store earlier edits.
        """
        writer = self.writer()
        if writer.failure:
            raise ProjectError(writer.failure)
        if self.busy:
            raise self._busy_error()
        return writer

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be busy: no other thread may edit during the block.

        Raises:
            ProjectError: as `require_ready`.
        """
        self.require_ready()
        if not self._busy.acquire(blocking=False):
            raise self._busy_error()
        try:
            yield
        finally:
            self._busy.release()

    def _busy_error(self) -> ProjectError:
        return ProjectError(
            N_("{path} is busy with a change to the whole project; wait, or cancel that job", path=self.path)
        )

    @contextmanager
    def transaction(self, task: str = "") -> Iterator[sqlite3.Connection]:
        """Borrow the writer's connection for one transaction, committed at the end; any exception rolls it back.

        `task` is what is being done, for sentences about failures.

        Raises:
            ProjectError: it cannot be stored, nor can what is queued before it.
        """
        writer, failure = self.writer(), N_("{path} cannot be changed", path=self.path)
        if task:
            failure = N_("{path} cannot be changed ({task})", path=self.path, task=task)
        with (
            storing_errors(failure),
            writer.borrow() as connection,
            transaction(connection, writer.require_file_in_place),
        ):
            yield connection

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Store something in one transaction at once, after all that is queued, and return what `work` returns.

        Raises:
            ProjectError: as `alone` and `transaction`.
        """
        with self.alone(), self.transaction() as connection:
            return work(connection)

    def queue(self, write: Callable[[sqlite3.Connection], None]) -> None:
        """Store something other than an edit, after all that is queued; returns at once.

        Raises:
            ProjectError: the project is read-only or closed.
        """
        self.writer().put(Task(write))

    def retry(self) -> None:
        """Try again to store what failed."""
        if self._writer:
            self._writer.retry()

    def flush(self) -> None:
        """Wait until all edits are stored.

        Raises:
            ProjectError: they cannot be stored.
        """
        if self._writer:
            self._writer.flush()

    def save_as(self, path: Path, rescue: Rescue, *, overwrite: bool, on_event: OnEvent, control: JobControl) -> None:
        """Save all to another file; see `Project.save_as`."""
        if self._writer is None:
            raise ProjectError(N_("{path} has been closed; open it again", path=self.path))
        save_as(self._writer, self.path, path, rescue, overwrite=overwrite, on_event=on_event, control=control)
        self._is_saved_elsewhere = True

    def close(self) -> None:
        """Store what is queued, close all connections and release the lock; may be called again.

        Raises:
            ProjectError: edits could not be stored and are lost; all is closed nevertheless.
        """
        writer, self._writer = self._writer, None
        try:
            lost = self._close_writer(writer) if writer else 0
        finally:
            self.reads.close()
            self._release()
        if self._is_saved_elsewhere:
            return
        if writer and writer.fault:
            raise ProjectError(N_("{fault}; edits made since it was opened may be lost", fault=writer.fault.sentence))
        if lost:
            raise ProjectError(
                N_(
                    "{path} is closed, but the last %n edits could not be stored and are lost: the disk is full or "
                    "failing",
                    n=lost,
                    one="{path} is closed, but the last edit could not be stored and is lost: the disk is full or "
                    "failing",
                    path=self.path,
                )
            )

    def _close_writer(self, writer: Writer) -> int:
        """Stop the writer and close its file: before the readers where the WAL may not go into it, see `close_file`."""
        writer.stop()
        if writer.fault is None or writer.fault.intact:
            self.reads.close()
        return writer.close()

    def _release(self) -> None:
        if self._watch:
            self._watch.close()
            self._watch = None
        if self._lock:
            self._lock.release()
            self._lock = None
