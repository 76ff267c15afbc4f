"""Settles what an image file that lies elsewhere by now means for its labels: they keep their grid, or move."""

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
"""What labels keep when they move to a new grid: their pixel, or their place on the ground."""


@dataclass(frozen=True)
class Move:
    """How the labels of an image come to the grid that its file has now.

    Attributes:
        image_id: the image.
        path: its file from then on.
        seen: what that is like.
        shift: how many px the labels go right and down; None where they stay on their pixels of an image of one size.
        outside: how many labelled px lie outside the image afterwards, and are lost.
    """

    image_id: int
    path: Path
    seen: Examined
    shift: Shift | None
    outside: int

    @property
    def can_be_undone(self) -> bool:
        """Tell whether the move becomes a step of the history; one that changes the size or the pixels does not."""
        return self.shift is None


@dataclass(frozen=True)
class Moved:
    """What has become of an image whose labels have moved, and the `copy` of the project as it was before, if any."""

    entry: ImageEntry
    copy: Path | None


class Regridder:
    """Gives the images of an open project other grids."""

    def __init__(self, file: ProjectFile, editor: Editor) -> None:
        self._file, self._state, self._editor = file, file.state, editor

    def keep_grid(self, image_id: int) -> ImageEntry:
        """Go on with the grid that the project has; see `Project.keep_grid`."""
        entry = self._file.entry(image_id)
        seen = examine(entry.path)
        if seen.grid.window != entry.grid.window:
            raise ProjectError(
                N_(
                    "{path} is {width} x {height} px and cannot lie on a grid of {width_2} x {height_2} px; move "
                    "the labels to its own grid, or relink it",
                    path=entry.path,
                    width=seen.grid.width,
                    height=seen.grid.height,
                    width_2=entry.grid.width,
                    height_2=entry.grid.height,
                )
            )
        own = None if entry.grid.is_same(seen.grid) else seen.grid
        return self._change(f"Keep the grid of {entry.name}", _known(replace(entry, file_grid=own), seen))

    def plan(self, image_id: int, by: MoveBy | None, path: Path | None) -> Move:
        """Find out what moving the labels to the grid of the image's file would do; see `Project.plan_move`."""
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
        """Do what was planned; see `Project.move_labels`."""
        entry = replace(self._file.entry(move.image_id), path=move.path)
        if move.shift is None:
            moved = replace(entry, grid=move.seen.grid, file_grid=None)
            return self._change(f"Move the labels of {entry.name} with its grid", _known(moved, move.seen))
        self._editor.require_no_gesture()
        labels = LabelShift(entry.grid, move.seen.grid, move.shift)
        with self._file.alone():
            return self._replace(entry, move.seen, labels, on_event, control)

    def _change(self, name: str, entry: ImageEntry) -> ImageEntry:
        """Make a change of an image's grid a step, where there is one."""
        before, after = image_state(self._file.entry(entry.id)), image_state(entry)
        if before != after:
            self._editor.change(name, entry.id, Change(before, after))
            self._file.flush()
        return self._file.entry(entry.id)

    def _replace(
        self, entry: ImageEntry, seen: Examined, labels: LabelShift, on_event: OnEvent, control: JobControl
    ) -> ImageEntry:
        """Put an image of another size in the place of `entry`.

        It has a number of its own: what runs remember of the ground of the former one is in pixels that are gone.
        """
        with self._file.transaction("changed") as connection:
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
        """Bring the state in memory after the file."""
        state = self._state
        state.images[number] = _known(replace(entry, id=number, grid=seen.grid, missing=False, file_grid=None), seen)
        state.predictions = {
            key: replace(item, image_id=number) if item.image_id == entry.id else item
            for key, item in state.predictions.items()
        }
        self._editor.forget_images([entry.id])


def _known(entry: ImageEntry, seen: Examined) -> ImageEntry:
    """Return the image with its file known as it is now."""
    return replace(entry, fingerprint=seen.fingerprint, content=seen.content)


def shift_to(entry: ImageEntry, now: RasterGrid, by: MoveBy | None) -> Shift | None:
    """Return how many px labels go right and down; None where they stay on their pixels of an image of one size.

    Where the user has not said by what they move, an image of the same size takes them along; in one of another size
    they stay on their ground, and on their pixels only where nothing tells the ground.

    Raises:
        ProjectError: that is no whole number of pixels.
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
            "the labels of {path} cannot stay on their ground: its pixels are of another size than "
            "theirs, or lie between them; move them by pixels (landseg project regrid --move-labels --by "
            "pixels), or export them, add the image anew and import them there",
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
    meter = ProgressMeter("moving labels", len(keys), on_event)
    for key in keys:
        control.checkpoint()
        patch = TilePatch.between(key, EMPTY_TILE, labels.tile(connection, source, key), PixelWindow(0, 0, TILE, TILE))
        if patch is not None:
            rewrite.apply(target, patch)
        meter.add(1)
    rewrite.finish(control)


def _take_over(connection: sqlite3.Connection, former: int, number: int, areas: object) -> None:
    """Give the new image what belonged to the former one."""
    connection.execute("UPDATE predictions SET image = ? WHERE image = ?", (number, former))
    connection.execute("UPDATE images SET areas = ? WHERE id = ?", (json.dumps(areas), number))


def free_copy(project: Path) -> Path:
    """Return a name beside a project, which nothing has yet, for a copy of it as it was before labels moved."""
    names = (f"{project.name}.before-move{mark}.bak" for mark in chain([""], (f".{n}" for n in count(2))))
    return next(path for path in map(project.with_name, names) if not path.exists())
