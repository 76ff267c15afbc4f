"""The tables of a project file, how such a file is recognised, and how older ones are brought up to date."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from landseg_core.errors import ProjectError
from landseg_core.messages import N_
from landseg_core.project.storage.connection import open_errors, sqlite_errors, transaction

APPLICATION_ID = 0x4C534547
"""Marks an SQLite file as a landseg project: "LSEG" in ASCII."""

VERSION = 5
"""The version of the tables below, kept in `PRAGMA user_version`."""

READABLE_SINCE = 1
"""The oldest version that can be read without being brought up to date: columns that it lacks read as NULL."""

_CORRECTIONS = """CREATE TABLE corrections (
    id INTEGER PRIMARY KEY,
    model_hash TEXT NOT NULL,
    model TEXT NOT NULL,
    created TEXT NOT NULL,
    label_state TEXT NOT NULL,
    data BLOB NOT NULL
)"""

TABLES = f"""
CREATE TABLE settings (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
CREATE TABLE view_state (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE images (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    path TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    transform TEXT NOT NULL,
    crs TEXT,
    fingerprint TEXT NOT NULL,
    areas TEXT NOT NULL DEFAULT '[]',
    content TEXT,
    file_grid TEXT,
    alpha TEXT,
    listed INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE tiles (
    id INTEGER PRIMARY KEY,
    image INTEGER NOT NULL REFERENCES images ON DELETE CASCADE,
    level INTEGER NOT NULL,
    row INTEGER NOT NULL,
    "column" INTEGER NOT NULL,
    data BLOB NOT NULL,
    UNIQUE (image, level, row, "column")
);
CREATE TABLE class_pixels (
    image INTEGER NOT NULL REFERENCES images ON DELETE CASCADE,
    value INTEGER NOT NULL,
    pixels INTEGER NOT NULL,
    PRIMARY KEY (image, value)
) WITHOUT ROWID;
CREATE TABLE steps (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    image INTEGER REFERENCES images ON DELETE CASCADE,
    created TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    is_large INTEGER NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL
);
CREATE INDEX steps_image ON steps (image);
CREATE TABLE patches (
    id INTEGER PRIMARY KEY,
    step INTEGER NOT NULL REFERENCES steps ON DELETE CASCADE,
    image INTEGER NOT NULL REFERENCES images ON DELETE CASCADE,
    data BLOB NOT NULL
);
CREATE INDEX patches_step ON patches (step);
CREATE INDEX patches_image ON patches (image);
CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    folder TEXT NOT NULL,
    model TEXT NOT NULL,
    classes TEXT NOT NULL,
    created TEXT NOT NULL,
    label_state TEXT NOT NULL,
    figures TEXT NOT NULL
);
CREATE TABLE predictions (
    id INTEGER PRIMARY KEY,
    image INTEGER NOT NULL REFERENCES images ON DELETE CASCADE,
    mask TEXT NOT NULL,
    confidence TEXT,
    model TEXT,
    created TEXT NOT NULL
);
CREATE INDEX predictions_image ON predictions (image);
{_CORRECTIONS};
"""
"""What the tables hold:

- settings: `classes` (JSON of a class file), `done` (the id of the last step that is done), `last_step` (the highest
  id that a step ever had).
- images, runs, predictions: paths relative to the project's folder with `/`, or absolute; `transform` as JSON of
  (a, b, c, d, e, f); `areas` as JSON of rings in raster px. `content` is what the pixels were when the image was last
  checked, as `RasterContent.to_text` writes it; `file_grid` the grid of its file where the project keeps another one,
  as JSON of width, height, transform and crs. Both are NULL where that is not known. `alpha` is how the file is opened,
  see `raster.alpha`; NULL is `auto`. `listed` is 0 while the step that added the image is undone: the row is then kept
  for redo.
- tiles: 512 x 512 values, compressed by zlib; no row where nothing is painted. The tile index is read without reading
  the pixels.
- steps: undo history; `before` and `after` hold as JSON what a step changed apart from pixels, see `history.Change`.
- patches: what a step changed in one tile, as `TilePatch.encode` writes it.
- corrections: a linear change of a model, fitted to labels, by the SHA-256 of its file; `data` as
  `assistant.corrections` writes it.
"""

_FOREIGN = "SELECT count(*) FROM sqlite_master WHERE coalesce(rootpage, 0) = 0"  # views, triggers, virtual tables


def _add_image_content(connection: sqlite3.Connection) -> None:
    """Add columns for what the image files were like, so that a change to them is detected."""
    connection.execute("ALTER TABLE images ADD COLUMN content TEXT")
    connection.execute("ALTER TABLE images ADD COLUMN file_grid TEXT")


def _add_image_alpha(connection: sqlite3.Connection) -> None:
    """Add a column for the band of each image that marks where there is data."""
    connection.execute("ALTER TABLE images ADD COLUMN alpha TEXT")


def _add_listed(connection: sqlite3.Connection) -> None:
    """Add a column for whether an image is listed, since adding one can be undone."""
    connection.execute("ALTER TABLE images ADD COLUMN listed INTEGER NOT NULL DEFAULT 1")


def _add_corrections(connection: sqlite3.Connection) -> None:
    """Add a table for corrections of models."""
    connection.execute(_CORRECTIONS)


MIGRATIONS: dict[int, Callable[[sqlite3.Connection], None]] = {
    1: _add_image_content,
    2: _add_image_alpha,
    3: _add_listed,
    4: _add_corrections,
}
"""From version N to N + 1, for every N below `VERSION`; each runs inside the one transaction of an update."""


def create_tables(connection: sqlite3.Connection) -> None:
    """Turn an empty database into a project file; inside a transaction of the caller's."""
    for statement in TABLES.split(";\n"):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def columns_of(connection: sqlite3.Connection, table: str, columns: Sequence[str]) -> str:
    """Return the list of columns to select from a table, NULL for those that an older file lacks."""
    present = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
    return ", ".join(f'"{column}"' if column in present else "NULL" for column in columns)


def stored_version(connection: sqlite3.Connection, path: Path) -> int:
    """Return the version of the project file's tables.

    Raises:
        ProjectError: it is another kind of file, or its version is newer than this program.
    """
    with open_errors(path):
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
        foreign = connection.execute(_FOREIGN).fetchone()[0]
    if application != APPLICATION_ID or version < 1:
        raise ProjectError(N_("{path} is not a landseg project; choose another file", path=path))
    if foreign:
        raise ProjectError(
            N_(
                "{path} has SQL views or triggers, which landseg does not write and which may never finish; get the "
                "project again from where it was created",
                path=path,
            )
        )
    if version > VERSION:
        raise ProjectError(
            N_(
                "{path} was made by a newer landseg (format {version}; this one reads up to {newest}); update "
                "landseg to open it. The file is unchanged",
                path=path,
                version=version,
                newest=VERSION,
            )
        )
    return version


def require_current(connection: sqlite3.Connection, path: Path) -> None:
    """Check that the file can be read as it is.

    Raises:
        ProjectError: it is not a project file, or its version is too new or too old.
    """
    if stored_version(connection, path) < READABLE_SINCE:
        raise ProjectError(N_("{path} has an older format; open it for writing once to bring it up to date", path=path))


def bring_up_to_date(connection: sqlite3.Connection, path: Path) -> None:
    """Bring older tables to `VERSION` in one transaction, after a backup to `NAME.landseg.vN.bak`.

    Raises:
        ProjectError: it is not a project file, or newer, or the backup or the update failed; the file is as it was.
    """
    version = stored_version(connection, path)
    if version < VERSION:
        _update(connection, path, version)


def _update(connection: sqlite3.Connection, path: Path, version: int) -> None:
    backup = _backup(connection, path, version)
    try:
        with sqlite_errors(N_("{path} cannot be brought up to date", path=path)), transaction(connection):
            for step in range(version, VERSION):
                MIGRATIONS[step](connection)
            connection.execute(f"PRAGMA user_version = {VERSION}")
    except ProjectError:
        backup.unlink(missing_ok=True)
        raise


def _backup(connection: sqlite3.Connection, path: Path, version: int) -> Path:
    """Copy the file as it is to a new file next to it, and return that."""
    backup = _new_backup(path, version)
    try:
        with sqlite_errors(N_("{path} cannot be written as a backup", path=backup)):
            copy = sqlite3.connect(backup)
            try:
                connection.backup(copy)
            finally:
                copy.close()
    except ProjectError:
        backup.unlink(missing_ok=True)
        raise
    return backup


def _new_backup(path: Path, version: int) -> Path:
    """Return a new, empty file for a backup: nothing is ever overwritten."""
    number = 1
    while True:
        mark = "" if number == 1 else f".{number}"
        backup = path.with_name(f"{path.name}.v{version}{mark}.bak")
        try:
            backup.touch(exist_ok=False)
        except FileExistsError:
            number += 1
        except OSError as error:
            raise ProjectError(
                N_(
                    "{path} has an older format and cannot be backed up before its update ({reason}); make its "
                    "folder writable",
                    path=path,
                    reason=error.strerror,
                )
            ) from error
        else:
            return backup
