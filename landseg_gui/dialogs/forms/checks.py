"""Cheap checks of what a form holds, done at every key stroke: a look at names, never at pixels."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from landseg_core.data.lists import EXTENSIONS
from landseg_gui.paths import is_there
from landseg_gui.text import capitalised, tr

_LOOKED_AT = 2000  # entries of a folder: enough to find an image, few enough for a slow disk


@dataclass(frozen=True)
class FieldError:
    """What is wrong with a field, in a sentence; `missing` where it is only still to be filled in."""

    sentence: str
    missing: bool = False


def as_sentence(text: object) -> str:
    """Return an error's text, which begins small and ends open, as a sentence of its own."""
    return f"{capitalised(str(text))}."


def image_folder_error(path: Path | None, what: str) -> FieldError | None:
    """Return what keeps `path` from being a folder of rasters; `what` says what they are: images, masks."""
    if path is None:
        return FieldError(tr("Choose the folder of the {what}.", what=what), missing=True)
    return _folder_error(path) or _without_image_error(path, what)


def data_folder_error(path: Path | None, entries: Sequence[str], title: str) -> FieldError | None:
    """Return what keeps `path` from being a folder with these entries; `title` says what has them."""
    if path is None:
        return FieldError(tr("Choose the folder{that_holds}.", that_holds=_that_holds(entries)), missing=True)
    return _folder_error(path) or _first(
        FieldError(tr("This folder has no {name}; choose the folder of {title}.", name=name, title=title))
        for name in entries
        if not is_there((path / name).exists)
    )


def _that_holds(entries: Sequence[str]) -> str:
    return f" that holds {' and '.join(filter(None, (', '.join(entries[:-1]), entries[-1])))}" if entries else ""


def optional_list_error(path: Path | None) -> FieldError | None:
    """Return what is wrong with a list file that need not be given."""
    if path is None or is_there(path.is_file):
        return None
    return FieldError(
        tr("This is a folder; choose a text file.") if is_there(path.is_dir) else tr("There is no such file.")
    )


def run_folder_error(path: Path | None) -> FieldError | None:
    """Return what keeps `path` from taking a run; it is made where it is not there."""
    if path is None:
        return FieldError(tr("Choose where to keep the model and the record of the run."), missing=True)
    return _unwritable_error(path) if is_there(path.is_dir) else _location_error(path, "folder")


def new_file_error(path: Path | None, suffixes: tuple[str, ...], inputs: Iterable[Path] = ()) -> FieldError | None:
    """Return what keeps `path` from being written as a file with one of `suffixes`."""
    if path is None:
        return FieldError(tr("Choose where to write the result."), missing=True)
    if is_there(path.is_dir):
        return FieldError(tr("This is a folder; add a file name."))
    if path.suffix.lower() not in suffixes:
        return FieldError(tr("The name must end in {suffixes}.", suffixes=" or ".join(suffixes)))
    if any(path == source for source in inputs):
        return FieldError(tr("This file is being read; choose another name."))
    return _location_error(path, "file")


def _folder_error(path: Path) -> FieldError | None:
    if is_there(path.is_dir):
        return None
    return FieldError(
        tr("This is a file; choose a folder.") if is_there(path.exists) else tr("There is no such folder.")
    )


def _without_image_error(path: Path, what: str) -> FieldError | None:
    try:
        with os.scandir(path) as entries:
            names = [entry.name for entry in itertools.islice(entries, _LOOKED_AT)]
    except OSError as error:
        return FieldError(tr("This folder cannot be read: {strerror}.", strerror=error.strerror))
    if len(names) == _LOOKED_AT or any(Path(name).suffix.lower() in EXTENSIONS for name in names):
        return None
    return FieldError(tr("This folder holds no {what} that landseg reads (such as .tif, .png, .jpg).", what=what))


def _location_error(path: Path, what: str) -> FieldError | None:
    """Return what keeps something new from being made at `path`: its nearest folder above must take it."""
    if what == "folder" and is_there(path.exists):
        return FieldError(tr("There is a file of this name; choose a folder."))
    above = next((folder for folder in path.absolute().parents if is_there(folder.exists)), None)
    if odd := _name_error(path):
        return odd
    if above is None or not is_there(above.is_dir):
        return FieldError(
            tr("{above} is a file; choose a folder.", above=above) if above else tr("There is no such place.")
        )
    return _unwritable_error(above)


def _name_error(path: Path) -> FieldError | None:
    """Return what the system has against a name at all: too long, or in a folder closed to the user."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return FieldError(tr("This place cannot be used: {strerror}.", strerror=error.strerror))
    return None


def _unwritable_error(folder: Path) -> FieldError | None:
    if os.access(folder, os.R_OK | os.W_OK):
        return None
    return FieldError(tr("You may not write to {folder}; choose another folder.", folder=folder))


def _first(errors: Iterable[FieldError]) -> FieldError | None:
    return next(iter(errors), None)
