"""Cheap checks of the values in a form, done at every key stroke: they look at names, never at pixels."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from landseg_core.data.lists import EXTENSIONS
from landseg_gui.paths import is_there
from landseg_gui.text import tr

_MOST_ENTRIES = 2000  # of a folder that are looked at: enough to find an image, few enough for a slow disk


@dataclass(frozen=True)
class FieldError:
    """What is wrong with a field, in a sentence; `missing` where it only has to be filled in."""

    sentence: str
    missing: bool = False


def image_folder_error(path: Path | None, what: str) -> FieldError | None:
    """Return why `path` cannot be used as a folder of rasters; `what` names them: images, masks."""
    if path is None:
        return FieldError(tr("Choose the folder of {what}.", what=what), missing=True)
    return _folder_error(path) or _without_image_error(path, what)


def data_folder_error(path: Path | None, entries: Sequence[str], title: str) -> FieldError | None:
    """Return why `path` cannot be used as a folder with these entries; `title` names the data in it."""
    if path is None:
        names = ", ".join(entries)
        return FieldError(
            tr("Choose the folder that contains {names}.", names=names) if entries else tr("Choose the folder."),
            missing=True,
        )
    return _folder_error(path) or _first(
        FieldError(tr("This folder has no {name}; choose the folder of {title}.", name=name, title=title))
        for name in entries
        if not is_there((path / name).exists)
    )


def optional_list_error(path: Path | None) -> FieldError | None:
    """Return what is wrong with an optional list file."""
    if path is None or is_there(path.is_file):
        return None
    return FieldError(
        tr("This is a folder; choose a text file.") if is_there(path.is_dir) else tr("There is no such file.")
    )


def run_folder_error(path: Path | None) -> FieldError | None:
    """Return why `path` cannot be used as a folder for results; it is created where it does not exist."""
    if path is None:
        return FieldError(tr("Choose a folder."), missing=True)
    return _unwritable_error(path) if is_there(path.is_dir) else _location_error(path, is_folder=True)


def new_file_error(path: Path | None, suffixes: tuple[str, ...], inputs: Iterable[Path] = ()) -> FieldError | None:
    """Return why a file with one of `suffixes` cannot be written at `path`."""
    if path is None:
        return FieldError(tr("Choose the file to write."), missing=True)
    if is_there(path.is_dir):
        return FieldError(tr("This is a folder; add a file name."))
    if path.suffix.lower() not in suffixes:
        return FieldError(_suffix_text(suffixes))
    if any(path == source for source in inputs):
        return FieldError(tr("This file is being read as input; choose another name."))
    return _location_error(path, is_folder=False)


def _suffix_text(suffixes: tuple[str, ...]) -> str:
    if len(suffixes) == 1:
        return tr("The name must end in {suffix}.", suffix=suffixes[0])
    return tr("The name must end in one of {suffixes}.", suffixes=", ".join(suffixes))


def _folder_error(path: Path) -> FieldError | None:
    if is_there(path.is_dir):
        return None
    return FieldError(
        tr("This is a file; choose a folder.") if is_there(path.exists) else tr("There is no such folder.")
    )


def _without_image_error(path: Path, what: str) -> FieldError | None:
    try:
        with os.scandir(path) as entries:
            names = [entry.name for entry in itertools.islice(entries, _MOST_ENTRIES)]
    except OSError as error:
        return FieldError(tr("This folder cannot be read: {reason}.", reason=error.strerror))
    if len(names) == _MOST_ENTRIES or any(Path(name).suffix.lower() in EXTENSIONS for name in names):
        return None
    return FieldError(tr("This folder contains no {what} that landseg can read (such as .tif, .png, .jpg).", what=what))


def _location_error(path: Path, *, is_folder: bool) -> FieldError | None:
    """Return why nothing new can be created at `path`; its nearest existing parent folder must be writable."""
    if is_folder and is_there(path.exists):
        return FieldError(tr("A file of this name exists; choose a folder."))
    above = next((folder for folder in path.absolute().parents if is_there(folder.exists)), None)
    if error := _name_error(path):
        return error
    if above is None or not is_there(above.is_dir):
        return FieldError(
            tr("{path} is a file; choose a folder.", path=above) if above else tr("This path does not exist.")
        )
    return _unwritable_error(above)


def _name_error(path: Path) -> FieldError | None:
    """Return why the system refuses a path: its name is too long, or the user may not read the folder."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return FieldError(tr("This path cannot be used: {reason}.", reason=error.strerror))
    return None


def _unwritable_error(folder: Path) -> FieldError | None:
    if os.access(folder, os.R_OK | os.W_OK):
        return None
    return FieldError(tr("You have no permission to write to {folder}; choose another folder.", folder=folder))


def _first(errors: Iterable[FieldError]) -> FieldError | None:
    return next(iter(errors), None)
