"""Paths in a project file: relative to its folder, so that project and images can move together."""

from __future__ import annotations

import os
from pathlib import Path, PurePath

from landseg_core.errors import ProjectError
from landseg_core.messages import N_
from landseg_core.plain_text import name_message


def stored_path(path: Path, folder: Path) -> str:
    """Return how `path` is stored in a project in `folder`: relative, with `/`; absolute if it is on another drive.

    Raises:
        ProjectError: its name cannot be written as text.
    """
    absolute = Path(os.path.normpath(path.absolute()))
    try:
        text = PurePath(os.path.relpath(absolute, folder)).as_posix()
    except ValueError:  # another drive of Windows
        text = absolute.as_posix()
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ProjectError(
            name_message(path) or N_("{path!a} has a name that is not valid text; rename it", path=path)
        ) from error
    return text


def found_path(text: str, folder: Path) -> Path:
    """Return the absolute path that `text` stands for in a project in `folder`."""
    return Path(os.path.normpath(folder / text))


def is_there(path: Path) -> bool:
    """Return whether there is a file or folder; False also where the system does not accept `path` as a name."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
