"""Undo, redo and changes that are steps of the history: in memory, or tile by tile in the project file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from landseg_core.errors import ProjectError
from landseg_core.events import JobControl, OnEvent
from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.class_names import name_problem
from landseg_core.labels.classes import UNLABELLED, ClassSchema
from landseg_core.messages import N_
from landseg_core.progress import ProgressMeter
from landseg_core.project.editing import Editor
from landseg_core.project.history import NO_CHANGE, Change, History, Step, is_large
from landseg_core.project.images import delete_images
from landseg_core.project.state import checked
from landseg_core.project.step_states import StepState, adopt_state, parsed_state, store_state
from landseg_core.project.storage.project_file import ProjectFile
from landseg_core.project.storage.rewrite import ChangeTile, Rewrite, Values
from landseg_core.project.storage.rows import proper
from landseg_core.project.storage.steps import (
    delete_steps,
    insert_step,
    load_change,
    load_patches,
    set_size,
    store_position,
)
from landseg_core.project.storage.tiles import painted_keys

TileOf = tuple[int, TileKey]
"""An image's id and a tile of it."""


@dataclass(frozen=True)
class _Plan:
    """A bulk edit: the step's name and image, the tiles that go through `change_tile`, and what else changes."""

    name: str
    image_id: int | None
    tiles: Callable[[sqlite3.Connection], Sequence[TileOf]]
    change_tile: ChangeTile
    change: Change = NO_CHANGE


class BulkEditor:
    """Edits in the file itself: the caller's thread works on the writer's connection, one tile after the other.

    Memory holds one tile and a list of those that changed. A stop or a failure leaves everything as it was.
    """

    def __init__(self, file: ProjectFile, editor: Editor) -> None:
        self._file, self._state, self._editor = file, file.state, editor

    def edit_tiles(
        self,
        image_id: int,
        name: str,
        change: ChangeTile,
        window: PixelWindow | None,
        *,
        painted_only: bool,
        on_event: OnEvent,
        control: JobControl,
    ) -> int:
        """Change tiles of an image as one step; see `Project.edit_tiles`."""
        pyramid = self._editor.labels(image_id).pyramid
        area = window or self._state.images[image_id].grid.window

        def tiles(connection: sqlite3.Connection) -> list[TileOf]:
            touched = pyramid.tiles_in(0, area)
            painted = set(painted_keys(connection, image_id, pyramid)) if painted_only else None
            return [(image_id, key) for key in touched if painted is None or key in painted]

        return self._new_step(_Plan(name, image_id, tiles, change), on_event, control)

    def remap(
        self, name: str, change: Change, table: npt.NDArray[np.uint8], on_event: OnEvent, control: JobControl
    ) -> None:
        """Change the classes, and the values of all labels by a (256,) table, as one step."""

        def tiles(connection: sqlite3.Connection) -> list[TileOf]:
            pyramids = self._editor.pyramids().items()
            return [(number, key) for number, each in pyramids for key in painted_keys(connection, number, each)]

        def look_up(_key: TileKey, _window: PixelWindow, values: Values) -> Values:
            return table[values]

        self._new_step(_Plan(name, None, tiles, look_up, change), on_event, control)

    def _new_step(self, plan: _Plan, on_event: OnEvent, control: JobControl) -> int:
        """Make one step of a plan, or none where nothing changes; return how many px changed."""
        with self._file.alone():
            with self._rewriting(plan.name) as (connection, rewrite):
                older = self._state.history  # its steps are stored by now, and measured
                step = older.new_step(proper(plan.name), plan.image_id)
                insert_step(connection, step, plan.change)
                tiles = plan.tiles(connection)
                meter = ProgressMeter(plan.name, len(tiles), on_event)
                for image_id, key in tiles:
                    control.checkpoint()
                    rewrite.change(image_id, key, plan.change_tile, step.id)
                    meter.add(1)
                rewrite.finish(control)
                step = _measured(step, rewrite)
                has_changed = bool(rewrite.patches or plan.change.after)
                history = older.added(step) if has_changed else older
                lost = [*self._state.unlisted] if has_changed else []
                delete_steps(connection, history.dropped(older) if has_changed else [step.id])
                delete_images(connection, lost)
                set_size(connection, step.id, step.bytes, is_large=step.is_large)
                store_state(connection, plan.image_id, plan.change.after)
                store_position(connection, history)
            self._editor.remove_images(lost)
            self._adopt(history, plan.image_id, plan.change.after, rewrite)
        return rewrite.pixels

    def travel(self, step: Step, *, forward: bool, on_event: OnEvent, control: JobControl) -> None:
        """Undo or redo (`forward`) the large step that is next.

        Raises:
            ProjectError: the step is damaged, or cannot be stored; nothing has changed then.
            JobStopped: nothing has changed.
        """
        task = N_("Redo {step}", step=step.name) if forward else N_("Undo {step}", step=step.name)
        with self._file.alone():
            with self._rewriting(task) as (connection, rewrite):
                state = load_change(connection, step.id).state(forward=forward)
                parsed_state(state)
                meter = ProgressMeter(task, _patch_count(connection, step.id), on_event)
                for image_id, patch in load_patches(connection, step.id, self._editor.pyramids()):
                    control.checkpoint()
                    rewrite.apply(image_id, patch if forward else patch.inverted())
                    meter.add(1)
                rewrite.finish(control)
                history = self._state.history.moved(forward=forward)
                store_state(connection, step.image_id, state)
                store_position(connection, history)
            self._adopt(history, step.image_id, state, rewrite)

    @contextmanager
    def _rewriting(self, name: str) -> Iterator[tuple[sqlite3.Connection, Rewrite]]:
        self._editor.require_no_gesture()
        with self._file.transaction(name) as connection:
            yield connection, Rewrite(connection, self._editor.pyramids())

    def _adopt(self, history: History, image_id: int | None, state: StepState, rewrite: Rewrite) -> None:
        """Bring the state in memory up to date with the file."""
        self._state.history = history
        adopt_state(self._state, image_id, parsed_state(state))
        for number, change in rewrite.counts.items():
            self._state.counts[number] = self._state.counts[number] + change
        self._editor.reset_labels(set(rewrite.counts))


def _measured(step: Step, rewrite: Rewrite) -> Step:
    """Return the step with the size of its patches."""
    return replace(step, bytes=rewrite.bytes, is_large=is_large(rewrite.patches, step.image_id))


def _patch_count(connection: sqlite3.Connection, step_id: int) -> int:
    count: int = connection.execute("SELECT count(*) FROM patches WHERE step = ?", (step_id,)).fetchone()[0]
    return count


class HistoryEngine:
    """Applies steps in memory or, where they are large, in the file."""

    def __init__(self, file: ProjectFile, editor: Editor, bulk: BulkEditor) -> None:
        self._file, self._state, self._editor, self._bulk = file, file.state, editor, bulk

    def travel(self, step: Step | None, *, forward: bool, on_event: OnEvent, control: JobControl | None) -> Step | None:
        """Undo or redo (`forward`) the step that is next, if there is one."""
        self._file.require_ready()
        if step is not None and step.is_large:
            self._bulk.travel(step, forward=forward, on_event=on_event, control=control or JobControl())
        elif step is not None:
            self._editor.travel(step, forward=forward)
        return step

    def set_areas(self, image_id: int, polygons: Iterable[Sequence[Sequence[float]]], name: str) -> None:
        """Change the working areas of an image; see `Project.set_areas`."""
        before = self._state.areas[self._file.entry(image_id).id]  # an image whose adding is undone still has areas
        self._editor.change(name, image_id, Change({"areas": before}, {"areas": checked(polygons)}))

    def change_schema(
        self, schema: ClassSchema, name: str, remap: Mapping[int, int], on_event: OnEvent, control: JobControl
    ) -> None:
        """Change the classes, and with them the labels; see `Project.change_schema`."""
        if problem := name_problem(schema.names, self._state.schema.names):
            raise ProjectError(N_("the classes were not changed: {problem}; choose another name", problem=problem))
        self._require_heirs(schema, remap)
        change = Change({"classes": _plain(self._state.schema)}, {"classes": _plain(schema)})
        if not remap:
            self._editor.change(name, None, change)
            return
        table = np.arange(256, dtype=np.uint8)
        table[list(remap)] = list(remap.values())
        self._bulk.remap(name, change, table, on_event, control)

    def _require_heirs(self, schema: ClassSchema, remap: Mapping[int, int]) -> None:
        """Check that every label that has a class keeps one, or loses it on purpose.

        Raises:
            ProjectError: one would not.
        """
        before = set(self._state.schema.values)
        allowed = {*schema.values, UNLABELLED}
        painted = {
            int(value) for counts in self._state.counts.values() for value in np.flatnonzero(counts[:UNLABELLED])
        }
        for value in (painted & before) | set(remap):
            heir = remap.get(value, value)
            if value == UNLABELLED or heir not in allowed:
                raise ProjectError(
                    N_(
                        "labels of value {value} would be left without a class; choose the class that they become, "
                        "or 255 for none",
                        value=value,
                    )
                )


def _plain(schema: ClassSchema) -> object:
    return json.loads(schema.to_json())
