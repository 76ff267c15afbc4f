"""Adds, relinks and removes the images of a project."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from landseg_core.errors import LandsegError, ProjectError
from landseg_core.input_files import AnyPath
from landseg_core.messages import N_
from landseg_core.project.editing import Editor
from landseg_core.project.history import Change, History
from landseg_core.project.images import (
    ImageEntry,
    NewImage,
    delete_images,
    examine,
    file_grid,
    insert_image,
    is_copy,
    require_alpha,
    require_size,
    update_image,
)
from landseg_core.project.storage.paths import stored_path
from landseg_core.project.storage.project_file import ProjectFile
from landseg_core.project.storage.rows import proper
from landseg_core.project.storage.steps import delete_steps, insert_step, store_position
from landseg_core.raster.alpha import AUTO
from landseg_core.raster.files.content import RasterContent


class ImageList:
    """The images of an open project."""

    def __init__(self, file: ProjectFile, editor: Editor) -> None:
        self._file, self._state, self._editor = file, file.state, editor
        self._folder = file.path.parent

    def examine(self, raster: AnyPath, alpha: str = AUTO, besides: Iterable[NewImage] = ()) -> NewImage:
        """Check an image that may be added; see `Project.examine_image`."""
        path = Path(raster).absolute()
        self._file.require_ready()
        taken = [*(entry.path for entry in self._state.images.values()), *(image.path for image in besides)]
        if any(known == path or _same(known, path) for known in taken):
            raise ProjectError(N_("{raster} is in the project already; choose another image", raster=raster))
        stored_path(path, self._folder)  # a name that cannot be stored is refused before GDAL fails on it
        return NewImage(path, examine(path), require_alpha(path, alpha))

    def add(self, images: Sequence[NewImage], *, as_step: bool = True) -> tuple[ImageEntry, ...]:
        """Add images; see `Project.add_images`."""
        if not images:
            return ()
        with self._file.alone():
            with self._file.transaction() as connection:
                added = [image.entry(insert_image(connection, image, self._folder)) for image in images]
                lost = [*self._state.unlisted] if as_step else []
                history = self._add_step(connection, added) if as_step else self._state.history
                delete_images(connection, lost)
            self._state.history = history
            self._editor.remove_images(lost)
            for entry in added:
                self._state.counts[entry.id] = np.zeros(256, np.int64)
                self._state.areas[entry.id] = ()
                self._state.images[entry.id] = entry
        return tuple(added)

    def _add_step(self, connection: sqlite3.Connection, added: Sequence[ImageEntry]) -> History:
        """Store the step that has added images, and return the history with it."""
        older = self._state.history  # its steps are stored by now, and measured
        ids = [entry.id for entry in added]
        name = N_("Add {image}", image=added[0].name) if len(ids) == 1 else N_("Add %n images", n=len(ids))
        step = older.new_step(proper(name), ids[0] if len(ids) == 1 else None)
        history = older.added(step)
        delete_steps(connection, history.dropped(older))
        insert_step(connection, step, Change({"unlisted": ids}, {"listed": ids}))
        store_position(connection, history)
        return history

    def record_contents(self, contents: Mapping[int, RasterContent]) -> None:
        """Store what images hold, by id; see `Project.record_contents`."""
        for entry in [entry for entry in self._state.images.values() if entry.id in contents]:
            known = self._state.images[entry.id] = replace(entry, content=contents[entry.id])
            self._file.queue(partial(update_image, entry=known, folder=self._folder))

    def set_alpha(self, image_id: int, alpha: str) -> ImageEntry:
        """Set which band of an image marks where there is data; see `Project.set_alpha`."""
        entry = self._file.entry(image_id)
        chosen = replace(entry, alpha=require_alpha(entry.path, alpha))
        self._file.write(lambda connection: update_image(connection, chosen, self._folder))
        self._state.images[image_id] = chosen
        return chosen

    def relink(self, image_id: int, path: Path) -> ImageEntry:
        """Set where an image is now; see `Project.relink`.

        What is known of the image stays: if the file has another georeference or other pixels, that shows as a change
        to decide on.
        """
        entry = self._file.entry(image_id)
        require_size(entry, path, file_grid(path))
        moved = replace(entry, path=path.absolute(), missing=False)
        self._file.write(lambda connection: update_image(connection, moved, self._folder))
        self._state.images[image_id] = moved
        return moved

    def relink_in_folder(self, folder: Path) -> int:
        """Look for the missing images in `folder`; see `Project.relink_in_folder`."""
        self._file.require_ready()
        files = _files(folder)
        lost = [entry for entry in self._state.images.values() if entry.missing]
        by_name = [entry for entry in lost if self._relinked(entry, files, _has_name)]
        rest = [entry for entry in lost if entry not in by_name]
        return len(by_name) + len([entry for entry in rest if self._relinked(entry, files, is_copy)])

    def _relinked(self, entry: ImageEntry, files: list[Path], fits: Callable[[ImageEntry, Path], bool]) -> bool:
        """Relink an image to the first of the files that fits and has its size; return whether there is one."""
        for path in files:
            if fits(entry, path) and _has_size(entry, path):
                self.relink(entry.id, path)
                return True
        return False

    def remove(self, image_id: int) -> None:
        """Remove an image from the project; see `Project.remove_image`."""
        self._file.entry(image_id)
        with self._file.alone():
            with self._file.transaction() as connection:
                older = self._state.history
                history = older.without_image(image_id)
                delete_steps(connection, history.dropped(older))
                delete_images(connection, [image_id])
                store_position(connection, history)
            self._state.history = history
            self._editor.remove_images([image_id])


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_file())
    except OSError as error:
        raise ProjectError(
            N_("{folder} cannot be searched: {reason}; choose another folder", folder=folder, reason=error.strerror)
        ) from error


def _has_name(entry: ImageEntry, path: Path) -> bool:
    return path.name == entry.path.name


def _has_size(entry: ImageEntry, path: Path) -> bool:
    try:
        require_size(entry, path, file_grid(path))
    except LandsegError:
        return False
    return True
