"""Corrections of models that a project holds: stored as they are given, found by the hash of the model file."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from landseg_core.errors import ProjectError
from landseg_core.messages import N_
from landseg_core.project.history import now
from landseg_core.project.storage.rows import DamageError, blob, integer, proper, text

if TYPE_CHECKING:
    from landseg_core.project.storage.project_file import ProjectFile

MOST_BYTES = 4 * 2**20
"""The size of the largest correction that is stored or read."""
MOST_CORRECTIONS = 100
"""A project holds no more than so many."""

_COLUMNS = "id, model_hash, model, created, label_state, length(data)"


@dataclass(frozen=True)
class CorrectionEntry:
    """A correction of a model, without what it consists of.

    Attributes:
        id: its number in the project.
        model_hash: SHA-256 of the model file that it belongs to, as hexadecimal digits.
        model: the name of the model, for people.
        created: when it was stored, as ISO text.
        label_state: the state of the project's labels that it was fitted to.
        size: its size in bytes.
    """

    id: int
    model_hash: str
    model: str
    created: str
    label_state: str
    size: int


def load_corrections(connection: sqlite3.Connection, limit: int) -> Iterator[Sequence[object]]:
    """Yield the rows of `corrections`, without their data; none from a file of a version that had no such table."""
    if connection.execute("PRAGMA table_info(corrections)").fetchall():
        yield from connection.execute(f"SELECT {_COLUMNS} FROM corrections ORDER BY id LIMIT ?", (limit,))


def load_correction(row: Sequence[object]) -> CorrectionEntry:
    """Return the correction that a row of `corrections` describes.

    Raises:
        DamageError: the row is damaged.
    """
    number, model_hash, model, created, state, size = row
    if not re.fullmatch("[0-9a-f]{64}", text(model_hash)):
        raise DamageError(N_("the hash of a model is damaged"))
    return CorrectionEntry(
        integer(number), text(model_hash), text(model), text(created), text(state), integer(size, 1, MOST_BYTES)
    )


def insert_correction(entry: CorrectionEntry, data: bytes, connection: sqlite3.Connection) -> None:
    """Store a correction."""
    connection.execute(
        "INSERT INTO corrections (id, model_hash, model, created, label_state, data) VALUES (?, ?, ?, ?, ?, ?)",
        (entry.id, entry.model_hash, entry.model, entry.created, entry.label_state, data),
    )


def delete_correction(number: int, connection: sqlite3.Connection) -> None:
    """Remove a correction."""
    connection.execute("DELETE FROM corrections WHERE id = ?", (number,))


class CorrectionTable:
    """The corrections of a project: listed in memory at once, stored after the queued edits; not steps of the history.

    Several may belong to one model; the newest is used, and once it is removed the one before.
    """

    def __init__(self, file: ProjectFile) -> None:
        self._file, self._state = file, file.state

    @property
    def entries(self) -> tuple[CorrectionEntry, ...]:
        """Return what is stored, oldest first."""
        return tuple(self._state.corrections.values())

    def of_model(self, model_hash: str) -> CorrectionEntry | None:
        """Return the newest correction of the model file with this SHA-256; None where there is none."""
        return next((entry for entry in reversed(self.entries) if entry.model_hash == model_hash), None)

    def is_current(self, entry: CorrectionEntry) -> bool:
        """Return whether the labels are still as they were when a correction was fitted to them."""
        return entry.label_state == self._state.history.state

    def add(self, model_hash: str, model: str, data: bytes) -> CorrectionEntry:
        """Store a correction, fitted to the labels as they are, of the model file with this SHA-256.

        Raises:
            ProjectError: it is too large, there are too many, or the project cannot be changed.
        """
        self._require_room(len(data))
        number = max(self._state.corrections, default=0) + 1
        state = self._state.history.state
        entry = load_correction((number, model_hash, proper(model), now(), state, len(data)))
        self._file.queue(partial(insert_correction, entry, data))
        self._state.corrections = self._state.corrections | {number: entry}
        return entry

    def _require_room(self, size: int) -> None:
        if size > MOST_BYTES:
            raise ProjectError(
                N_(
                    "a correction of {size} bytes is too large to be stored (at most {most}); correct a model with "
                    "fewer classes",
                    size=size,
                    most=MOST_BYTES,
                )
            )
        if len(self._state.corrections) >= MOST_CORRECTIONS:
            raise ProjectError(
                N_(
                    "{path} holds {count} corrections already; delete some of them first",
                    path=self._file.path,
                    count=len(self._state.corrections),
                )
            )

    def remove(self, number: int) -> None:
        """Remove a correction from the project.

        Raises:
            ProjectError: there is none with this number, or the project cannot be changed.
        """
        if number not in self._state.corrections:
            raise ProjectError(
                N_(
                    "{path} has no correction number {number}; choose one that it has",
                    path=self._file.path,
                    number=number,
                )
            )
        self._file.queue(partial(delete_correction, number))
        self._state.corrections = {key: entry for key, entry in self._state.corrections.items() if key != number}

    def data(self, number: int) -> bytes:
        """Return what a correction consists of, once all edits are stored; from any thread.

        Raises:
            ProjectError: it is not there, is damaged, or cannot be read.
        """
        self._file.flush()
        with self._file.reads.lease() as connection:
            rows = connection.execute(
                "SELECT data FROM corrections WHERE id = ? AND length(data) <= ?", (number, MOST_BYTES)
            ).fetchall()
        if not rows:
            raise DamageError(
                N_(
                    "the correction number {number} in {path} cannot be read; delete it",
                    path=self._file.path,
                    number=number,
                )
            )
        return blob(rows[0][0])
