"""Keeps a second program from writing to the same project."""

from __future__ import annotations

import os
import secrets
import socket
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from landseg_core.errors import ProjectError
from landseg_core.messages import N_, Text

_TRIES = 5
"""How often to try again to take a lock whose file another program has removed at the same moment."""


class ProjectLock:
    """The right to write to a project, held through a locked file next to it: `.NAME.landseg.lock`.

    The system releases the lock however its process ends, SIGKILL included; the file that stays then means nothing.
    """

    def __init__(self, project: Path) -> None:
        """Take the lock.

        Raises:
            ProjectError: another window or program has it, or the file system supports none; the text is a clause to
                follow "it is read-only: ".
        """
        self._file = project.with_name(f".{project.name}.lock")
        self._lock = self._acquired()

    def _acquired(self) -> FileLock:
        for _ in range(_TRIES):
            lock = FileLock(self._file, thread_local=False)
            try:
                lock.acquire(blocking=False)
            except Timeout as error:
                raise ProjectError(self._taken()) from error
            except (OSError, NotImplementedError) as error:
                reason = getattr(error, "strerror", None) or N_("file locks are not supported")
                raise ProjectError(N_("no lock file can be made in its folder ({reason})", reason=reason)) from error
            if self._is_ours():
                return lock
            lock.release()
        raise ProjectError(self._taken())

    def _is_ours(self) -> bool:
        """Sign the file and return whether the file at its path is the signed one; if not, it was removed meanwhile."""
        signature = f"process {os.getpid()} on {socket.gethostname()}\n{secrets.token_hex(8)}"
        try:
            self._file.write_text(signature)
        except OSError:  # Windows lets nobody write to a locked file; nor can it be removed there
            return True
        return self._file.exists() and self._file.read_text() == signature

    def _taken(self) -> Text:
        """Return the clause that says who has the lock, as far as the file names it."""
        try:
            name = self._file.read_text(errors="replace").splitlines()[0][:200]
        except (OSError, IndexError):
            name = ""
        if name:
            return N_("it is open in another window or program ({name})", name=name)
        return N_("it is open in another window or program")

    def release(self) -> None:
        """Release the lock and delete its file, while it is locked, so that no other program's file is ever deleted."""
        with suppress(OSError):  # Windows removes no open file: it is tried again below
            self._file.unlink()
        self._lock.release()
        if os.name == "nt":
            with suppress(OSError):
                self._file.unlink()
