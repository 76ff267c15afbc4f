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
from landseg_core.messages import N_, Text
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

    It may be open elsewhere at the same time, and is never written to.
    """
    path = Path(path)
    try:
        file = ProjectFile(path, read_only=True)
    except ProjectError as error:
        return [str(error)]
    try:
        with file.reads.lease(N_("{path} cannot be checked", path=file.path)) as connection:
            connection.execute("BEGIN")
            state, damage = load_state(connection, file.path)
            return [*damage, *_Check(connection, state).problems()]
    except ProjectError as error:
        return [*file.notices, str(error)]
    finally:
        file.close()


def notes_on(path: Path) -> list[str]:
    """Return what is not an error in the project at `path` but worth knowing, one sentence each.

    These are the maps that are older than their models, and problems with class names.

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
    """One check of a project, within one read transaction."""

    def __init__(self, connection: sqlite3.Connection, state: ProjectState) -> None:
        self._connection, self._state = connection, state

    def problems(self) -> list[str]:
        """Return all sentences, the first hundred of each kind."""
        kinds = [self._database(), self._paths(), self._tiles(), self._history()]
        return [sentence for kind in kinds for sentence in islice(self._whole(kind), _MOST_PROBLEMS)]

    def _whole(self, kind: Iterator[str]) -> Iterator[str]:
        """Yield the sentences of a kind; the last one says why there are no more where the database cannot be read."""
        try:
            yield from kind
        except DATABASE_ERRORS as error:
            yield N_("the database cannot be read further: {reason}", reason=reason(error))

    def _database(self) -> Iterator[str]:
        for (found,) in self._connection.execute(f"PRAGMA integrity_check({_MOST_PROBLEMS})").fetchall():
            if found != "ok":
                yield N_("the database is damaged: {reason}", reason=found)
        for table, row, *_ in self._connection.execute("PRAGMA foreign_key_check").fetchall():
            yield N_("row {row} of the table {table} refers to a row that does not exist", row=row, table=table)

    def _paths(self) -> Iterator[str]:
        yield from map(str, image_changes(self._state.images.values(), self._connection))
        for run in self._state.runs.values():
            if not is_there(run.folder):
                yield N_("the folder {folder} of a training run is missing", folder=run.folder)
        for prediction in self._state.listed_predictions:
            for path in (prediction.mask, prediction.confidence, prediction.model):
                if path is not None and not is_there(path):
                    yield N_("the file {path} of a prediction is missing", path=path)

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
                yield N_("{tile}: {error}", tile=_tile_text(entry, key), error=error)
                continue
            counts += np.bincount(tile.ravel(), minlength=256)
            if _beyond(tile, pyramid, key):
                yield N_("{tile} has labels beyond the edge of the image", tile=_tile_text(entry, key))
        yield from self._counts(entry, counts)

    def _tile(self, entry: ImageEntry, key: TileKey) -> Tile:
        tile = load_tile(self._connection, entry.id, key)
        return EMPTY_TILE if tile is None else tile

    def _counts(self, entry: ImageEntry, counts: Counts) -> Iterator[str]:
        stored = self._state.counts.get(entry.id, np.zeros(256, np.int64))
        if (stored[:UNLABELLED] != counts[:UNLABELLED]).any():
            yield N_("the class areas of {image} do not match its labels", image=entry.name)
        for value in np.flatnonzero(counts[:UNLABELLED]):
            if value not in self._state.schema.values:
                yield N_(
                    "{image} has {pixels} px of value {value}, which no class has",
                    image=entry.name,
                    pixels=counts[value],
                    value=value,
                )

    def _coarser(self, entry: ImageEntry, level: int, keys: list[TileKey]) -> Iterator[str]:
        """Check that a coarser level agrees with the level below it."""
        below = painted_keys(self._connection, entry.id, pyramid_of(entry.grid), level - 1)
        for key in sorted({*keys, *ancestors(below)}):
            try:
                fits = bool((self._tile(entry, key) == self._expected(entry, key)).all())
            except ProjectError as error:
                yield N_("{tile}: {error}", tile=_tile_text(entry, key), error=error)
                continue
            if not fits:
                yield N_("{tile} does not agree with the level below it", tile=_tile_text(entry, key))

    def _expected(self, entry: ImageEntry, key: TileKey) -> Tile:
        parent = build_parent([load_tile(self._connection, entry.id, child) for child in children(key)])
        return EMPTY_TILE if parent is None else parent

    def _strays(self, entry: ImageEntry, seen: int) -> Iterator[str]:
        rows = self._connection.execute("SELECT count(*) FROM tiles WHERE image = ?", (entry.id,)).fetchall()
        if rows[0][0] != seen:
            yield N_(
                "{image} has %n tiles outside the image",
                n=rows[0][0] - seen,
                one="{image} has one tile outside the image",
                image=entry.name,
            )

    def _history(self) -> Iterator[str]:
        pyramids = {number: pyramid_of(entry.grid) for number, entry in self._state.known_images.items()}
        for step in self._state.history.steps:
            try:
                require_whole(load_change(self._connection, step.id))
                for _ in load_patches(self._connection, step.id, pyramids):
                    pass
            except ProjectError as error:
                yield N_("step {number} ({name}): {error}", number=step.id, name=step.name, error=error)


def _tile_text(entry: ImageEntry, key: TileKey) -> Text:
    return N_(
        "the tile of {image} at level {level}, row {row}, column {column}",
        image=entry.name,
        level=key.level,
        row=key.row,
        column=key.column,
    )


def _beyond(tile: Tile, pyramid: TilePyramid, key: TileKey) -> bool:
    """Return whether there are labels beyond the image's edge."""
    window = pyramid.tile_window(key)
    return bool((tile[window.height :] != UNLABELLED).any() or (tile[:, window.width :] != UNLABELLED).any())
