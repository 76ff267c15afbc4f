"""Detects that the file of an open project is gone, was replaced, or was written to by another program."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from landseg_core.errors import ProjectError
from landseg_core.file_identity import HELD_FILES, FileIdentity
from landseg_core.messages import N_, Text

_HEADER_BYTES = 100
"""The header of an SQLite file, which has a change counter (https://sqlite.org/fileformat2.html#the_database_header)."""

_COPY_BYTES = 2**20


@dataclass(frozen=True)
class FileFault:
    """Why nothing may be stored in the file at the project's path.

    Attributes:
        kind: "deleted", "moved", "replaced", "overwritten", or "log" for a fault of the WAL.
        sentence: the same as a sentence without a full stop.
        intact: whether the file that was opened, wherever it is now, still holds what was stored in it.
    """

    kind: str
    sentence: Text
    intact: bool


def _sentence(kind: str, path: Path) -> Text:
    sentences = {
        "deleted": N_("{path} was deleted while it was open", path=path),
        "moved": N_("{path} no longer exists: it or its folder was moved or renamed while it was open", path=path),
        "replaced": N_("another file has replaced {path}", path=path),
        "overwritten": N_("another program has written into {path}", path=path),
        "log": N_("{path}-wal, which holds the last edits, was deleted or changed by another program", path=path),
    }
    return sentences[kind]


class FileFaultError(ProjectError):
    """The file at the project's path is not the one to store edits in."""

    def __init__(self, fault: FileFault) -> None:
        super().__init__(
            N_("{fault}; edits are kept in memory and no longer stored in that file", fault=fault.sentence)
        )
        self.fault = fault


class OpenFile:
    """A file held open, so that the system does not reuse its number for another file while it is watched."""

    def __init__(self, path: Path) -> None:
        """Open the file; raises OSError where it cannot be opened."""
        self.path = path
        self._descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))

    def identity(self) -> FileIdentity:
        """Return the identity of the opened file, wherever it is now."""
        return FileIdentity.from_stat(os.fstat(self._descriptor))

    def in_place(self) -> bool:
        """Return whether the opened file is the one at its path."""
        return self.identity().is_same_file(FileIdentity.of(self.path))

    def has_name(self) -> bool:
        """Return whether the opened file still has a name in some folder."""
        return os.fstat(self._descriptor).st_nlink > 0

    def read(self, size: int, start: int = 0) -> bytes:
        """Return `size` bytes from `start`, fewer at the end; for one thread at a time."""
        os.lseek(self._descriptor, start, os.SEEK_SET)
        return os.read(self._descriptor, size)

    def close(self) -> None:
        """Close the file; may be called again.

        Only after the last connection of SQLite to it: this ends all locks of the process on the file.
        """
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


class FileWatch:
    """Compares the file at the project's path and its content with what this program opened and last wrote.

    With a write-ahead log, only checkpoints write to the file itself: its size and modification time show any other
    write. Without one every commit writes to it, maybe over a network, where the modification time lags behind: there
    the change counter in the header is compared.
    """

    def __init__(self, path: Path) -> None:
        """Hold the file open; raises OSError where it cannot be opened."""
        self._path = path
        self._main = OpenFile(path)
        self._identity = self._main.identity()
        HELD_FILES.add(self._identity)
        self._side_files: list[OpenFile] = []
        self._log: OpenFile | None = None
        self._main_state: Any = None
        self._log_state: Any = None

    def begin(self, *, has_log: bool) -> None:
        """Record the current content as this program's own; raises OSError where the log cannot be opened."""
        if has_log:
            self._log = OpenFile(_with_ending(self._path, "-wal"))
            self._side_files = [self._log, OpenFile(_with_ending(self._path, "-shm"))]
        self.record_own_write()

    def record_own_write(self) -> None:
        """Record the current content of file and log as this program's own: it has just written to both."""
        self._main_state = self._main_content()
        self.record_own_commit()

    def record_own_commit(self) -> None:
        """Record what a commit has just written as this program's own: with a log, only the log."""
        self._log_state = self._log_content()
        if self._log is None:
            self._main_state = self._main_content()

    def _main_content(self) -> Any:
        identity = self._main.identity()
        changed = identity.modified_ns if self._log else None
        return identity.size, changed, self._main.read(_HEADER_BYTES)

    def _log_content(self) -> Any:
        return self._log.identity() if self._log else None

    @property
    def log_bytes(self) -> int:
        """Return how long the log is."""
        return self._log.identity().size if self._log else 0

    def copy_log(self, to: Path) -> bool:
        """Copy the log, and return whether it is as this program left it; without a log there is nothing to copy.

        Raises:
            OSError: it cannot be read, or the copy cannot be written.
        """
        if self._log is None or self._log_state != self._log_content():
            return False
        with to.open("wb") as copy:
            while part := self._log.read(_COPY_BYTES, copy.tell()):
                copy.write(part)
        return True

    def fault(self, *, writing: bool = False) -> FileFault | None:
        """Return what has happened to the file, or None where everything is as this program left it.

        `writing`: this program itself has written since, to the log, or to the file where there is no log.
        """
        fine = {
            "overwritten": (writing and not self._log) or self._main_state == self._main_content(),
            "log": writing or self._log_state == self._log_content(),
        }
        changed = next((kind for kind, is_fine in fine.items() if not is_fine), None)
        kind = self._misplaced() or changed
        return FileFault(kind, _sentence(kind, self._path), changed is None) if kind else None

    def _misplaced(self) -> str | None:
        if not self._main.in_place():
            return self._whereabouts()
        return None if all(file.in_place() for file in self._side_files) else "log"

    def _whereabouts(self) -> str:
        if FileIdentity.of(self._path) is not None:
            return "replaced"
        return "moved" if self._main.has_name() else "deleted"

    def own_side_files(self) -> list[Path]:
        """Return the files of the log that are this program's and still at their paths."""
        return [file.path for file in self._side_files if file.in_place()]

    def release_side_files(self) -> None:
        """Close the files of the log: Windows cannot delete an open file."""
        for file in self._side_files:
            file.close()

    def close(self) -> None:
        """Close all files, after the last connection to them."""
        self.release_side_files()
        self._main.close()
        HELD_FILES.remove(self._identity)


def _with_ending(path: Path, ending: str) -> Path:
    return path.with_name(f"{path.name}{ending}")
