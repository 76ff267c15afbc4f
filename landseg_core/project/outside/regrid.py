"""Decides what happens to the labels of an image whose file has a new grid: they keep their grid, or move."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path
from typing import Literal

from landseg_core.errors import ProjectError
from landseg_core.events import JobControl, OnEvent
from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.delta import TilePatch
from landseg_core.labels.pyramid import EMPTY_TILE, TILE
from landseg_core.messages import N_
from landseg_core.progress import ProgressMeter
from landseg_core.project.editing import Editor
from landseg_core.project.history import Change
from landseg_core.project.images import Examined, ImageEntry, NewImage, delete_images, examine, insert_image
from landseg_core.project.outside.label_shift import LabelShift, Shift, shifted_rings
from landseg_core.project.step_states import image_state
from landseg_core.project.storage.project_file import ProjectFile
from landseg_core.project.storage.rewrite import Rewrite
from landseg_core.project.storage.steps import delete_steps, store_position
from landseg_core.project.storage.tiles import pyramid_of

MoveBy = Literal["pixels", "ground"]
"""What labels keep when they move to a new grid: their pixel, or their map coordinates."""


@dataclass(frozen=True)
class Move:
    """How the labels of an image move to the grid that its file has now.

    Attributes:
        image_id: the image.
        path: its file from then on.
        seen: what was read of that file.
        shift: how many px the labels move right and down; None if the size is the same and they stay on their pixels.
        outside: how many labelled px lie outside the image afterwards, and are lost.
    """

    image_id: int
    path: Path
    seen: Examined
    shift: Shift | None
    outside: int

    @property
    def can_be_undone(self) -> bool:
        """Return whether the move is a step of the history; one that changes the size or the pixels is not."""
        return self.shift is None


@dataclass(frozen=True)
class Moved:
    """An image whose labels have moved, and the `copy` of the project as it was before, if any."""

    entry: ImageEntry
    copy: Path | None


class Regridder:
    """Gives the images of an open project other grids."""

    def __init__(self, file: ProjectFile, editor: Editor) -> None:
        self._file, self._state, self._editor = file, file.state, editor

    def keep_grid(self, image_id: int) -> ImageEntry:
        """Keep the grid that the project has; see `Project.keep_grid`."""
        entry = self._file.entry(image_id)
        seen = examine(entry.path)
        if seen.grid.window != entry.grid.window:
            raise ProjectError(
                N_(
                    "{path} is {width} x {height} px and does not fit the grid of the labels, {labels_width} x "
                    "{labels_height} px; move the labels to its own grid, or relink it",
                    path=entry.path,
                    width=seen.grid.width,
                    height=seen.grid.height,
                    labels_width=entry.grid.width,
                    labels_height=entry.grid.height,
                )
            )
        own = None if entry.grid.is_same(seen.grid) else seen.grid
        name = N_("Keep the grid of {image}", image=entry.name)
        return self._change(name, _known(replace(entry, file_grid=own), seen))

    def plan(self, image_id: int, by: MoveBy | None, path: Path | None) -> Move:
        """Plan how to move the labels to the grid of the image's file; see `Project.plan_move`."""
        entry = self._file.entry(image_id)
        path = (path or entry.path).absolute()
        seen = examine(path)
        shift = shift_to(replace(entry, path=path), seen.grid, by)
        if shift is None:
            return Move(image_id, path, seen, None, 0)
        labels = LabelShift(entry.grid, seen.grid, shift)
        self._file.flush()
        with self._file.reads.lease() as connection:
            return Move(image_id, path, seen, shift, labels.outside(connection, image_id))

    def move(self, move: Move, on_event: OnEvent, control: JobControl) -> ImageEntry:
        """Carry out a plan; see `Project.move_labels`."""
        entry = replace(self._file.entry(move.image_id), path=move.path)
        if move.shift is None:
            moved = replace(entry, grid=move.seen.grid, file_grid=None)
            name = N_("Move the labels of {image} with its grid", image=entry.name)
            return self._change(name, _known(moved, move.seen))
        self._editor.require_no_gesture()
        labels = LabelShift(entry.grid, move.seen.grid, move.shift)
        with self._file.alone():
            return self._replace(entry, move.seen, labels, on_event, control)

    def _change(self, name: str, entry: ImageEntry) -> ImageEntry:
        """Record a change of an image's grid as a step, if there is one."""
        before, after = image_state(self._file.entry(entry.id)), image_state(entry)
        if before != after:
            self._editor.change(name, entry.id, Change(before, after))
            self._file.flush()
        return self._file.entry(entry.id)

    def _replace(
        self, entry: ImageEntry, seen: Examined, labels: LabelShift, on_event: OnEvent, control: JobControl
    ) -> ImageEntry:
        """Replace `entry` by an image of another size.

        It gets a new number: what runs have recorded of the former one is in pixels that no longer exist.
        """
        with self._file.transaction() as connection:
            number = insert_image(connection, NewImage(entry.path, seen, entry.alpha), self._file.path.parent)
            rewrite = Rewrite(connection, {number: pyramid_of(seen.grid)})
            _copy_labels(connection, labels, (entry.id, number), rewrite, on_event, control)
            areas = shifted_rings(self._state.areas.get(entry.id, ()), labels.shift)
            _take_over(connection, entry.id, number, areas)
            older = self._state.history
            history = older.without_image(entry.id)
            delete_steps(connection, history.dropped(older))
            delete_images(connection, [entry.id])
            store_position(connection, history)
        self._state.history = history
        self._state.counts[number] = rewrite.counts[number]
        self._state.areas[number] = areas
        self._adopt(entry, number, seen)
        return self._file.entry(number)

    def _adopt(self, entry: ImageEntry, number: int, seen: Examined) -> None:
        """Bring the state in memory up to date with the file."""
        state = self._state
        state.images[number] = _known(replace(entry, id=number, grid=seen.grid, missing=False, file_grid=None), seen)
        state.predictions = {
            key: replace(item, image_id=number) if item.image_id == entry.id else item
            for key, item in state.predictions.items()
        }
        self._editor.remove_images([entry.id])


def _known(entry: ImageEntry, seen: Examined) -> ImageEntry:
    """Return the image with what was now read of its file."""
    return replace(entry, fingerprint=seen.fingerprint, content=seen.content)


def shift_to(entry: ImageEntry, now: RasterGrid, by: MoveBy | None) -> Shift | None:
    """Return how many px labels move right and down; None if they stay on their pixels in an image of the same size.

    Without `by`, they keep their pixels in an image of the same size; in one of another size they keep their map
    coordinates, or their pixels if one of the grids is not georeferenced.

    Raises:
        ProjectError: the shift is not a whole number of pixels.
    """
    same_size = entry.grid.window == now.window
    if by == "pixels" or (by is None and same_size):
        return None if same_size else Shift(0, 0)
    shift = Shift.on_ground(entry.grid, now)
    if shift is not None:
        return None if same_size and shift == Shift(0, 0) else shift
    knows_ground = entry.grid.is_georeferenced and now.is_georeferenced
    if by is None and not knows_ground:
        return Shift(0, 0)
    raise ProjectError(
        N_(
            "the labels of {path} cannot keep their map coordinates: its pixels differ in size from theirs, or are "
            "shifted by a fraction of a pixel; move the labels by pixels (landseg project regrid --move-labels --by "
            "pixels), or export them, add the image again and import them there",
            path=entry.path,
        )
    )


def _copy_labels(
    connection: sqlite3.Connection,
    labels: LabelShift,
    images: tuple[int, int],
    rewrite: Rewrite,
    on_event: OnEvent,
    control: JobControl,
) -> None:
    """Write the labels of the first image, moved, to the second."""
    source, target = images
    keys = labels.target_keys(connection, source)
    meter = ProgressMeter(N_("moving labels"), len(keys), on_event)
    for key in keys:
        control.checkpoint()
        patch = TilePatch.between(key, EMPTY_TILE, labels.tile(connection, source, key), PixelWindow(0, 0, TILE, TILE))
        if patch is not None:
            rewrite.apply(target, patch)
        meter.add(1)
    rewrite.finish(control)


def _take_over(connection: sqlite3.Connection, former: int, number: int, areas: object) -> None:
    """Hand over what belonged to the former image to the new one."""
    connection.execute("UPDATE predictions SET image = ? WHERE image = ?", (number, former))
    connection.execute("UPDATE images SET areas = ? WHERE id = ?", (json.dumps(areas), number))


def free_copy_path(project: Path) -> Path:
    """Return a free path next to a project, for a copy of it as it was before labels moved."""
    names = (f"{project.name}.before-move{mark}.bak" for mark in chain([""], (f".{n}" for n in count(2))))
    return next(path for path in map(project.with_name, names) if not path.exists())
