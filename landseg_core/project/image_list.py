"""Adds, finds again and removes the images of a project."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from landseg_core.errors import LandsegError, ProjectError
from landseg_core.project.editing import Editor
from landseg_core.project.images import (
    ImageEntry,
    examine,
    file_grid,
    insert_image,
    is_copy,
    require_alpha,
    require_size,
    update_image,
)
from landseg_core.project.paths import stored_path
from landseg_core.project.project_file import ProjectFile
from landseg_core.project.step_table import delete_steps, store_position
from landseg_core.raster.alpha import AUTO
from landseg_core.raster.content import RasterContent


class ImageList:
    """The images of an open project."""

    def __init__(self, file: ProjectFile, editor: Editor) -> None:
        self._file, self._state, self._editor = file, file.state, editor
        self._folder = file.path.parent

    def add(self, raster: Path, alpha: str = AUTO) -> ImageEntry:
        """Add an image; see `Project.add_image`."""
        path = raster.absolute()
        self._file.require_ready()
        if any(entry.path == path or _same(entry.path, path) for entry in self._state.images.values()):
            raise ProjectError(f"{raster} is in the project already; choose another image")
        stored_path(path, self._folder)  # a name that cannot be stored is refused before GDAL stumbles over it
        seen, alpha = examine(path), require_alpha(path, alpha)
        number = self._file.write(lambda connection: insert_image(connection, path, seen, self._folder, alpha))
        self._state.counts[number] = np.zeros(256, np.int64)
        self._state.areas[number] = ()
        entry = self._state.images[number] = ImageEntry(
            number, path, seen.grid, missing=False, fingerprint=seen.fingerprint, content=seen.content, alpha=alpha
        )
        return entry

    def note_contents(self, contents: Mapping[int, RasterContent]) -> None:
        """Keep what images hold, by id; see `Project.note_contents`."""
        for entry in [entry for entry in self._state.images.values() if entry.id in contents]:
            known = self._state.images[entry.id] = replace(entry, content=contents[entry.id])
            self._file.queue(partial(update_image, entry=known, folder=self._folder))

    def set_alpha(self, image_id: int, alpha: str) -> ImageEntry:
        """Say which band of an image tells where there is data; see `Project.set_alpha`."""
        entry = self.entry(image_id)
        chosen = replace(entry, alpha=require_alpha(entry.path, alpha))
        self._file.write(lambda connection: update_image(connection, chosen, self._folder))
        self._state.images[image_id] = chosen
        return chosen

    def relink(self, image_id: int, path: Path) -> ImageEntry:
        """Say where an image is now; see `Project.relink`.

        What is known of the image stays: where the file lies elsewhere on the ground, or holds other pixels, that shows
        as a change, to be decided on.
        """
        entry = self.entry(image_id)
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
        """Relink an image to the first of the files that fits and has its size."""
        for path in files:
            if fits(entry, path) and _has_size(entry, path):
                self.relink(entry.id, path)
                return True
        return False

    def remove(self, image_id: int) -> None:
        """Take an image out of the project; see `Project.remove_image`."""
        self.entry(image_id)
        with self._file.alone():
            with self._file.transaction("changed") as connection:
                older = self._state.history
                history = older.without_image(image_id)
                delete_steps(connection, history.dropped(older))
                connection.execute("DELETE FROM images WHERE id = ?", (image_id,))
                store_position(connection, history)
            self._state.history = history
            self._forget(image_id)

    def _forget(self, image_id: int) -> None:
        for table in (self._state.images, self._state.areas, self._state.counts):
            table.pop(image_id, None)
        predictions = self._state.predictions
        self._state.predictions = {key: entry for key, entry in predictions.items() if entry.image_id != image_id}
        self._editor.remove(image_id)

    def entry(self, image_id: int) -> ImageEntry:
        """Return an image by its number.

        Raises:
            ProjectError: there is none.
        """
        entry = self._state.images.get(image_id)
        if entry is None:
            raise ProjectError(f"{self._file.path} has no image number {image_id}")
        return entry


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_file())
    except OSError as error:
        raise ProjectError(f"{folder} cannot be searched: {error.strerror}; choose another folder") from error


def _has_name(entry: ImageEntry, path: Path) -> bool:
    return path.name == entry.path.name


def _has_size(entry: ImageEntry, path: Path) -> bool:
    try:
        require_size(entry, path, file_grid(path))
    except LandsegError:
        return False
    return True
