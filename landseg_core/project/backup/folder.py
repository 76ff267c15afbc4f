"""The dated backups of projects: where they are stored, which exist, and how many are kept."""

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
"""Free space that a backup leaves on the disk, in addition to the size of the project itself."""

_STAMP = "%Y-%m-%dT%H-%M-%S-%fZ"
_NAME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{6}Z)_([0-9a-f]+)\.landseg")
_ORIGIN = "project.json"


@dataclass(frozen=True)
class Backup:
    """A backup at `path` of the file `project`, `created` then (UTC); `mark` is the content mark."""

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
        """Name the folder for a project; `path` is an existing one."""
        self.project = project
        self.path = path or backups_root() / _key(project)

    @property
    def present(self) -> Path:
        """Return the path of the copy that is not a dated backup, but is used while the project is open."""
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
        """Return the path for a backup made now of a content with this mark."""
        return self.path / f"{datetime.now(UTC).strftime(_STAMP)}_{mark}.landseg"

    def prepare(self, size: int) -> None:
        """Make the folder, for a backup of `size` bytes.

        Raises:
            ProjectError: it cannot be made, or there is too little free space.
            OutputError: nothing can be written in it.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ProjectError(
                N_(
                    "no backup of {file} was made: the folder {folder} cannot be created ({reason}); check the "
                    "permissions of the data folder",
                    file=self.project.name,
                    folder=self.path,
                    reason=error.strerror,
                )
            ) from error
        free = free_bytes(self.path)
        if free is not None and free < 2 * size + _SPARE_BYTES:
            raise ProjectError(
                N_(
                    "no backup of {file} was made: the disk of {folder} has only {free}B left; free some space",
                    file=self.project.name,
                    folder=self.path,
                    free=si_number(free),
                )
            )
        write_atomically(self.path / _ORIGIN, json.dumps({"project": str(self.project)}).encode())

    def thin(self) -> None:
        """Delete the oldest backups, beyond the number that is kept."""
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
    """Return a legible folder name, which differs for projects of the same name in different folders."""
    digest = hashlib.blake2b(os.path.normcase(project).encode(errors="surrogateescape"), digest_size=6).hexdigest()
    return f"{project.stem[:60]}-{digest}"
