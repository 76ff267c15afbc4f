"""What a project holds apart from tiles and patches, in memory; and how it is read from a file that may be damaged."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pydantic

from landseg_core.errors import ProjectError
from landseg_core.labels.classes import ClassSchema
from landseg_core.messages import N_, Text
from landseg_core.project.correction_table import CorrectionEntry, load_correction, load_corrections
from landseg_core.project.history import History, Step
from landseg_core.project.images import ImageEntry, is_listed, load_image, load_images
from landseg_core.project.run_table import (
    PredictionEntry,
    RunEntry,
    load_prediction,
    load_predictions,
    load_run,
    load_runs,
)
from landseg_core.project.storage.connection import DATABASE_ERRORS
from landseg_core.project.storage.rows import DamageError, integer, json_value, text
from landseg_core.project.storage.steps import load_step, load_steps
from landseg_core.project.storage.tiles import Counts, load_counts, painted_keys, pyramid_of

Polygon = tuple[tuple[float, float], ...]
"""A ring of (column, row) coordinates in raster px; its last corner is joined to its first."""


def checked(polygons: Iterable[Sequence[Sequence[float]]]) -> tuple[Polygon, ...]:
    """Return polygons as tuples of floats.

    Raises:
        ProjectError: one has fewer than three corners, or a coordinate is not finite.
    """
    return tuple(_checked(polygon) for polygon in polygons)


def _checked(polygon: Sequence[Sequence[float]]) -> Polygon:
    ring = tuple((float(column), float(row)) for column, row in polygon)
    if len(ring) < 3 or not all(math.isfinite(value) for corner in ring for value in corner):
        raise ProjectError(N_("a working area needs at least three corners; draw it again"))
    return ring


def stored_areas(value: object) -> tuple[Polygon, ...]:
    """Return the polygons that a JSON text holds.

    Raises:
        DamageError: it is damaged.
    """
    return areas_of(json_value(value, list))


def areas_of(parsed: Any) -> tuple[Polygon, ...]:
    """Return the polygons in a parsed JSON list.

    Raises:
        DamageError: it holds something else.
    """
    try:
        return checked(parsed)
    except (TypeError, ValueError, OverflowError) as error:
        raise DamageError(N_("a working area is damaged")) from error


_MOST_ROWS = 1_000_000
"""Rows read of a table: far more than any project has, but damaged tables may seem endless."""

_QUICK_BYTES = 16 * 2**20
"""A file up to this size is checked for damage when it is opened; a larger one as it is read."""

_NO_HISTORY = N_("the undo history cannot be read")

_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#d9d4c7")

T = TypeVar("T")


@dataclass
class ProjectState:
    """The project as the user sees it: ahead of the file by the edits that are waiting to be stored.

    `unlisted` are the images whose adding is undone: they are not part of the project, but redo brings them back. They
    have no labels, since what was done after the adding is undone as well.
    """

    schema: ClassSchema
    images: dict[int, ImageEntry] = field(default_factory=dict)
    unlisted: dict[int, ImageEntry] = field(default_factory=dict)
    areas: dict[int, tuple[Polygon, ...]] = field(default_factory=dict)
    counts: dict[int, Counts] = field(default_factory=dict)
    history: History = field(default_factory=History)
    runs: dict[int, RunEntry] = field(default_factory=dict)
    predictions: dict[int, PredictionEntry] = field(default_factory=dict)
    corrections: dict[int, CorrectionEntry] = field(default_factory=dict)
    view: dict[str, Any] = field(default_factory=dict)

    @property
    def known_images(self) -> dict[int, ImageEntry]:
        """Return all images that the history may be about, listed or not."""
        return self.images | self.unlisted

    @property
    def listed_predictions(self) -> tuple[PredictionEntry, ...]:
        """Return the predictions of the images that are in the project."""
        return tuple(entry for entry in self.predictions.values() if entry.image_id in self.images)

    def remove_images(self, ids: Collection[int]) -> None:
        """Remove images that are gone for good, and their predictions."""
        for table in (self.images, self.unlisted, self.areas, self.counts):
            for image_id in ids:
                table.pop(image_id, None)
        self.predictions = {key: entry for key, entry in self.predictions.items() if entry.image_id not in ids}


def load_state(connection: sqlite3.Connection, path: Path) -> tuple[ProjectState, list[str]]:
    """Return what the project file at `path` holds, and sentences about what is damaged and left out.

    Raises:
        ProjectError: nothing can be read.
    """
    loader = _Loader(connection, path.parent)
    if path.stat().st_size <= _QUICK_BYTES:
        loader.check_database()
    return loader.state(), loader.notices


class _Loader:
    """Reads table by table and row by row, and records what cannot be read."""

    def __init__(self, connection: sqlite3.Connection, folder: Path) -> None:
        self._connection, self._folder = connection, folder
        self.notices: list[str] = []

    def check_database(self) -> None:
        """Record damage to the database itself, wherever it is."""
        found = self._tried(
            N_("the database cannot be read"),
            lambda _: self._connection.execute("PRAGMA quick_check(1)").fetchall(),
            None,
        )
        if found is not None and found != [("ok",)]:
            self.notices.append(N_("parts of the database are damaged"))

    def state(self) -> ProjectState:
        self._check_table("tiles", N_("the labels cannot be read"))
        self._check_table("patches", _NO_HISTORY)
        rows = self._rows(N_("images"), load_images, self._image)
        images = {entry.id: entry for entry, _ in rows}
        listed = {entry.id for entry, is_in in rows if is_in}
        if strays := self._tried(N_("the labels cannot be read"), self._strays, images):
            self.notices.append(
                N_(
                    "%n tiles of labels lie outside the images",
                    n=strays,
                    one="one tile of labels lies outside the images",
                )
            )
        counts = {number: self._tried(N_("the class areas cannot be read"), self._counts, number) for number in images}
        known = {number: found for number, found in counts.items() if found is not None}
        return ProjectState(
            schema=self._tried(N_("the classes cannot be read"), self._schema, None) or _substitute(known.values()),
            images={number: entry for number, entry in images.items() if number in listed},
            unlisted={number: entry for number, entry in images.items() if number not in listed},
            areas={
                number: self._tried(N_("the working areas cannot be read"), self._areas, number) or ()
                for number in images
            },
            counts=known,
            history=self._history(images),
            runs={entry.id: entry for entry in self._rows(N_("training runs"), load_runs, self._run)},
            predictions={
                entry.id: entry
                for entry in self._rows(N_("predictions"), load_predictions, self._prediction)
                if entry.image_id in images
            },
            corrections={entry.id: entry for entry in self._rows(N_("corrections"), load_corrections, load_correction)},
            view=dict(self._rows(N_("views"), _load_view, lambda row: (text(row[0]), json_value(row[1])))),
        )

    def _check_table(self, table: str, failure: Text) -> None:
        """Record `failure` where a table cannot be read at all; its rows are read when they are needed."""
        self._tried(failure, lambda name: self._connection.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchall(), table)

    def _rows(
        self,
        what: Text,
        load: Callable[[sqlite3.Connection, int], Iterator[Sequence[object]]],
        parse: Callable[[Sequence[object]], T],
    ) -> list[T]:
        """Return the rows of a table that can be read; `what` they are, in the plural."""
        found: list[T] = []
        lost = 0
        try:
            for row in load(self._connection, _MOST_ROWS):
                try:
                    found.append(parse(row))
                except ProjectError:
                    lost += 1
        except DATABASE_ERRORS:
            self.notices.append(N_("the list of {what} is damaged and cannot be read to its end", what=what))
        if lost:
            self.notices.append(
                N_("%n of the {what} cannot be read", n=lost, one="one of the {what} cannot be read", what=what)
            )
        return found

    def _tried(self, failure: Text, load: Callable[[Any], T], argument: Any) -> T | None:
        """Return what `load` returns; where it cannot be read, record `failure` and return None."""
        try:
            return load(argument)
        except (*DATABASE_ERRORS, ProjectError):
            self.notices.append(failure)
            return None

    def _image(self, row: Sequence[object]) -> tuple[ImageEntry, bool]:
        return load_image(row, self._folder), is_listed(row)

    def _run(self, row: Sequence[object]) -> RunEntry:
        return load_run(row, self._folder)

    def _prediction(self, row: Sequence[object]) -> PredictionEntry:
        return load_prediction(row, self._folder)

    def _strays(self, images: dict[int, ImageEntry]) -> int:
        """Return how many tiles belong to no tile of an image: only the index is read, not the pixels."""
        total: int = self._connection.execute("SELECT count(*) FROM tiles").fetchone()[0]
        pyramids = {number: pyramid_of(entry.grid) for number, entry in images.items()}
        return total - sum(
            len(painted_keys(self._connection, number, pyramid, level))
            for number, pyramid in pyramids.items()
            for level in range(pyramid.levels)
        )

    def _counts(self, image_id: int) -> Counts:
        return load_counts(self._connection, image_id)

    def _areas(self, image_id: int) -> tuple[Polygon, ...]:
        rows = self._connection.execute("SELECT areas FROM images WHERE id = ?", (image_id,)).fetchall()
        return stored_areas(rows[0][0] if rows else None)

    def _schema(self, _: None) -> ClassSchema:
        try:
            return ClassSchema.model_validate_json(text(self._setting("classes")))
        except pydantic.ValidationError as error:
            raise DamageError(N_("the classes are damaged")) from error

    def _setting(self, key: str) -> object:
        rows = self._connection.execute("SELECT value FROM settings WHERE key = ?", (key,)).fetchall()
        return rows[0][0] if rows else None

    def _history(self, images: dict[int, ImageEntry]) -> History:
        steps = self._rows(N_("steps of the history"), load_steps, load_step)
        known = tuple(step for step in steps if step.image_id is None or step.image_id in images)
        return self._tried(_NO_HISTORY, self._positioned, known) or History()

    def _positioned(self, steps: tuple[Step, ...]) -> History:
        newest = steps[-1].id if steps else 0
        return History(steps, integer(self._setting("done")), integer(self._setting("last_step"), newest))


def _load_view(connection: sqlite3.Connection, limit: int) -> Iterator[Sequence[object]]:
    yield from connection.execute("SELECT key, value FROM view_state LIMIT ?", (limit,))


def _substitute(counts: Any) -> ClassSchema:
    """Return classes named by their values, for labels whose classes are lost."""
    painted = sorted({int(value) for each in counts for value in each.nonzero()[0]}) or [0]
    classes = [
        {"value": value, "name": f"class {value}", "colour": _COLOURS[index % len(_COLOURS)]}
        for index, value in enumerate(painted[:250])
    ]
    return ClassSchema.model_validate({"classes": classes})
