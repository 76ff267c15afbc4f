"""The images of a project: where they are, their grid, and a fingerprint by which a moved one is recognised."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from landseg_core.errors import LandsegError, ProjectError
from landseg_core.geo.grid import RasterGrid
from landseg_core.input_files import open_file
from landseg_core.messages import N_
from landseg_core.project.storage.grids import grid_of, grid_value, stored_georeference, stored_grid
from landseg_core.project.storage.paths import found_path, is_there, stored_path
from landseg_core.project.storage.rows import integer, json_value, text
from landseg_core.project.storage.schema import columns_of
from landseg_core.raster.alpha import AUTO
from landseg_core.raster.files.content import RasterContent
from landseg_core.raster.source import RasterSource

_SAMPLES = 16
_SAMPLE_BYTES = 4096

_COLUMNS = (
    "id",
    "path",
    "width",
    "height",
    "transform",
    "crs",
    "fingerprint",
    "content",
    "file_grid",
    "alpha",
    "listed",
)


@dataclass(frozen=True)
class ImageEntry:
    """An image of a project.

    Attributes:
        id: its number in the project.
        path: its file, absolute.
        grid: the grid of its labels, on which the image is read.
        missing: True where there is no file.
        fingerprint: a hash of the file's bytes, see `fingerprint`.
        content: what its pixels were when they were last checked; None in an older project, which did not record it.
        file_grid: the grid of the file, where the project keeps another one.
        alpha: how its file is opened, see `raster.alpha`.
    """

    id: int
    path: Path
    grid: RasterGrid
    missing: bool
    fingerprint: str
    content: RasterContent | None = None
    file_grid: RasterGrid | None = None
    alpha: str = AUTO

    @property
    def known_grid(self) -> RasterGrid:
        """Return the grid that the file had when it was last checked."""
        return self.file_grid or self.grid

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
        with open_file(path) as file:
            length = path.stat().st_size
            digest.update(json.dumps([length, grid.width, grid.height, *grid.transform[:6]]).encode())
            for part in range(_SAMPLES):
                file.seek(max(0, length - _SAMPLE_BYTES) * part // (_SAMPLES - 1))
                digest.update(file.read(_SAMPLE_BYTES))
    except OSError as error:
        raise ProjectError(
            N_("{path} cannot be read: {reason}; check that the file exists", path=path, reason=error.strerror)
        ) from error
    return digest.hexdigest()


class Examined(NamedTuple):
    """What was read of an image file: its grid, the hash of its bytes and its content."""

    grid: RasterGrid
    fingerprint: str
    content: RasterContent


def examine(path: Path) -> Examined:
    """Read the grid, hash and content of an image file.

    Raises:
        RasterError: it is not a raster that can be shown.
        ProjectError: it cannot be read.
    """
    with RasterSource(path) as source:
        return Examined(source.grid, fingerprint(path, source.grid), RasterContent.of(source))


@dataclass(frozen=True)
class NewImage:
    """An image that may be added to a project: its absolute path, what was read of it, and how it is to be opened."""

    path: Path
    seen: Examined
    alpha: str = AUTO

    @property
    def name(self) -> str:
        """Return the file's name without its suffix."""
        return self.path.stem

    def entry(self, number: int) -> ImageEntry:
        """Return the image as an entry of a project, with this number."""
        grid, mark, content = self.seen
        return ImageEntry(number, self.path, grid, missing=False, fingerprint=mark, content=content, alpha=self.alpha)


def is_copy(entry: ImageEntry, path: Path) -> bool:
    """Return whether the file at `path` is the image that the project knows: the same bytes, or pixels and grid."""
    try:
        seen = examine(path)
    except LandsegError:
        return False
    has_same_grid = entry.known_grid.is_same(seen.grid)
    return seen.fingerprint == entry.fingerprint or (has_same_grid and seen.content == entry.content)


def file_grid(path: Path) -> RasterGrid:
    """Return the grid of an image file.

    Raises:
        RasterError: it is not a raster that can be shown.
    """
    with RasterSource(path) as source:
        return source.grid


def open_image(entry: ImageEntry, alpha: str | None = None) -> RasterSource:
    """Open the image of a project for reading, in the grid and with the alpha that the project keeps.

    Another `alpha` may be given instead.

    Raises:
        RasterError: it is not a raster that can be shown.
        ProjectError: it is missing, or has another size than when it was added.
    """
    if not is_there(entry.path):
        raise ProjectError(N_("the image {path} is missing; choose where it is now (relink)", path=entry.path))
    source = RasterSource(entry.path, alpha=alpha or entry.alpha)
    try:
        require_size(entry, entry.path, source.grid)
    except ProjectError:
        source.close()
        raise
    source.set_grid(entry.grid)
    return source


def require_size(entry: ImageEntry, path: Path, grid: RasterGrid) -> None:
    """Check that labels painted on `entry` lie on an image of `grid`.

    Raises:
        ProjectError: the image at `path` has another size.
    """
    known = entry.grid
    if (grid.width, grid.height) != (known.width, known.height):
        raise ProjectError(
            N_(
                "{path} is {width} x {height} px, but the labels were painted on an image of {labels_width} x "
                "{labels_height} px; choose the image that they were painted on",
                path=path,
                width=grid.width,
                height=grid.height,
                labels_width=known.width,
                labels_height=known.height,
            )
        )


def require_alpha(path: Path, alpha: str) -> str:
    """Return an alpha as it is stored, after checking that an image has it.

    Raises:
        RasterError: it has no such band, or cannot be opened.
    """
    with RasterSource(path, alpha=alpha) as source:
        return source.alpha


def insert_image(connection: sqlite3.Connection, image: NewImage, folder: Path) -> int:
    """Store an image and return its id."""
    seen = image.seen
    cursor = connection.execute(
        "INSERT INTO images (path, width, height, transform, crs, fingerprint, content, alpha)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            stored_path(image.path, folder),
            seen.grid.width,
            seen.grid.height,
            *stored_georeference(seen.grid),
            seen.fingerprint,
            seen.content.to_text(),
            image.alpha,
        ),
    )
    return int(cursor.lastrowid or 0)


def delete_images(connection: sqlite3.Connection, ids: Iterable[int]) -> None:
    """Delete images with everything that belongs to them."""
    connection.executemany("DELETE FROM images WHERE id = ?", [(image_id,) for image_id in ids])


def update_image(connection: sqlite3.Connection, entry: ImageEntry, folder: Path) -> None:
    """Store where an image is now, and what was last read of its file."""
    file_grid = json.dumps(grid_value(entry.file_grid)) if entry.file_grid else None
    connection.execute(
        "UPDATE images SET path = ?, transform = ?, crs = ?, fingerprint = ?, content = ?, file_grid = ?, alpha = ?"
        " WHERE id = ?",
        (
            stored_path(entry.path, folder),
            *stored_georeference(entry.grid),
            entry.fingerprint,
            entry.content.to_text() if entry.content else None,
            file_grid,
            entry.alpha,
            entry.id,
        ),
    )


def load_images(connection: sqlite3.Connection, limit: int) -> Iterator[Sequence[object]]:
    """Yield the rows of `images`."""
    columns = columns_of(connection, "images", _COLUMNS)
    yield from connection.execute(f"SELECT {columns} FROM images ORDER BY id LIMIT ?", (limit,))


def load_image(row: Sequence[object], folder: Path) -> ImageEntry:
    """Return the image that a row of `images` holds.

    Raises:
        DamageError: the row is damaged.
    """
    number, stored, width, height, transform, crs, mark, content, file_grid, alpha, _ = row
    path = found_path(text(stored), folder)
    grid = stored_grid(width, height, json_value(transform, list), crs)
    return ImageEntry(
        integer(number, 1),
        path,
        grid,
        not is_there(path),
        text(mark),
        None if content is None else RasterContent.from_text(text(content)),
        None if file_grid is None else grid_of(json_value(file_grid, dict)),
        text(alpha) if alpha else AUTO,
    )


def is_listed(row: Sequence[object]) -> bool:
    """Return whether a row of `images` is an image of the project; if not, the step that added it is undone.

    Raises:
        DamageError: the row is damaged.
    """
    return row[-1] is None or bool(integer(row[-1], 0, 1))


def image_called(images: Sequence[ImageEntry], name: str) -> ImageEntry:
    """Return the image with the stem `name`, or with the path `name` where stems collide.

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
        raise ProjectError(
            N_("there are several images called {name}; give the path of one: {paths}", name=name, paths=paths)
        )
    if not images:
        raise ProjectError(N_("there is no image called {name} in the project, which has no images", name=name))
    known = ", ".join(image.name for image in images)
    raise ProjectError(N_("there is no image called {name} in the project; it has {images}", name=name, images=known))
