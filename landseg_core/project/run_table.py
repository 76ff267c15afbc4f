"""Training runs and predictions that belong to a project: by path, their files stay where they are."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from landseg_core.project.history import now
from landseg_core.project.storage.paths import found_path, is_there, stored_path
from landseg_core.project.storage.rows import integer, json_value, optional_text, proper, text

if TYPE_CHECKING:
    from landseg_core.project.storage.project_file import ProjectFile

_RUN_COLUMNS = "id, folder, model, classes, created, label_state, figures"
_PREDICTION_COLUMNS = "id, image, mask, confidence, model, created"

Row = tuple[object, ...]
"""The values of one row, ready to store."""


@dataclass(frozen=True)
class RunEntry:
    """A training run: its folder, architecture, class names, the state of its labels and its metrics."""

    id: int
    folder: Path
    model: str
    classes: tuple[str, ...]
    created: str
    label_state: str
    metrics: dict[str, Any]


@dataclass(frozen=True)
class PredictionEntry:
    """A predicted map of an image and, where there is one, its confidence; `missing` without a file at `mask`."""

    id: int
    image_id: int
    mask: Path
    confidence: Path | None
    model: Path | None
    created: str
    missing: bool


def run_row(run: RunEntry, folder: Path) -> Row:
    """Return the row of `runs` for a run of a project in `folder`.

    Raises:
        ProjectError: its path cannot be written as text.
    """
    path, classes, metrics = stored_path(run.folder, folder), json.dumps(run.classes), json.dumps(run.metrics)
    return run.id, path, proper(run.model), classes, run.created, proper(run.label_state), metrics


def insert_run(row: Row, connection: sqlite3.Connection) -> None:
    """Store a run."""
    connection.execute(f"INSERT INTO runs ({_RUN_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", row)


def delete_run(number: int, connection: sqlite3.Connection) -> None:
    """Remove a run from the project; its folder stays."""
    connection.execute("DELETE FROM runs WHERE id = ?", (number,))


def load_runs(connection: sqlite3.Connection, limit: int) -> Iterator[Sequence[object]]:
    """Yield the rows of `runs`."""
    yield from connection.execute(f"SELECT {_RUN_COLUMNS} FROM runs ORDER BY id LIMIT ?", (limit,))


def load_run(row: Sequence[object], folder: Path) -> RunEntry:
    """Return the run that a row of `runs` holds.

    Raises:
        ProjectError: the row is damaged.
    """
    number, path, model, classes, created, state, metrics = row
    return RunEntry(
        integer(number),
        found_path(text(path), folder),
        text(model),
        tuple(str(name) for name in json_value(classes, list)),
        text(created),
        text(state),
        json_value(metrics, dict),
    )


def prediction_row(entry: PredictionEntry, folder: Path) -> Row:
    """Return the row of `predictions` for a prediction of a project in `folder`.

    Raises:
        ProjectError: a path cannot be written as text.
    """
    paths = [stored_path(path, folder) if path else None for path in (entry.mask, entry.confidence, entry.model)]
    return entry.id, entry.image_id, *paths, entry.created


def insert_prediction(row: Row, connection: sqlite3.Connection) -> None:
    """Store a prediction."""
    connection.execute(f"INSERT INTO predictions ({_PREDICTION_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", row)


def delete_prediction(number: int, connection: sqlite3.Connection) -> None:
    """Remove a prediction from the project; its files stay."""
    connection.execute("DELETE FROM predictions WHERE id = ?", (number,))


def load_predictions(connection: sqlite3.Connection, limit: int) -> Iterator[Sequence[object]]:
    """Yield the rows of `predictions`."""
    yield from connection.execute(f"SELECT {_PREDICTION_COLUMNS} FROM predictions ORDER BY id LIMIT ?", (limit,))


def load_prediction(row: Sequence[object], folder: Path) -> PredictionEntry:
    """Return the prediction that a row of `predictions` holds.

    Raises:
        ProjectError: the row is damaged.
    """
    number, image, mask, confidence, model, created = row
    path = found_path(text(mask), folder)
    others = [found_path(name, folder) if (name := optional_text(value)) else None for value in (confidence, model)]
    return PredictionEntry(
        integer(number), integer(image), path, others[0], others[1], text(created), not is_there(path)
    )


def store_view(key: str, value: str, connection: sqlite3.Connection) -> None:
    """Store a JSON text that the window saves under `key`."""
    connection.execute(
        "INSERT INTO view_state (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, value),
    )


class RunTable:
    """What belongs to a project without being an edit: recorded in memory at once, stored after the queued edits."""

    def __init__(self, file: ProjectFile) -> None:
        self._file, self._state = file, file.state
        self._folder = file.path.parent

    def add_run(
        self, folder: Path, model: str, classes: Iterable[str], label_state: str, metrics: Mapping[str, Any]
    ) -> None:
        """Record a training run; see `Project.add_run`."""
        number = max(self._state.runs, default=0) + 1
        run = RunEntry(number, folder.absolute(), model, tuple(classes), now(), label_state, dict(metrics))
        for older in [known for known in self._state.runs.values() if known.folder == run.folder]:
            self.remove_run(older.id)  # a resumed run is one run
        self._file.queue(partial(insert_run, run_row(run, self._folder)))
        self._state.runs = self._state.runs | {number: run}

    def remove_run(self, number: int) -> None:
        """Remove a training run from the project; see `Project.remove_run`."""
        self._file.queue(partial(delete_run, number))
        self._state.runs = {key: run for key, run in self._state.runs.items() if key != number}

    def add_prediction(self, image_id: int, mask: Path, confidence: Path | None, model: Path | None) -> PredictionEntry:
        """Record a predicted map; see `Project.add_prediction`."""
        self._file.entry(image_id)
        number = max(self._state.predictions, default=0) + 1
        paths = [path.absolute() if path else None for path in (confidence, model)]
        entry = PredictionEntry(number, image_id, mask.absolute(), paths[0], paths[1], now(), not is_there(mask))
        row = prediction_row(entry, self._folder)
        for older in [other for other in self._state.predictions.values() if _replaces(entry, other)]:
            self.remove_prediction(older.id)
        self._file.queue(partial(insert_prediction, row))
        self._state.predictions = self._state.predictions | {number: entry}
        return entry

    def remove_prediction(self, prediction_id: int) -> None:
        """Remove a prediction from the project; see `Project.remove_prediction`."""
        self._file.queue(partial(delete_prediction, prediction_id))
        entries = self._state.predictions.items()
        self._state.predictions = {number: entry for number, entry in entries if number != prediction_id}

    def set_view(self, key: str, value: Any) -> None:
        """Save a value for the window; see `Project.set_view_state`."""
        self._state.view[key] = value
        if self._file.read_only_reason is None:
            self._file.queue(partial(store_view, proper(key), json.dumps(value)))


def _replaces(entry: PredictionEntry, other: PredictionEntry) -> bool:
    return (entry.image_id, entry.mask) == (other.image_id, other.mask)
