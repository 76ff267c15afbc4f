"""Makes backups of a project while it is open, and recovers it from the last one if its file is overwritten."""

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
from landseg_core.messages import N_, Text
from landseg_core.output_files import OutputFiles
from landseg_core.project.backup.copying import copy_pages
from landseg_core.project.backup.folder import Backup, BackupFolder, backups_root
from landseg_core.project.storage.connection import connect, read_errors, write_errors
from landseg_core.project.storage.project_file import ProjectFile

_AGAIN_SECONDS = 60.0
"""How soon a new copy is made when the last one can no longer be the base for a rescue."""


_SETTLE_SECONDS = 1.0

_CONTENT = (
    "SELECT key, value FROM settings ORDER BY key",
    "SELECT max(id), max(created) FROM steps",
    "SELECT id, path, transform, areas FROM images ORDER BY id",
    "SELECT id, folder FROM runs ORDER BY id",
    "SELECT id, mask, created FROM predictions ORDER BY id",
)
"""What distinguishes one state of a project from another; the window's view state does not count."""


def content_mark(connection: sqlite3.Connection) -> str:
    """Return a short text that differs when labels, classes, images, runs or maps differ."""
    content = [connection.execute(query).fetchall() for query in _CONTENT]
    return hashlib.blake2b(repr(content).encode(), digest_size=8).hexdigest()


class BackupMaker:
    """Makes the backups of one open project, in a job's thread.

    Its last copy, dated or not, is also the base for a rescue: until the write-ahead log is emptied, that copy and the
    log together hold the whole project, even if the file itself has been overwritten.
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
        """Return whether to make a backup: something has changed, and the last attempt was `seconds` ago or more.

        A base that is no longer valid is replaced sooner.
        """
        if not self._wanted or self._file.failure or self._file.busy:
            return False
        since = time.monotonic() - self._tried if self._tried else seconds
        if self.has_base:
            return since >= seconds and self._file.commits != self._commits
        return since >= (seconds if self._failed else min(_AGAIN_SECONDS, seconds))

    @property
    def has_base(self) -> bool:
        """Return whether the last copy is still valid as the base for a rescue."""
        return self._base is not None and self._base[1] == self._file.checkpoints

    def make(
        self, on_event: OnEvent = ignore_event, control: JobControl | None = None, *, at_end: bool = False
    ) -> Backup | None:
        """Make a dated backup, or only a new base where the last backup holds the same; None where neither is needed.

        `at_end`: no new base, since the project is about to be closed.
        Painting can continue meanwhile; the backup is of one moment.

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
                    N_("no backup of {file} was made: {error}", file=self._file.path.name, error=error)
                ) from error
            self._failed = False
            return made

    def _make(self, on_event: OnEvent, control: JobControl, *, base_too: bool) -> Backup | None:
        self._file.writer().settle(_SETTLE_SECONDS)  # limited, since the user may paint without a pause
        self._file.writer().require_own_file()
        commits, checkpoints = self._file.commits, self._file.checkpoints
        with self._file.reads.lease(N_("{path} cannot be backed up", path=self._file.path)) as original:
            original.execute("BEGIN")
            path = self._path_for(content_mark(original), base_too)
            if path is not None:
                self._copy(original, path, on_event, control)
                self._base = path, checkpoints
        self._commits = commits
        self._folder.thin()
        return next((backup for backup in self._folder.backups() if backup.path == path), None)

    def _path_for(self, mark: str, base_too: bool) -> Path | None:
        """Return the path for a copy of a content with this mark, or None where none is needed."""
        last = next(iter(self._folder.backups()), None)
        if last is None or last.mark != mark:
            return self._folder.new_path(mark)
        return self._folder.present if base_too and not self.has_base else None

    def _copy(self, original: sqlite3.Connection, path: Path, on_event: OnEvent, control: JobControl) -> None:
        present = FileIdentity.of(self._file.path)
        self._folder.prepare(present.size if present else 0)
        with OutputFiles(overwrite=path == self._folder.present) as outputs:
            unfinished = outputs.add(path)
            with write_errors(path), closing(connect(unfinished, "rw")) as copy:
                task = N_("Back up {file}", file=self._file.path.name)
                copy_pages(original, copy, task, on_event, control)
            # It fails if the file has been overwritten meanwhile: the copy is useless then.
            self._file.writer().require_own_file()

    @contextmanager
    def rescued(self) -> Iterator[sqlite3.Connection]:
        """Give a connection to everything that was stored, recovered from the base and the log.

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
                    N_("{path} cannot be written: {reason}; free some space", path=whole, reason=error.strerror)
                ) from error
            if not complete:
                raise ProjectError(self._cannot_rescue())
            with read_errors(whole), closing(connect(whole, "rw")) as connection:
                yield connection

    def _cannot_rescue(self) -> Text:
        last, file = next(iter(self._folder.backups()), None), self._file.path.name
        if last is None:
            return N_("what was stored in {file} can no longer be read, and there is no backup", file=file)
        time = last.created.astimezone().strftime("%H:%M")
        return N_(
            "what was stored in {file} can no longer be read; restore the backup of {time} (File > Restore)",
            file=file,
            time=time,
        )

    def close(self) -> None:
        """Delete the copy, unless it is a dated backup."""
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
                    "{path} cannot be backed up first: {reason}; choose another name",
                    path=path,
                    reason=file.read_only_reason,
                )
            )
        return BackupMaker(file).make(on_event, control)
    finally:
        file.close()
