"""Deletes the folder of a run, and nothing else."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path

from landseg_core.errors import OutputError, TrainingError
from landseg_core.leftovers import UNFINISHED
from landseg_core.messages import N_
from landseg_core.output_files import unwritable
from landseg_core.project.snapshot import LABELS_FOLDER
from landseg_core.runs.catalogue import is_run
from landseg_core.runs.folder import RunFolder

_OF_FILE_MANAGERS = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
"""Files that file managers leave in any folder that they show."""


def delete_run(folder: Path) -> None:
    """Delete the folder of a run, with all its contents; links in it are deleted, their targets stay.

    The folder is moved aside first, so that a run is never half there under its name.

    Raises:
        TrainingError: it is not the folder of a run, or holds other things besides.
        OutputError: it cannot be deleted.
    """
    if not is_run(folder):
        raise TrainingError(
            N_("{folder} is not the folder of a run, and is left unchanged; choose a run", folder=folder)
        )
    if foreign := _foreign(folder):
        raise TrainingError(
            N_(
                "{folder} holds more than a run ({foreign}), and is left unchanged; move the rest elsewhere, then "
                "delete the run",
                folder=folder,
                foreign=", ".join(foreign[:3]),
            )
        )
    aside = folder.with_name(f".{folder.name}.deleted-{secrets.token_hex(4)}")
    try:
        folder.rename(aside)
    except OSError as error:
        raise unwritable(folder, error) from error
    try:
        shutil.rmtree(aside)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(
            N_(
                "the run was moved to {aside}, but not all of it can be deleted: {reason}; delete that folder by hand",
                aside=aside,
                reason=reason,
            )
        ) from error


def _foreign(folder: Path) -> list[str]:
    """Return the names of files in a run's folder that are not the run's."""
    own = {file.name for file in RunFolder(folder).files} | {LABELS_FOLDER} | _OF_FILE_MANAGERS
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        raise unwritable(folder, error) from error
    return [name for name in names if name not in own and name.partition(UNFINISHED)[0] not in own]
