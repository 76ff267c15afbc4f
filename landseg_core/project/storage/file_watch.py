"""Notices that the file of an open project is gone, was replaced, or was written to by another program."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from landseg_core.errors import ProjectError
from landseg_core.file_identity import HELD_FILES, FileIdentity

_HEADER_BYTES = 100
"""The beginning of an SQLite file, which counts the changes (https://sqlite.org/fileformat2.html#the_database_header)."""

_COPY_BYTES = 2**20

_SENTENCES = {
    "deleted": "{path} was deleted while it was open",
    "moved": "{path} is not there any more: it or its folder was moved or renamed while it was open",
    "replaced": "another file has taken the place of {path}",
    "overwritten": "another program has written into {path}",
    "log": "{path}-wal, which holds the last edits, was removed or changed by another program",
}


@dataclass(frozen=True)
class FileFault:
    """Why nothing may be stored in the file at the project's path: `kind` is a key of `_SENTENCES`.

    `intact` tells whether the file that was opened, wherever it is now, still holds what was stored in it.
    """

    kind: str
    sentence: str
    intact: bool


class FileFaultError(ProjectError):
    """The file at the project's path is not the one to store edits in."""

    def __init__(self, fault: FileFault) -> None:
        super().__init__(f"{fault.sentence}; nothing is stored there any more, and what was edited is kept in memory")
        self.fault = fault


class OpenFile:
    """A file held open, so that the system gives its number to no other file while it is watched."""

    def __init__(self, path: Path) -> None:
        """Open the file; raises OSError where that cannot be."""
        self.path = path
        self._descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))

    def identity(self) -> FileIdentity:
        """Return what the opened file is now, wherever it lies."""
        return FileIdentity.from_stat(os.fstat(self._descriptor))

    def in_place(self) -> bool:
        """Tell whether the opened file is the one at its path."""
        return self.identity().is_same_file(FileIdentity.of(self.path))

    def has_name(self) -> bool:
        """Tell whether the opened file is in some folder still."""
        return os.fstat(self._descriptor).st_nlink > 0

    def read(self, size: int, start: int = 0) -> bytes:
        """Return `size` bytes from `start`, less at the end; for one thread at a time."""
        os.lseek(self._descriptor, start, os.SEEK_SET)
        return os.read(self._descriptor, size)

    def close(self) -> None:
        """Let go of the file; may be called again.

        Only after the last connection of SQLite to it: this ends all locks of the process on the file.
        """
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


class FileWatch:
    """Compares the file at the project's path, and what it holds, with what this program opened and last wrote.

    With a write-ahead log, only checkpoints write to the file itself: size and time of change show any other write.
    Without one every commit writes to it, maybe over a network, where the time of change lags behind: there the
    header's counter of changes tells.
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
        """Take the present content for this program's own; raises OSError where the log cannot be opened."""
        if has_log:
            self._log = OpenFile(_beside(self._path, "-wal"))
            self._side_files = [self._log, OpenFile(_beside(self._path, "-shm"))]
        self.note_own_write()

    def note_own_write(self) -> None:
        """Take the present content of file and log for this program's own: it has just written to both."""
        self._main_state = self._main_content()
        self.note_own_commit()

    def note_own_commit(self) -> None:
        """Take what a commit has just written for this program's own: with a log, nothing but that."""
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
            OSError: it cannot be read, or the copy not be written.
        """
        if self._log is None or self._log_state != self._log_content():
            return False
        with to.open("wb") as copy:
            while part := self._log.read(_COPY_BYTES, copy.tell()):
                copy.write(part)
        return True

    def fault(self, *, writing: bool = False) -> FileFault | None:
        """Return what has happened to the file, or None where all is as this program left it.

        `writing`: this program itself has written since, to the log, or to the file where there is none.
        """
        fine = {
            "overwritten": (writing and not self._log) or self._main_state == self._main_content(),
            "log": writing or self._log_state == self._log_content(),
        }
        changed = next((kind for kind, is_fine in fine.items() if not is_fine), None)
        kind = self._misplaced() or changed
        return FileFault(kind, _SENTENCES[kind].format(path=self._path), changed is None) if kind else None

    def _misplaced(self) -> str | None:
        if not self._main.in_place():
            return self._whereabouts()
        return None if all(file.in_place() for file in self._side_files) else "log"

    def _whereabouts(self) -> str:
        if FileIdentity.of(self._path) is not None:
            return "replaced"
        return "moved" if self._main.has_name() else "deleted"

    def own_side_files(self) -> list[Path]:
        """Return those files of the log that are this program's, and still at their places."""
        return [file.path for file in self._side_files if file.in_place()]

    def release_side_files(self) -> None:
        """Let go of the log: Windows removes no open file."""
        for file in self._side_files:
            file.close()

    def close(self) -> None:
        """Let go of all files, after the last connection to them."""
        self.release_side_files()
        self._main.close()
        HELD_FILES.remove(self._identity)


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(f"{path.name}{ending}")
