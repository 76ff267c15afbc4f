"""What a project holds, for reading: its current state, and a snapshot of all labels at one moment."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

from landseg_core.events import JobControl
from landseg_core.geo.tiling import TileKey, TilePyramid
from landseg_core.labels.class_names import name_notices
from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.labels.pyramid import Tile
from landseg_core.project.editing import Editor
from landseg_core.project.history import History
from landseg_core.project.images import ImageEntry, image_called
from landseg_core.project.outside.change_list import project_changes
from landseg_core.project.outside.changes import Change
from landseg_core.project.run_table import PredictionEntry, RunEntry
from landseg_core.project.state import Polygon
from landseg_core.project.storage.connection import read_errors
from landseg_core.project.storage.file_watch import FileFault
from landseg_core.project.storage.project_file import ProjectFile
from landseg_core.project.storage.reads import ReadConnections
from landseg_core.project.storage.tiles import load_tile, painted_keys


class ReadView:
    """The classes (`schema`) and labels of all images at one moment; for one thread."""

    def __init__(
        self, connection: sqlite3.Connection, path: Path, schema: ClassSchema, pyramids: dict[int, TilePyramid]
    ) -> None:
        self._connection, self._path, self._pyramids = connection, path, pyramids
        self.schema = schema

    def keys(self, image_id: int) -> list[TileKey]:
        """Return the tiles of level 0 where something is painted, row by row.

        Raises:
            ProjectError: they cannot be read.
        """
        with read_errors(self._path):
            return painted_keys(self._connection, image_id, self._pyramids[image_id])

    def tile(self, image_id: int, key: TileKey) -> Tile | None:
        """Return a (512, 512) uint8 tile, or None where nothing is painted.

        Raises:
            ProjectError: it cannot be read, or is damaged.
        """
        with read_errors(self._path):
            return load_tile(self._connection, image_id, key)

    def tiles(self, image_id: int) -> Iterator[tuple[TileKey, Tile]]:
        """Yield the painted tiles of level 0, row by row.

        Raises:
            ProjectError: one cannot be read, or is damaged.
        """
        for key in self.keys(image_id):
            tile = self.tile(image_id, key)
            if tile is not None:
                yield key, tile


@contextmanager
def reading(
    reads: ReadConnections, path: Path, schema: ClassSchema, pyramids: dict[int, TilePyramid]
) -> Iterator[ReadView]:
    """Give a view of the project as it is now, unchanged for as long as the block lasts.

    The file's WAL grows meanwhile: copy what you need and leave.

    Raises:
        ProjectError: the project is closed or cannot be read.
    """
    with ExitStack() as stack:
        with read_errors(path):
            connection = stack.enter_context(reads.borrow())
            connection.execute("BEGIN")
            connection.execute("SELECT count(*) FROM settings").fetchall()
        yield ReadView(connection, path, schema, pyramids)


class ProjectView:
    """The state of an open project, ahead of its file by the edits that are waiting to be stored."""

    def __init__(self, file: ProjectFile) -> None:
        self._file, self._state = file, file.state
        self._editor = Editor(file)

    @property
    def path(self) -> Path:
        """Return the file, absolute and with links resolved."""
        return self._file.path

    @property
    def read_only(self) -> bool:
        """Return whether nothing may be edited."""
        return self._file.read_only_reason is not None

    @property
    def read_only_reason(self) -> str | None:
        """Return why nothing may be edited, or None."""
        return self._file.read_only_reason

    @property
    def notices(self) -> tuple[str, ...]:
        """Return the damage found so far and the problems with class names, one sentence each."""
        return *self._file.notices, *name_notices(self.schema.names)

    @property
    def waiting(self) -> int:
        """Return how many edits are not stored yet."""
        return self._file.waiting

    @property
    def busy(self) -> bool:
        """Return whether a whole-image edit is under way; painting must wait."""
        return self._file.busy

    @property
    def failure(self) -> str | None:
        """Return why edits cannot be stored just now, or None; unstored edits are kept and stored after `retry`."""
        return self._file.failure

    @property
    def fault(self) -> FileFault | None:
        """Return what has happened to the file so that nothing is stored there any longer, or None."""
        return self._file.fault

    @property
    def schema(self) -> ClassSchema:
        """Return the classes."""
        return self._state.schema

    @property
    def images(self) -> tuple[ImageEntry, ...]:
        """Return the images, in the order in which they were added."""
        return tuple(self._state.images.values())

    def find_image(self, image_id: int) -> ImageEntry | None:
        """Return the image with this id, or None where there is none."""
        return self._state.images.get(image_id)

    def image_by_id(self, image_id: int) -> ImageEntry:
        """Return the image with this id.

        Raises:
            ProjectError: there is none.
        """
        return self._file.entry(image_id)

    def image(self, name: str) -> ImageEntry:
        """Return the image whose file has the stem `name`, or the path `name` where stems collide.

        Raises:
            ProjectError: there is none, or there are several.
        """
        return image_called(self.images, name)

    def labels(self, image_id: int) -> LabelRaster:
        """Return the labels of an image, always the same object.

        Raises:
            ProjectError: there is no such image.
        """
        return self._editor.labels(image_id)

    def class_pixels(self, image_id: int) -> dict[int, int]:
        """Return how many px of an image have each class value; values without labels are left out."""
        counts = self._state.counts.get(image_id, ())
        return {value: int(pixels) for value, pixels in enumerate(counts[:255]) if pixels}

    def tile_keys(self, image_id: int) -> list[TileKey]:
        """Return the tiles of level 0 where something is painted, row by row, once all edits are stored.

        Raises:
            ProjectError: edits cannot be stored, or the file cannot be read.
        """
        pyramid = self.labels(image_id).pyramid
        self._file.flush()
        with self._file.reads.lease() as connection:
            return painted_keys(connection, image_id, pyramid)

    @property
    def history(self) -> History:
        """Return the undo history: its steps, oldest first, and how many of them are done.

        Its `state` is a short text that is different after every edit, and the same again after undo and redo.
        """
        return self._state.history

    def areas(self, image_id: int) -> tuple[Polygon, ...]:
        """Return the working areas of an image: rings of (column, row) in raster px."""
        return self._state.areas.get(image_id, ())

    @property
    def runs(self) -> tuple[RunEntry, ...]:
        """Return the training runs, oldest first."""
        return tuple(self._state.runs.values())

    def predictions(self, image_id: int) -> tuple[PredictionEntry, ...]:
        """Return the predictions of an image, oldest first."""
        return tuple(entry for entry in self._state.predictions.values() if entry.image_id == image_id)

    def changes(self, control: JobControl | None = None) -> tuple[Change, ...]:
        """Return what has changed outside the project: images, where missing ones were found, maps; from any thread.

        Raises:
            ProjectError: edits cannot be stored, or the file cannot be read.
            JobStopped: `control` asked for it.
        """
        images, predictions = self.images, self._state.listed_predictions
        self._file.flush()
        with self._file.reads.lease() as connection:
            folder = self.path.parent
            return tuple(project_changes(images, predictions, connection, folder, control or JobControl()))

    def view_state(self, key: str) -> Any:
        """Return what the window saved under `key`, or None."""
        return self._state.view.get(key)

    def read_transaction(self) -> AbstractContextManager[ReadView]:
        """Wait until all is stored, and hold that state for reading; from any thread.

        Raises:
            ProjectError: edits cannot be stored, or the file cannot be read.
        """
        self._file.flush()
        return reading(self._file.reads, self.path, self.schema, self._editor.pyramids())
