"""One list of everything that has changed outside a project: images, missing ones that were found, and maps."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from landseg_core.errors import LandsegError
from landseg_core.events import JobControl
from landseg_core.messages import N_
from landseg_core.project.images import ImageEntry, examine, is_copy
from landseg_core.project.outside.changes import Change, ChangeKind, image_change
from landseg_core.project.outside.label_shift import LabelShift
from landseg_core.project.outside.outdated_maps import outdated_maps
from landseg_core.project.outside.regrid import shift_to
from landseg_core.project.run_table import PredictionEntry
from landseg_core.raster.files.content import RasterContent

_MOST_FILES = 200
"""How many files of other names are compared with a missing image; one of the same name is always found."""
_MOST_FOLDERS = 50


def image_changes(images: Iterable[ImageEntry], connection: sqlite3.Connection) -> Iterator[Change]:
    """Yield what has changed of these images; for one of another size, with how many labels lie outside it."""
    for entry in images:
        change = image_change(entry)
        if change is not None:
            yield _with_outside(entry, change, connection)


def project_changes(
    images: Sequence[ImageEntry],
    predictions: Iterable[PredictionEntry],
    connection: sqlite3.Connection,
    folder: Path,
    control: JobControl,
) -> Iterator[Change]:
    """Yield all that has changed outside the project in `folder`; missing images are searched for near the others.

    Raises:
        JobStopped: `control` asked for it.
    """
    for change in image_changes(images, connection):
        control.checkpoint()
        entry = next(image for image in images if image.id == change.image_id)
        if change.kind is ChangeKind.MISSING:
            change = replace(change, found=_find(entry, _folders(images, folder), control))
        yield change
    for change in outdated_maps(predictions):
        control.checkpoint()
        yield change


def unknown_contents(images: Iterable[ImageEntry], control: JobControl) -> dict[int, RasterContent]:
    """Return by id the content of images for which the project has none, if their files have not changed.

    Raises:
        JobStopped: `control` asked for it.
    """
    found = {}
    for entry in images:
        control.checkpoint()
        if entry.content is None and image_change(entry) is None:
            found[entry.id] = examine(entry.path).content
    return found


def _with_outside(entry: ImageEntry, change: Change, connection: sqlite3.Connection) -> Change:
    if change.kind is not ChangeKind.SIZE or change.grid is None:
        return change
    try:
        shift = shift_to(entry, change.grid, None)
        outside = LabelShift(entry.grid, change.grid, shift).outside(connection, entry.id) if shift else 0
    except LandsegError:  # the labels cannot be moved, or read
        return change
    if not outside:
        return change
    what = N_("{change}, and {pixels} labelled px lie outside it", change=change.what, pixels=outside)
    return replace(change, what=what)


def _folders(images: Sequence[ImageEntry], folder: Path) -> list[Path]:
    """Return the folders to search for images: the project's, its subfolders, and those of its images."""
    below = [path for path in _listed(folder) if path.is_dir()]
    return list(dict.fromkeys([folder, *below, *(entry.path.parent for entry in images)]))[:_MOST_FOLDERS]


def _find(entry: ImageEntry, folders: Sequence[Path], control: JobControl) -> Path | None:
    """Return a file that holds what a missing image held; those of the same name are tried first."""
    files = [path for folder in folders for path in _listed(folder) if path.suffix.lower() == entry.path.suffix.lower()]
    named = [path for path in files if path.name == entry.path.name]
    others = [path for path in files if path.name != entry.path.name][:_MOST_FILES]
    for path in [*named, *others]:
        control.checkpoint()
        if is_copy(entry, path):
            return path
    return None


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []
