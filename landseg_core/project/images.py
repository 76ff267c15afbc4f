"""The images of a project: where they are, their grid, and a fingerprint by which a moved one is known again."""

from __future__ import annotations

import hashlib
import json
import math
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.errors import CRSError

from landseg_core.errors import ProjectError
from landseg_core.geo.grid import RasterGrid
from landseg_core.project.paths import found_path, is_there, stored_path
from landseg_core.project.rows import DamageError, integer, json_value, optional_text, text
from landseg_core.raster.source import RasterSource

_LONGEST_SIDE = 2**31 - 1  # GDAL counts pixels in 32 bits
_SAMPLES = 16
_SAMPLE_BYTES = 4096

_COLUMNS = "id, path, width, height, transform, crs, fingerprint"


@dataclass(frozen=True)
class ImageEntry:
    """An image of a project; `missing` where there is no file at `path` (absolute)."""

    id: int
    path: Path
    grid: RasterGrid
    missing: bool
    fingerprint: str

    @property
    def name(self) -> str:
        """Return the file's name without its suffix."""
        return self.path.stem


def fingerprint(path: Path, grid: RasterGrid) -> str:
    """Return a hash over the file's length, its grid and some blocks of its bytes: quick also for huge files.

    Raises:
        ProjectError: the file cannot be read.
    """
    digest = hashlib.blake2b(digest_size=16)
    try:
        with path.open("rb") as file:
            length = path.stat().st_size
            digest.update(json.dumps([length, grid.width, grid.height, *grid.transform[:6]]).encode())
            for part in range(_SAMPLES):
                file.seek(max(0, length - _SAMPLE_BYTES) * part // (_SAMPLES - 1))
                digest.update(file.read(_SAMPLE_BYTES))
    except OSError as error:
        raise ProjectError(f"{path} cannot be read: {error.strerror}; check that it is there") from error
    return digest.hexdigest()


def examine(path: Path) -> tuple[RasterGrid, str]:
    """Return the grid and the fingerprint of an image file.

    Raises:
        RasterError: it is no raster that can be shown.
        ProjectError: it cannot be read.
    """
    with RasterSource(path) as source:
        grid = source.grid
    return grid, fingerprint(path, grid)


def open_image(entry: ImageEntry) -> RasterSource:
    """Open the image of a project for reading.

    Raises:
        RasterError: it is no raster that can be shown.
        ProjectError: it is missing, or has another size than when it was added.
    """
    if not is_there(entry.path):
        raise ProjectError(f"the image {entry.path} is missing; say where it is now (relink)")
    source = RasterSource(entry.path)
    try:
        require_size(entry, entry.path, source.grid)
    except ProjectError:
        source.close()
        raise
    return source


def require_size(entry: ImageEntry, path: Path, grid: RasterGrid) -> None:
    """Check that labels painted on `entry` lie on an image of `grid`.

    Raises:
        ProjectError: the image at `path` has another size.
    """
    known = entry.grid
    if (grid.width, grid.height) != (known.width, known.height):
        raise ProjectError(
            f"{path} is {grid.width} x {grid.height} px, but the labels were painted on an image of"
            f" {known.width} x {known.height} px; choose the image that they were painted on"
        )


def insert_image(connection: sqlite3.Connection, path: Path, grid: RasterGrid, mark: str, folder: Path) -> int:
    """Store an image and return its id."""
    cursor = connection.execute(
        "INSERT INTO images (path, width, height, transform, crs, fingerprint) VALUES (?, ?, ?, ?, ?, ?)",
        (stored_path(path, folder), grid.width, grid.height, *_place(grid), mark),
    )
    return int(cursor.lastrowid or 0)


def update_image(connection: sqlite3.Connection, entry: ImageEntry, folder: Path) -> None:
    """Store that an image lies elsewhere now."""
    connection.execute(
        "UPDATE images SET path = ?, transform = ?, crs = ?, fingerprint = ? WHERE id = ?",
        (stored_path(entry.path, folder), *_place(entry.grid), entry.fingerprint, entry.id),
    )


def _place(grid: RasterGrid) -> tuple[str, str | None]:
    return json.dumps(list(grid.transform[:6])), grid.crs.to_wkt() if grid.crs else None


def load_images(connection: sqlite3.Connection, limit: int) -> Iterator[Sequence[object]]:
    """Yield the rows of `images`."""
    yield from connection.execute(f"SELECT {_COLUMNS} FROM images ORDER BY id LIMIT ?", (limit,))


def load_image(row: Sequence[object], folder: Path) -> ImageEntry:
    """Return the image that a row of `images` holds.

    Raises:
        DamageError: the row is damaged.
    """
    number, place, width, height, transform, crs, mark = row
    path = found_path(text(place), folder)
    grid = RasterGrid(
        integer(width, 1, _LONGEST_SIDE), integer(height, 1, _LONGEST_SIDE), _transform(transform), _crs(crs)
    )
    return ImageEntry(integer(number, 1), path, grid, not is_there(path), text(mark))


def _transform(value: object) -> Affine:
    numbers = json_value(value, list)
    if len(numbers) != 6 or not all(isinstance(item, int | float) and math.isfinite(item) for item in numbers):
        raise DamageError("a transform is damaged")
    transform = Affine(*map(float, numbers))
    if transform.is_degenerate:
        raise DamageError("a transform is damaged")
    return transform


def _crs(value: object) -> CRS | None:
    wkt = optional_text(value)
    try:
        with rasterio.Env():  # GDAL tells rasterio what is wrong, instead of the terminal
            return CRS.from_wkt(wkt) if wkt else None
    except CRSError as error:
        raise DamageError("a CRS is damaged") from error


def image_called(images: Sequence[ImageEntry], name: str) -> ImageEntry:
    """Return the image with the stem `name`, or at the path `name` where stems collide.

    Raises:
        ProjectError: there is none, or there are several.
    """
    found = [image for image in images if name in (image.name, image.path.name)] or [
        image for image in images if image.path in (Path(name), Path(name).absolute())
    ]
    if len(found) == 1:
        return found[0]
    if found:
        paths = ", ".join(str(image.path) for image in found)
        raise ProjectError(f"there are several images called {name}; name one by its path: {paths}")
    known = ", ".join(image.name for image in images) or "none"
    raise ProjectError(f"there is no image called {name} in the project; there is {known}")
