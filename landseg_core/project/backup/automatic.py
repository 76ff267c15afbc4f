"""Makes backups of a project while it is open, and rescues it by the last one where its file is overwritten."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from landseg_core.errors import OutputError, ProjectError
from landseg_core.events import JobControl, OnEvent, ignore_event
from landseg_core.file_identity import FileIdentity
from landseg_core.messages import N_
from landseg_core.output_files import OutputFiles
from landseg_core.project.backup.copying import copy_pages
from landseg_core.project.backup.folder import Backup, BackupFolder, backups_root
from landseg_core.project.storage.connection import connect, sqlite_errors
from landseg_core.project.storage.project_file import ProjectFile

_AGAIN_SECONDS = 60.0
"""How soon the copy is made anew that no longer serves as the base for a rescue."""


_SETTLE_SECONDS = 1.0

_CONTENT = (
    "SELECT key, value FROM settings ORDER BY key",
    "SELECT max(id), max(created) FROM steps",
    "SELECT id, path, transform, areas FROM images ORDER BY id",
    "SELECT id, folder FROM runs ORDER BY id",
    "SELECT id, mask, created FROM predictions ORDER BY id",
)
"""What tells one state of a project from another; what the window remembers of its views does not count."""


def content_mark(connection: sqlite3.Connection) -> str:
    """Return a short text that is another where labels, classes, images, runs or maps are others."""
    content = [connection.execute(query).fetchall() for query in _CONTENT]
    return hashlib.blake2b(repr(content).encode(), digest_size=8).hexdigest()


class BackupMaker:
    """Makes the backups of one open project, in a job's thread beside the window.

    Its last copy, dated or not, is a base as well: until the write-ahead log is emptied, what the project holds is that
    copy and what the log has written over it, also where the file itself has been overwritten.
    """

    def __init__(self, file: ProjectFile) -> None:
        self._file = file
        self._folder = BackupFolder(file.path)
        self._alone = threading.Lock()
        self._base: tuple[Path, int] | None = None
        self._commits = -1
        self._tried, self._failed = 0.0, False

    @property
    def _wanted(self) -> bool:
        return self._file.is_written_to and not self._file.path.is_relative_to(backups_root())

    def is_due(self, seconds: float) -> bool:
        """Tell whether to make a backup: something has changed, and the last one was tried `seconds` ago or more.

        A base that serves no more is made anew sooner.
        """
        if not self._wanted or self._file.failure or self._file.busy:
            return False
        since = time.monotonic() - self._tried if self._tried else seconds
        if self.has_base:
            return since >= seconds and self._file.commits != self._commits
        return since >= (seconds if self._failed else min(_AGAIN_SECONDS, seconds))

    @property
    def has_base(self) -> bool:
        """Tell whether the last copy still serves as the base for a rescue."""
        return self._base is not None and self._base[1] == self._file.checkpoints

    def make(
        self, on_event: OnEvent = ignore_event, control: JobControl | None = None, *, at_end: bool = False
    ) -> Backup | None:
        """Make a dated backup, or only a new base where the last backup holds the same; None where neither is needed.

        `at_end`: no new base, since the project is about to be closed.
        Painting goes on meanwhile; the backup is of one moment.

        Raises:
            ProjectError: it cannot be made; nothing of it is left.
            JobStopped: likewise.
        """
        if not self._wanted:
            return None
        with self._alone:
            self._tried, self._failed = time.monotonic(), True
            try:
                made = self._make(on_event, control or JobControl(), base_too=not at_end)
            except OutputError as error:
                raise ProjectError(
                    N_("no backup of {path} is made: {error}", path=self._file.path.name, error=error)
                ) from error
            self._failed = False
            return made

    def _make(self, on_event: OnEvent, control: JobControl, *, base_too: bool) -> Backup | None:
        self._file.writer().settle(_SETTLE_SECONDS)  # somebody who paints without a pause is not waited for
        self._file.writer().require_own_file()
        commits, checkpoints = self._file.commits, self._file.checkpoints
        with self._file.reads.lease("backed up") as original:
            original.execute("BEGIN")
            path = self._path_for(content_mark(original), base_too)
            if path is not None:
                self._copy(original, path, on_event, control)
                self._base = path, checkpoints
        self._commits = commits
        self._folder.thin()
        return next((backup for backup in self._folder.backups() if backup.path == path), None)

    def _path_for(self, mark: str, base_too: bool) -> Path | None:
        """Return where to copy a content with this mark, or None where that is not needed."""
        last = next(iter(self._folder.backups()), None)
        if last is None or last.mark != mark:
            return self._folder.new_path(mark)
        return self._folder.present if base_too and not self.has_base else None

    def _copy(self, original: sqlite3.Connection, path: Path, on_event: OnEvent, control: JobControl) -> None:
        present = FileIdentity.of(self._file.path)
        self._folder.prepare(present.size if present else 0)
        with OutputFiles(overwrite=path == self._folder.present) as outputs:
            unfinished = outputs.add(path)
            with sqlite_errors(path, "written"), closing(connect(unfinished, "rw")) as copy:
                copy_pages(original, copy, f"Back up {self._file.path.name}", on_event, control)
            # It fails where the file has been overwritten meanwhile: then the copy is worth nothing.
            self._file.writer().require_own_file()

    @contextmanager
    def rescued(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection to all that was stored, put together from the base and the log.

        Raises:
            ProjectError: there is no base, or the log is lost as well.
        """
        if self._base is None or not self.has_base:
            raise ProjectError(self._cannot_rescue())
        with TemporaryDirectory(dir=self._folder.path, ignore_cleanup_errors=True) as folder:
            whole = Path(folder) / "rescued.landseg"
            try:
                shutil.copyfile(self._base[0], whole)
                complete = self._file.copy_log(whole.with_name(f"{whole.name}-wal"))
            except OSError as error:
                raise ProjectError(
                    N_("{whole} cannot be written: {strerror}; free some space", whole=whole, strerror=error.strerror)
                ) from error
            if not complete:
                raise ProjectError(self._cannot_rescue())
            with sqlite_errors(whole, "read"), closing(connect(whole, "rw")) as connection:
                yield connection

    def _cannot_rescue(self) -> str:
        last = next(iter(self._folder.backups()), None)
        if last is None:
            return "what was stored in it cannot be read any more, and there is no backup"
        when = last.created.astimezone().strftime("%H:%M")
        return f"what was stored in it cannot be read any more; File > Restore has it as it was at {when}"

    def close(self) -> None:
        """Delete the copy that was no dated backup."""
        if self._base is not None and self._base[0] == self._folder.present:
            with suppress(OSError):
                self._folder.present.unlink(missing_ok=True)


def back_up_closed(path: Path, on_event: OnEvent, control: JobControl) -> Backup | None:
    """Make a backup of a project that is not open here; None where the last one holds the same.

    Raises:
        ProjectError: it cannot be made, or the project is open for writing elsewhere.
    """
    file = ProjectFile(path, read_only=False)
    try:
        if not file.is_written_to:
            raise ProjectError(
                N_(
                    "{path} cannot be backed up first: {read_only_reason}; choose another name",
                    path=path,
                    read_only_reason=file.read_only_reason,
                )
            )
        return BackupMaker(file).make(on_event, control)
    finally:
        file.close()
