"""Keeps a second program from writing to the same project."""

from __future__ import annotations

import os
import secrets
import socket
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from landseg_core.errors import ProjectError
from landseg_core.messages import N_

_TRIES = 5
"""How often a lock is taken anew whose file another program has removed in the same instant."""


class ProjectLock:
    """The right to write to a project, held through a locked file beside it: `.NAME.landseg.lock`.

    The system frees the lock when its process ends in whatever way, SIGKILL included; only the file stays then, and
    says nothing.
    """

    def __init__(self, project: Path) -> None:
        """Take the lock.

        Raises:
            ProjectError: another window or program has it, or there can be none here; the text goes on after "it is
                read-only: ".
        """
        self._file = project.with_name(f".{project.name}.lock")
        self._lock = self._acquired()

    def _acquired(self) -> FileLock:
        for _ in range(_TRIES):
            lock = FileLock(self._file, thread_local=False)
            try:
                lock.acquire(blocking=False)
            except Timeout as error:
                raise ProjectError(N_("it is open {holder}", holder=self._holder())) from error
            except (OSError, NotImplementedError) as error:
                reason = getattr(error, "strerror", None) or "it knows no locks"
                raise ProjectError(N_("its folder takes no lock file ({reason})", reason=reason)) from error
            if self._is_ours():
                return lock
            lock.release()
        raise ProjectError(N_("it is open {holder}", holder=self._holder()))

    def _is_ours(self) -> bool:
        """Sign the file, and tell whether the file at its place is the one signed: else it was removed meanwhile."""
        signature = f"process {os.getpid()} on {socket.gethostname()}\n{secrets.token_hex(8)}"
        try:
            self._file.write_text(signature)
        except OSError:  # Windows lets nobody write to a locked file; nor can it be removed there
            return True
        return self._file.exists() and self._file.read_text() == signature

    def _holder(self) -> str:
        try:
            name = self._file.read_text(errors="replace").splitlines()[0][:200]
        except (OSError, IndexError):
            name = ""
        return f"in another window or program ({name})" if name else "in another window or program"

    def release(self) -> None:
        """Give the right back and remove the file: while it is locked, so that nobody else's is ever removed."""
        with suppress(OSError):  # Windows removes no open file: it is tried again below
            self._file.unlink()
        self._lock.release()
        if os.name == "nt":
            with suppress(OSError):
                self._file.unlink()
