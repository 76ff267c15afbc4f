"""Label tiles and class counts in the project file."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable, Iterable, Mapping

import numpy as np
import numpy.typing as npt

from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.tiling import TileKey, TilePyramid
from landseg_core.labels.classes import UNLABELLED
from landseg_core.labels.pyramid import TILE, Tile, is_empty
from landseg_core.messages import N_
from landseg_core.project.storage.reads import ReadConnections
from landseg_core.project.storage.rows import DamageError, blob, integer

_BYTES = TILE * TILE

Counts = npt.NDArray[np.int64]
"""(256,) px per class value."""


def encode_tile(tile: Tile) -> bytes:
    """Return a (512, 512) tile as compressed bytes."""
    return zlib.compress(tile.tobytes(), 1)


def decode_tile(data: bytes) -> Tile:
    """Return the (512, 512) tile that `encode_tile` has turned into `data`.

    Raises:
        DamageError: the bytes are damaged.
    """
    stream = zlib.decompressobj()
    try:
        pixels = stream.decompress(data, _BYTES + 1)  # bounded, whatever damaged bytes decompress to
    except zlib.error as error:
        raise DamageError(N_("a tile is damaged: it cannot be decompressed")) from error
    if len(pixels) != _BYTES or not stream.eof:
        raise DamageError(N_("a tile is damaged: its size is wrong"))
    return np.frombuffer(pixels, np.uint8).reshape(TILE, TILE)


def store_tiles(connection: sqlite3.Connection, image_id: int, tiles: Mapping[TileKey, Tile]) -> None:
    """Store tiles of any levels; one where nothing is painted is deleted."""
    empty = [key for key, tile in tiles.items() if is_empty(tile)]
    gone = set(empty)
    connection.executemany(
        'DELETE FROM tiles WHERE image = ? AND level = ? AND row = ? AND "column" = ?',
        [(image_id, *_columns(key)) for key in empty],
    )
    connection.executemany(
        'INSERT INTO tiles (image, level, row, "column", data) VALUES (?, ?, ?, ?, ?)'
        ' ON CONFLICT (image, level, row, "column") DO UPDATE SET data = excluded.data',
        ((image_id, *_columns(key), encode_tile(tile)) for key, tile in tiles.items() if key not in gone),
    )


def load_tile(connection: sqlite3.Connection, image_id: int, key: TileKey) -> Tile | None:
    """Return a tile, or None where nothing is painted.

    Raises:
        DamageError: it is damaged.
    """
    rows = connection.execute(
        'SELECT data FROM tiles WHERE image = ? AND level = ? AND row = ? AND "column" = ?', (image_id, *_columns(key))
    ).fetchall()
    return decode_tile(blob(rows[0][0])) if rows else None


def painted_keys(connection: sqlite3.Connection, image_id: int, pyramid: TilePyramid, level: int = 0) -> list[TileKey]:
    """Return the tiles of a level where something is painted, row by row; what lies outside the image is left out."""
    width, height = pyramid.level_size(level)
    rows = connection.execute(
        'SELECT row, "column" FROM tiles WHERE image = ? AND level = ? AND row BETWEEN 0 AND ?'
        ' AND "column" BETWEEN 0 AND ? ORDER BY row, "column"',
        (image_id, level, (height - 1) // TILE, (width - 1) // TILE),
    ).fetchall()
    return [TileKey(level, row, column) for row, column in rows if isinstance(row, int) and isinstance(column, int)]


def add_counts(connection: sqlite3.Connection, image_id: int, change: Counts) -> None:
    """Add to the class counts of an image; a class without pixels has no row."""
    changed = [(image_id, int(value), int(change[value])) for value in np.flatnonzero(change[:UNLABELLED])]
    connection.executemany(
        "INSERT INTO class_pixels (image, value, pixels) VALUES (?, ?, ?)"
        " ON CONFLICT (image, value) DO UPDATE SET pixels = pixels + excluded.pixels",
        changed,
    )
    connection.execute("DELETE FROM class_pixels WHERE image = ? AND pixels = 0", (image_id,))


def load_counts(connection: sqlite3.Connection, image_id: int) -> Counts:
    """Return the (256,) px per class value of an image.

    Raises:
        DamageError: a row is damaged.
    """
    counts = np.zeros(256, np.int64)
    rows = connection.execute(
        "SELECT value, pixels FROM class_pixels WHERE image = ? LIMIT 256", (image_id,)
    ).fetchall()
    for value, pixels in rows:
        counts[integer(value, 0, UNLABELLED - 1)] = integer(pixels)
    return counts


def _columns(key: TileKey) -> tuple[int, int, int]:
    return key.level, key.row, key.column


class StoredTiles:
    """The tiles of one image as a `TileStore`: a damaged one counts as unlabelled and is reported to `on_damage`."""

    def __init__(self, reads: ReadConnections, image_id: int, on_damage: Callable[[TileKey, DamageError], None]):
        """Read from `reads`."""
        self._reads, self._image_id, self._on_damage = reads, image_id, on_damage

    def load(self, key: TileKey) -> Tile | None:
        """Return a tile as last stored, or None where nothing is painted; from any thread.

        Raises:
            ProjectError: the project is closed, or cannot be read just now.
        """
        try:
            with self._reads.lease() as connection:
                return load_tile(connection, self._image_id, key)
        except DamageError as error:
            self._on_damage(key, error)
            return None


def pyramid_of(grid: RasterGrid) -> TilePyramid:
    """Return the tiling of the labels of an image."""
    return TilePyramid(grid.width, grid.height, TILE)


def children(key: TileKey) -> list[TileKey]:
    """Return the tiles that a coarser one covers: upper left, upper right, lower left, lower right."""
    level, row, column = key.level - 1, 2 * key.row, 2 * key.column
    return [TileKey(level, row + down, column + right) for down in (0, 1) for right in (0, 1)]


def ancestors(keys: Iterable[TileKey]) -> set[TileKey]:
    """Return the tiles of the next coarser level above `keys`."""
    return {TileKey(key.level + 1, key.row // 2, key.column // 2) for key in keys}
