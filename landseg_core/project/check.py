"""Verifies a project file: the database, every tile and patch, every path, and that all of it agrees."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from landseg_core.errors import ProjectError
from landseg_core.geo.tiling import TileKey, TilePyramid
from landseg_core.input_files import AnyPath
from landseg_core.labels.class_names import name_notices
from landseg_core.labels.classes import UNLABELLED
from landseg_core.labels.pyramid import EMPTY_TILE, Tile, build_parent
from landseg_core.project.images import ImageEntry
from landseg_core.project.outside.change_list import image_changes
from landseg_core.project.outside.outdated_maps import outdated_maps
from landseg_core.project.state import ProjectState, load_state
from landseg_core.project.step_states import require_whole
from landseg_core.project.storage.connection import DATABASE_ERRORS, reason
from landseg_core.project.storage.paths import is_there
from landseg_core.project.storage.project_file import ProjectFile
from landseg_core.project.storage.steps import load_change, load_patches
from landseg_core.project.storage.tiles import Counts, ancestors, children, load_tile, painted_keys, pyramid_of

_MOST_PROBLEMS = 100


def check_project(path: AnyPath) -> list[str]:
    """Return what is wrong with the project at `path`, one sentence each; nothing where all is well.

    It may be open elsewhere meanwhile, and is never written to.
    """
    path = Path(path)
    try:
        file = ProjectFile(path, read_only=True)
    except ProjectError as error:
        return [str(error)]
    try:
        with file.reads.lease("checked") as connection:
            connection.execute("BEGIN")
            state, damage = load_state(connection, file.path)
            return [*damage, *_Check(connection, state).problems()]
    except ProjectError as error:
        return [*file.notices, str(error)]
    finally:
        file.close()


def notes_on(path: Path) -> list[str]:
    """Return what is no fault of the project at `path` but good to know, one sentence each.

    That is which maps are older than their models, and what is wrong with the names of classes.

    Raises:
        ProjectError: it cannot be read.
    """
    file = ProjectFile(path, read_only=True)
    try:
        outdated = outdated_maps(file.state.listed_predictions)
        return [*map(str, outdated), *name_notices(file.state.schema.names)]
    finally:
        file.close()


class _Check:
    """One look at a project, at one moment."""

    def __init__(self, connection: sqlite3.Connection, state: ProjectState) -> None:
        self._connection, self._state = connection, state

    def problems(self) -> list[str]:
        """Return all sentences, the first hundred of each kind."""
        kinds = [self._database(), self._paths(), self._tiles(), self._history()]
        return [sentence for kind in kinds for sentence in islice(self._whole(kind), _MOST_PROBLEMS)]

    def _whole(self, kind: Iterator[str]) -> Iterator[str]:
        """Yield the sentences of a kind, and as the last one why there are no more where the database gives up."""
        try:
            yield from kind
        except DATABASE_ERRORS as error:
            yield f"the database cannot be read further: {reason(error)}"

    def _database(self) -> Iterator[str]:
        for (found,) in self._connection.execute(f"PRAGMA integrity_check({_MOST_PROBLEMS})").fetchall():
            if found != "ok":
                yield f"the database is damaged: {found}"
        for table, row, *_ in self._connection.execute("PRAGMA foreign_key_check").fetchall():
            yield f"row {row} of the table {table} belongs to nothing"

    def _paths(self) -> Iterator[str]:
        yield from map(str, image_changes(self._state.images.values(), self._connection))
        for run in self._state.runs.values():
            if not is_there(run.folder):
                yield f"the folder {run.folder} of a training run is missing"
        for prediction in self._state.listed_predictions:
            for path in (prediction.mask, prediction.confidence, prediction.model):
                if path is not None and not is_there(path):
                    yield f"the file {path} of a prediction is missing"

    def _tiles(self) -> Iterator[str]:
        for entry in self._state.images.values():
            seen = 0
            pyramid = pyramid_of(entry.grid)
            for level in range(pyramid.levels):
                keys = painted_keys(self._connection, entry.id, pyramid, level)
                seen += len(keys)
                yield from self._level(entry, pyramid, keys) if level == 0 else self._coarser(entry, level, keys)
            yield from self._strays(entry, seen)

    def _level(self, entry: ImageEntry, pyramid: TilePyramid, keys: list[TileKey]) -> Iterator[str]:
        """Check level 0 of an image and its class counts."""
        counts = np.zeros(256, np.int64)
        for key in keys:
            try:
                tile = self._tile(entry, key)
            except ProjectError as error:
                yield f"{_place(entry, key)}: {error}"
                continue
            counts += np.bincount(tile.ravel(), minlength=256)
            if _beyond(tile, pyramid, key):
                yield f"{_place(entry, key)} has labels beyond the image's edge"
        yield from self._counts(entry, counts)

    def _tile(self, entry: ImageEntry, key: TileKey) -> Tile:
        tile = load_tile(self._connection, entry.id, key)
        return EMPTY_TILE if tile is None else tile

    def _counts(self, entry: ImageEntry, counts: Counts) -> Iterator[str]:
        kept = self._state.counts.get(entry.id, np.zeros(256, np.int64))
        if (kept[:UNLABELLED] != counts[:UNLABELLED]).any():
            yield f"the class areas of {entry.name} are not those of its labels"
        for value in np.flatnonzero(counts[:UNLABELLED]):
            if value not in self._state.schema.values:
                yield f"{entry.name} has {counts[value]} px of value {value}, which no class has"

    def _coarser(self, entry: ImageEntry, level: int, keys: list[TileKey]) -> Iterator[str]:
        """Check that a coarser level is what the level below makes it."""
        below = painted_keys(self._connection, entry.id, pyramid_of(entry.grid), level - 1)
        for key in sorted({*keys, *ancestors(below)}):
            try:
                fits = bool((self._tile(entry, key) == self._expected(entry, key)).all())
            except ProjectError as error:
                yield f"{_place(entry, key)}: {error}"
                continue
            if not fits:
                yield f"{_place(entry, key)} does not agree with the level below it"

    def _expected(self, entry: ImageEntry, key: TileKey) -> Tile:
        parent = build_parent([load_tile(self._connection, entry.id, child) for child in children(key)])
        return EMPTY_TILE if parent is None else parent

    def _strays(self, entry: ImageEntry, seen: int) -> Iterator[str]:
        rows = self._connection.execute("SELECT count(*) FROM tiles WHERE image = ?", (entry.id,)).fetchall()
        if rows[0][0] != seen:
            yield f"{entry.name} has {rows[0][0] - seen} tiles outside the image"

    def _history(self) -> Iterator[str]:
        pyramids = {number: pyramid_of(entry.grid) for number, entry in self._state.known_images.items()}
        for step in self._state.history.steps:
            try:
                require_whole(load_change(self._connection, step.id))
                for _ in load_patches(self._connection, step.id, pyramids):
                    pass
            except ProjectError as error:
                yield f"step {step.id} ({step.name}): {error}"


def _place(entry: ImageEntry, key: TileKey) -> str:
    return f"the tile of {entry.name} at level {key.level}, row {key.row}, column {key.column}"


def _beyond(tile: Tile, pyramid: TilePyramid, key: TileKey) -> bool:
    """Tell whether there are labels beyond the image's edge."""
    window = pyramid.tile_window(key)
    return bool((tile[window.height :] != UNLABELLED).any() or (tile[:, window.width :] != UNLABELLED).any())
