"""Lists the backups of projects, and restores projects from them."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from landseg_core.errors import OutputError, ProjectError
from landseg_core.events import JobControl, OnEvent
from landseg_core.messages import N_
from landseg_core.output_files import OutputFiles
from landseg_core.project.backup.automatic import back_up_closed
from landseg_core.project.backup.copying import copy_pages, rebase
from landseg_core.project.backup.folder import Backup, BackupFolder, known_backups
from landseg_core.project.storage.connection import DATABASE_ERRORS, connect, write_errors


@dataclass(frozen=True)
class BackupContent:
    """A backup with what it holds: steps of the history, and tiles of 512 x 512 px with labels."""

    backup: Backup
    steps: int
    tiles: int


def backup_contents(project: Path | None) -> list[BackupContent]:
    """Return the readable backups of the project at a path, or of all projects, newest first."""
    backups = BackupFolder(project).backups() if project else known_backups()
    return [content for backup in backups if (content := _content(backup))]


def _content(backup: Backup) -> BackupContent | None:
    try:
        with closing(connect(backup.path, "immutable")) as connection:
            steps = connection.execute("SELECT count(*) FROM steps").fetchone()[0]
            tiles = connection.execute("SELECT count(*) FROM tiles WHERE level = 0").fetchone()[0]
    except DATABASE_ERRORS:
        return None
    return BackupContent(backup, steps, tiles)


def restore(backup: Backup, path: Path, on_event: OnEvent, control: JobControl) -> None:
    """Restore a backup to `path`; an existing project there is backed up itself before it is replaced.

    Relative paths point to the same files as in the project that the backup was made of.

    Raises:
        ProjectError: it cannot be written, or the existing project cannot be backed up, which then stays.
        JobStopped: likewise.
    """
    try:
        with OutputFiles(overwrite=True, inputs=[backup.path]) as outputs:
            unfinished = outputs.add(path)
            with (
                write_errors(path),
                closing(connect(backup.path, "immutable")) as original,
                closing(connect(unfinished, "rw")) as copy,
            ):
                copy_pages(original, copy, N_("Restore {file}", file=path.name), on_event, control)
                rebase(copy, backup.project.parent, path.absolute().parent)
            if path.exists():
                back_up_closed(path, on_event, control)
    except OutputError as error:
        raise ProjectError(str(error)) from error
