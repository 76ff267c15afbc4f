"""Notes training runs, predictions and the window's state in an open project."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from landseg_core.errors import ProjectError
from landseg_core.project.history import now
from landseg_core.project.records import (
    PredictionEntry,
    RunEntry,
    delete_prediction,
    delete_run,
    insert_prediction,
    insert_run,
    prediction_row,
    run_row,
    store_view,
)
from landseg_core.project.storage.paths import is_there
from landseg_core.project.storage.project_file import ProjectFile
from landseg_core.project.storage.rows import proper


class RecordList:
    """What belongs to a project without being an edit: noted at once, stored in its turn."""

    def __init__(self, file: ProjectFile) -> None:
        self._file, self._state = file, file.state
        self._folder = file.path.parent

    def add_run(
        self, folder: Path, model: str, classes: Iterable[str], label_state: str, figures: Mapping[str, Any]
    ) -> None:
        """Note a training run; see `Project.add_run`."""
        number = max(self._state.runs, default=0) + 1
        run = RunEntry(number, folder.absolute(), model, tuple(classes), now(), label_state, dict(figures))
        for older in [known for known in self._state.runs.values() if known.folder == run.folder]:
            self.remove_run(older.id)  # a resumed run is one run
        self._file.queue(partial(insert_run, run_row(run, self._folder)))
        self._state.runs = self._state.runs | {number: run}

    def remove_run(self, number: int) -> None:
        """Take a training run out of the project; see `Project.remove_run`."""
        self._file.queue(partial(delete_run, number))
        self._state.runs = {key: run for key, run in self._state.runs.items() if key != number}

    def add_prediction(self, image_id: int, mask: Path, confidence: Path | None, model: Path | None) -> PredictionEntry:
        """Note a predicted map; see `Project.add_prediction`."""
        if image_id not in self._state.images:
            raise ProjectError(f"{self._file.path} has no image number {image_id}")
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
        """Take a prediction out of the project; see `Project.remove_prediction`."""
        self._file.queue(partial(delete_prediction, prediction_id))
        entries = self._state.predictions.items()
        self._state.predictions = {number: entry for number, entry in entries if number != prediction_id}

    def set_view(self, key: str, value: Any) -> None:
        """Keep something for the window; see `Project.set_view_state`."""
        self._state.view[key] = value
        if self._file.read_only_reason is None:
            self._file.queue(partial(store_view, proper(key), json.dumps(value)))


def _replaces(entry: PredictionEntry, other: PredictionEntry) -> bool:
    return (entry.image_id, entry.mask) == (other.image_id, other.mask)
