"""A look at all labels as they are at one moment, while editing goes on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from landseg_core.geo.tiling import TileKey, TilePyramid
from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.pyramid import Tile
from landseg_core.project.storage.connection import sqlite_errors
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
        with sqlite_errors(self._path, "read"):
            return painted_keys(self._connection, image_id, self._pyramids[image_id])

    def tile(self, image_id: int, key: TileKey) -> Tile | None:
        """Return a (512, 512) uint8 tile, or None where nothing is painted.

        Raises:
            ProjectError: it cannot be read, or is damaged.
        """
        with sqlite_errors(self._path, "read"):
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
    """Hold a moment of the project for as long as the block lasts.

    The file's WAL grows meanwhile: copy what you need and leave.

    Raises:
        ProjectError: the project is closed or cannot be read.
    """
    with ExitStack() as stack:
        with sqlite_errors(path, "read"):
            connection = stack.enter_context(reads.borrow())
            connection.execute("BEGIN")
            connection.execute("SELECT count(*) FROM settings").fetchall()
        yield ReadView(connection, path, schema, pyramids)
