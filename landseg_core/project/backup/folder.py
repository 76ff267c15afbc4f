"""The dated backups of projects: where they are, which there are, and how long they are kept."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import platformdirs

from landseg_core.errors import ProjectError
from landseg_core.input_files import parsed_json, read_file
from landseg_core.limits import free_bytes, si_number
from landseg_core.messages import N_
from landseg_core.output_files import write_atomically

KEPT = 10
"""How many backups of a project are kept: the newest."""

_SPARE_BYTES = 2**29
"""Room that a backup leaves on the disk, beside as much as the project takes itself."""

_STAMP = "%Y-%m-%dT%H-%M-%S-%fZ"
_NAME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{6}Z)_([0-9a-f]+)\.landseg")
_ORIGIN = "project.json"


@dataclass(frozen=True)
class Backup:
    """A backup at `path` of the file `project` as it was when it was `created` (UTC); `mark` is that of its content."""

    path: Path
    project: Path
    created: datetime
    mark: str
    bytes: int


def backups_root() -> Path:
    """Return the folder that holds the backups of all projects, in the user's data folder."""
    return platformdirs.user_data_path("landseg", appauthor=False) / "backups"


class BackupFolder:
    """The backups of the project file at one path.

    Attributes:
        path: the folder; projects of one name in several folders have one each.
        project: the project file, absolute.
    """

    def __init__(self, project: Path, path: Path | None = None) -> None:
        """Name the folder for a project; `path` is one that is there already."""
        self.project = project
        self.path = path or backups_root() / _key(project)

    @property
    def present(self) -> Path:
        """Return where a copy goes that is no dated backup, but serves the program while the project is open."""
        return self.path / "present.landseg"

    def backups(self) -> list[Backup]:
        """Return the backups, newest first."""
        return sorted(self._found(), key=lambda backup: backup.created, reverse=True)

    def _found(self) -> Iterator[Backup]:
        with suppress(OSError):
            for path in self.path.iterdir():
                if match := _NAME.fullmatch(path.name):
                    created = datetime.strptime(match[1], _STAMP).replace(tzinfo=UTC)
                    yield Backup(path, self.project, created, match[2], path.stat().st_size)

    def new_path(self, mark: str) -> Path:
        """Return where a backup of a content with this mark goes now."""
        return self.path / f"{datetime.now(UTC).strftime(_STAMP)}_{mark}.landseg"

    def prepare(self, size: int) -> None:
        """Make the folder, for a backup of `size` bytes.

        Raises:
            ProjectError: it cannot be made, or there is too little room.
            OutputError: nothing can be written in it.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ProjectError(
                N_(
                    "no backup of {project} is made: {path} cannot be made ({strerror}); check the permissions of "
                    "the data folder",
                    project=self.project.name,
                    path=self.path,
                    strerror=error.strerror,
                )
            ) from error
        free = free_bytes(self.path)
        if free is not None and free < 2 * size + _SPARE_BYTES:
            raise ProjectError(
                N_(
                    "no backup of {project} is made: the disk of {path} has only {si_number}B left; free some space",
                    project=self.project.name,
                    path=self.path,
                    si_number=si_number(free),
                )
            )
        write_atomically(self.path / _ORIGIN, json.dumps({"project": str(self.project)}).encode())

    def thin(self) -> None:
        """Delete the oldest backups: those beyond the number that is kept."""
        for backup in self.backups()[KEPT:]:
            with suppress(OSError):
                backup.path.unlink()


def known_backups() -> list[Backup]:
    """Return the backups of all projects, newest first."""
    return sorted(
        (backup for folder in _folders() for backup in folder.backups()),
        key=lambda backup: backup.created,
        reverse=True,
    )


def _folders() -> Iterator[BackupFolder]:
    with suppress(OSError):
        for path in backups_root().iterdir():
            with suppress(OSError, ValueError, TypeError, KeyError):
                yield BackupFolder(Path(parsed_json(read_file(path / _ORIGIN))["project"]), path)


def _key(project: Path) -> str:
    """Return a folder name that is legible, and another for a project of the same name elsewhere."""
    place = hashlib.blake2b(os.path.normcase(project).encode(errors="surrogateescape"), digest_size=6).hexdigest()
    return f"{project.stem[:60]}-{place}"
