"""Steps of the history in the project file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple

from landseg_core.geo.tiling import TilePyramid
from landseg_core.labels.delta import TilePatch
from landseg_core.messages import N_
from landseg_core.project.history import Change, History, Step
from landseg_core.project.storage.rows import DamageError, blob, integer, json_value, text

ImagePatch = tuple[int, TilePatch]
"""An image's id and what changes in one of its tiles."""

_COLUMNS = "id, name, image, created, bytes, is_large"


def store_position(connection: sqlite3.Connection, history: History) -> None:
    """Store the position in the history."""
    connection.executemany(
        "INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        [("done", history.done), ("last_step", history.last_id)],
    )


def delete_steps(connection: sqlite3.Connection, ids: Iterable[int]) -> None:
    """Delete steps and everything that they changed; their space is reused."""
    connection.executemany("DELETE FROM steps WHERE id = ?", [(step_id,) for step_id in ids])


def insert_step(connection: sqlite3.Connection, step: Step, change: Change) -> None:
    """Store a step; its patches follow."""
    connection.execute(
        f"INSERT INTO steps ({_COLUMNS}, before, after) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (*astuple(step), *change.to_json()),
    )


def insert_patches(connection: sqlite3.Connection, step_id: int, patches: Iterable[ImagePatch]) -> int:
    """Store patches of a step and return how many bytes they take."""
    encoded = [(step_id, image_id, patch.encode()) for image_id, patch in patches]
    connection.executemany("INSERT INTO patches (step, image, data) VALUES (?, ?, ?)", encoded)
    return sum(len(data) for _, _, data in encoded)


def set_size(connection: sqlite3.Connection, step_id: int, size: int, *, is_large: bool) -> None:
    """Store how many bytes the patches of a step take, and whether they are many."""
    connection.execute("UPDATE steps SET bytes = ?, is_large = ? WHERE id = ?", (size, is_large, step_id))


def load_step(row: Sequence[object]) -> Step:
    """Return the step that a row of `steps` holds.

    Raises:
        DamageError: the row is damaged.
    """
    number, name, image, created, size, is_large = row
    return Step(
        integer(number, 1),
        text(name),
        None if image is None else integer(image),
        text(created),
        integer(size),
        bool(integer(is_large)),
    )


def load_steps(connection: sqlite3.Connection, limit: int) -> Iterator[Sequence[object]]:
    """Yield the rows of `steps`, oldest first."""
    yield from connection.execute(f"SELECT {_COLUMNS} FROM steps ORDER BY id LIMIT ?", (limit,))


def load_change(connection: sqlite3.Connection, step_id: int) -> Change:
    """Return what a step changed apart from pixels.

    Raises:
        DamageError: it is damaged or gone.
    """
    rows = connection.execute("SELECT before, after FROM steps WHERE id = ?", (step_id,)).fetchall()
    if not rows:
        raise DamageError(N_("a step of the history is missing; it cannot be undone or redone"))
    try:
        before, after = (json_value(state, dict) for state in rows[0])
    except DamageError as error:
        raise DamageError(N_("a step of the history is damaged; it cannot be undone or redone")) from error
    return Change(before, after)


def load_patches(
    connection: sqlite3.Connection, step_id: int, pyramids: dict[int, TilePyramid]
) -> Iterator[ImagePatch]:
    """Yield the patches of a step one by one, in the order in which they were stored.

    Raises:
        ProjectError: one is damaged.
    """
    for image, data in connection.execute("SELECT image, data FROM patches WHERE step = ? ORDER BY id", (step_id,)):
        image_id, patch = integer(image), TilePatch.decode(blob(data))
        if image_id not in pyramids or not _fits(patch, pyramids[image_id]):
            raise DamageError(N_("a step of the history is damaged and cannot be undone: it lies outside the image"))
        yield image_id, patch


def _fits(patch: TilePatch, pyramid: TilePyramid) -> bool:
    """Return whether a patch lies inside the image."""
    right = patch.key.column * pyramid.tile + patch.box.right
    bottom = patch.key.row * pyramid.tile + patch.box.bottom
    return right <= pyramid.width and bottom <= pyramid.height
