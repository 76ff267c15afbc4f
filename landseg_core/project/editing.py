"""Gestures, and steps that undo and redo in memory: shown at once, stored in order in the background."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass

from landseg_core.errors import ProjectError
from landseg_core.geo.tiling import TileKey, TilePyramid
from landseg_core.labels.delta import LabelDelta, TilePatch
from landseg_core.labels.edit import FinishedEdit
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.messages import N_
from landseg_core.project.history import NO_CHANGE, Change, History, Step
from landseg_core.project.images import ImageEntry, delete_images
from landseg_core.project.step_states import StepState, adopt_state, parsed_state, store_state
from landseg_core.project.storage.project_file import ProjectFile
from landseg_core.project.storage.rows import DamageError, proper
from landseg_core.project.storage.steps import (
    delete_steps,
    insert_patches,
    insert_step,
    load_change,
    load_patches,
    set_size,
    store_position,
)
from landseg_core.project.storage.tiles import StoredTiles, add_counts, pyramid_of, store_tiles
from landseg_core.project.storage.writer import Task


@dataclass(frozen=True)
class _Content:
    """What a step changes: pixels of its image, and the rest."""

    patches: tuple[TilePatch, ...]
    change: Change


@dataclass(frozen=True)
class _Move:
    """What an edit, undo or redo leads to: labels of its image, one state of a change, a position in the history."""

    image_id: int | None
    state: StepState
    edit: FinishedEdit | None
    history: History

    def write(self, connection: sqlite3.Connection) -> None:
        """Store it in the file."""
        if self.edit is not None and self.image_id is not None:
            store_tiles(connection, self.image_id, self.edit.tiles)
            add_counts(connection, self.image_id, self.edit.delta.counts())
        store_state(connection, self.image_id, self.state)
        store_position(connection, self.history)


class Editor:
    """Changes the state in memory at once and queues the transaction that stores the change in the file."""

    def __init__(self, file: ProjectFile) -> None:
        self._file, self._state = file, file.state
        self._waiting: dict[int, _Content] = {}
        self._labels: dict[int, LabelRaster] = {}
        self._guard = threading.Lock()

    def labels(self, image_id: int) -> LabelRaster:
        """Return the labels of an image, always the same object.

        Raises:
            ProjectError: there is no such image.
        """
        entry = self._file.entry(image_id)
        with self._guard:
            if image_id not in self._labels:
                self._labels[image_id] = self._new_labels(entry)
            return self._labels[image_id]

    def _new_labels(self, entry: ImageEntry) -> LabelRaster:

        def on_damage(key: TileKey, _: DamageError) -> None:
            self._file.add_notice(
                N_(
                    "a tile of {image} (level {level}, row {row}, column {column}) is damaged and counts as unlabelled",
                    image=entry.name,
                    level=key.level,
                    row=key.row,
                    column=key.column,
                )
            )

        return LabelRaster(entry.grid.width, entry.grid.height, StoredTiles(self._file.reads, entry.id, on_damage))

    def pyramids(self) -> dict[int, TilePyramid]:
        """Return the tiling of every image's labels."""
        return {number: pyramid_of(entry.grid) for number, entry in self._state.images.items()}

    def reset_labels(self, image_ids: set[int]) -> None:
        """Have the labels of images read again, because the file has changed."""
        with self._guard:
            changed = [labels for number, labels in self._labels.items() if number in image_ids]
        for labels in changed:
            labels.reload()

    def remove_images(self, ids: Collection[int]) -> None:
        """Remove images that are gone for good, and their labels."""
        with self._guard:
            for image_id in ids:
                self._labels.pop(image_id, None)
            self._state.remove_images(ids)

    def record(self, image_id: int, edit: FinishedEdit, name: str) -> None:
        """Record a gesture as a step; if that is not possible now, the gesture is reverted.

        Raises:
            ProjectError: the project is read-only, busy, or cannot store earlier edits.
        """
        try:
            self._file.require_ready()
        except ProjectError:
            self._revert(image_id, edit)
            raise
        self._add(name, image_id, _Content(edit.delta.patches, NO_CHANGE), edit)

    def _revert(self, image_id: int, edit: FinishedEdit) -> None:
        labels = self.labels(image_id)
        labels.stored(labels.apply(edit.delta.inverted()))
        labels.stored(edit)
        labels.reload()  # the file may have changed during the gesture

    def require_no_gesture(self) -> None:
        """Check that nothing is being painted just now: it would overwrite what is about to change.

        Raises:
            ProjectError: a gesture is under way.
        """
        with self._guard:
            opened = [*self._labels.values()]
        if any(labels.is_being_edited for labels in opened):
            raise ProjectError(N_("a stroke is being painted; finish it first"))

    def change(self, name: str, image_id: int | None, change: Change) -> None:
        """Record a change of something other than pixels as a step.

        Raises:
            ProjectError: as `record`.
        """
        self._file.require_ready()
        adopt_state(self._state, image_id, parsed_state(change.after))
        self._add(name, image_id, _Content((), change), None)

    def _add(self, name: str, image_id: int | None, content: _Content, edit: FinishedEdit | None) -> None:
        with self._guard:
            older = self._state.history
            step = older.new_step(proper(name), image_id, len(content.patches))
            history = self._state.history = older.added(step)
            self._waiting[step.id] = content
        move = _Move(image_id, content.change.after, edit, history)
        dropped, lost, sizes = history.dropped(older), [*self._state.unlisted], [0]
        self.remove_images(lost)

        def write(connection: sqlite3.Connection) -> None:
            delete_steps(connection, dropped)
            delete_images(connection, lost)
            insert_step(connection, step, content.change)
            sizes[0] = insert_patches(connection, step.id, [(image_id or 0, patch) for patch in content.patches])
            set_size(connection, step.id, sizes[0], is_large=step.is_large)
            move.write(connection)

        self._queue(move, write, lambda: self._measured(step.id, sizes[0]))

    def _measured(self, step_id: int, size: int) -> None:
        """Release a step's patches, which can be read from the file from now on."""
        with self._guard:
            self._waiting.pop(step_id, None)
            self._state.history = self._state.history.measured(step_id, size)

    def _queue(
        self, move: _Move, write: Callable[[sqlite3.Connection], None], stored: Callable[[], None] = lambda: None
    ) -> None:
        """Queue the transaction of a move, and count its pixels."""
        if move.edit is None or move.image_id is None:
            self._file.writer().put(Task(write, stored))
            return
        edit, labels = move.edit, self.labels(move.image_id)
        self._state.counts[move.image_id] = self._state.counts[move.image_id] + edit.delta.counts()

        def release_tiles() -> None:
            stored()
            labels.stored(edit)

        self._file.writer().put(Task(write, release_tiles))

    def travel(self, step: Step, *, forward: bool) -> None:
        """Undo or redo (`forward`) the small step that is next.

        Raises:
            ProjectError: as `record`, or the step is damaged; nothing has changed then.
        """
        self._file.require_ready()
        self.require_no_gesture()
        content = self._waiting.get(step.id) or self._load(step)
        state = content.change.state(forward=forward)
        parsed = parsed_state(state)
        edit = self._apply(step.image_id, content.patches, forward=forward)
        adopt_state(self._state, step.image_id, parsed)
        with self._guard:
            history = self._state.history = self._state.history.moved(forward=forward)
        move = _Move(step.image_id, state, edit, history)
        self._queue(move, move.write)

    def _apply(self, image_id: int | None, patches: tuple[TilePatch, ...], *, forward: bool) -> FinishedEdit | None:
        if image_id is None or not patches:
            return None
        delta = LabelDelta(patches)
        return self.labels(image_id).apply(delta if forward else delta.inverted())

    def _load(self, step: Step) -> _Content:
        with self._file.reads.lease() as connection:
            patches = list(load_patches(connection, step.id, self.pyramids()))
            change = load_change(connection, step.id)
        if any(image_id != step.image_id for image_id, _ in patches):
            raise ProjectError(
                N_("a step of the history is damaged and cannot be undone: it refers to the wrong image")
            )
        return _Content(tuple(patch for _, patch in patches), change)
