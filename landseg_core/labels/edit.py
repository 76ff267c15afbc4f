"""One gesture on the labels, from its first pixel to its delta."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from landseg_core.errors import ProjectError
from landseg_core.geo.tiling import TileKey, TilePyramid
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED
from landseg_core.labels.delta import LabelDelta, TilePatch
from landseg_core.labels.pyramid import (
    EMPTY_TILE,
    TILE,
    Tile,
    aligned,
    box_in_parent,
    halved,
    is_empty,
    parent_key,
    union,
)
from landseg_core.labels.regions import Mask, Region
from landseg_core.labels.tile_memory import TileMemory, read_only
from landseg_core.messages import N_

Paintable = npt.NDArray[np.bool_]
"""(256,) bool by present class value: False where that value may not be replaced."""


def paintable(locked: Iterable[int] = (), only_unlabelled: bool = False) -> Paintable:
    """Return which present values may be painted over: not those of `locked` classes, or only unlabelled pixels."""
    table = np.full(256, not only_unlabelled)
    table[UNLABELLED] = True
    table[list(locked)] = False
    return table


def _everything() -> Paintable:
    table = paintable()
    table.flags.writeable = False
    return table


EVERYTHING = _everything()


Values = npt.NDArray[np.uint8]

TileChanges = Mapping[TileKey, PixelWindow]
"""The changed tiles of every level, and the box of each, in px of the tile, that holds all of its changes."""


@dataclass(frozen=True, eq=False)
class FinishedEdit:
    """A finished gesture: what it changed, and all changed tiles of every level in their new state, read-only."""

    delta: LabelDelta
    tiles: Mapping[TileKey, Tile]


@dataclass(frozen=True, eq=False)
class _Part:
    """What to write to the `box` (px of the tile) of a tile: `values` (h, w), or one for all, `where` (h, w) is set."""

    key: TileKey
    box: PixelWindow
    values: Values | int
    where: Mask


class _OpenTile:
    """A tile being painted: its state before the gesture, and the private copy that is painted on."""

    def __init__(self, original: Tile) -> None:
        self.original = original
        self.pixels = original.copy()
        self.box: PixelWindow | None = None

    def write(self, box: PixelWindow, values: Values | int, where: Mask) -> None:
        """Write to the pixels of `box`, in px of the tile, `where` (h, w) is set."""
        np.copyto(self.pixels[box.slices()], values, where=where)
        self.box = union(self.box, box)

    def patch(self, key: TileKey) -> TilePatch | None:
        """Return the difference to the tile before the gesture, or None where there is none."""
        return None if self.box is None else TilePatch.between(key, self.original, self.pixels, self.box)


class LabelEdit:
    """One gesture: paints any number of times, then ends with `finish` or `revert`. For one thread only.

    Every call changes the labels immediately, coarser levels included, and calls `on_changed`. Where a tile cannot be
    loaded, the error of `TileStore.load` is raised; what was painted before is kept.
    """

    def __init__(
        self,
        pyramid: TilePyramid,
        memory: TileMemory,
        on_changed: Callable[[TileChanges], None],
        on_closed: Callable[[], None],
    ) -> None:
        self._pyramid, self._memory = pyramid, memory
        self._on_changed, self._on_closed = on_changed, on_closed
        self._tiles: dict[TileKey, _OpenTile] = {}
        self._closed = False

    def paint(self, region: Region, value: int, paintable: Paintable = EVERYTHING) -> int:
        """Give the pixels of `region` the class `value` (255 erases); return how many changed.

        Raises:
            RuntimeError: the gesture has ended.
        """
        pieces = self._pieces(region.bounds)
        parts = (_Part(key, box, int(value), region.mask(area)) for key, box, area in pieces)
        return self._write(parts, paintable)

    def put(self, window: PixelWindow, values: Values, where: Mask, paintable: Paintable = EVERYTHING) -> int:
        """Give the pixels of `window` the class `values` (H, W) `where` (H, W) is set; return how many changed.

        Raises:
            RuntimeError: the gesture has ended.
        """
        pieces = ((key, box, area.shifted(-window.x, -window.y).slices()) for key, box, area in self._pieces(window))
        parts = (_Part(key, box, values[cut], where[cut]) for key, box, cut in pieces)
        return self._write(parts, paintable)

    def apply(self, delta: LabelDelta) -> None:
        """Give the pixels of `delta` their new values.

        Raises:
            ProjectError: the delta belongs to a larger image.
            RuntimeError: the gesture has ended.
        """
        for patch in delta.patches:
            self._check_inside(patch)
        self._write((_part_of(patch) for patch in delta.patches), EVERYTHING)

    def revert(self) -> None:
        """End the gesture and restore the state before it."""
        self._close()
        boxes = {key: tile.box for key, tile in self._tiles.items() if tile.box is not None}
        for key, tile in self._tiles.items():
            self._memory.replace(key, tile.original)
        self._memory.unpin(self._tiles)
        if boxes:
            self._on_changed(boxes)

    def finish(self) -> FinishedEdit | None:
        """End the gesture; return its changes, whose tiles stay in memory until stored, or None without any."""
        self._close()
        patches = {key: patch for key, tile in self._tiles.items() if (patch := tile.patch(key)) is not None}
        unchanged = self._tiles.keys() - patches.keys()
        for key in unchanged:
            self._memory.replace(key, self._tiles[key].original)
        self._memory.unpin(unchanged)
        if not patches:
            return None
        delta = LabelDelta(tuple(patch for key, patch in patches.items() if key.level == 0))
        return FinishedEdit(delta, {key: self._frozen(key) for key in patches})

    def _frozen(self, key: TileKey) -> Tile:
        """Make the painted state of a tile its new one, and return it."""
        pixels = self._tiles[key].pixels
        frozen = EMPTY_TILE if is_empty(pixels) else read_only(pixels)
        self._memory.replace(key, frozen)
        return frozen

    def _close(self) -> None:
        self._check_open()
        self._closed = True
        self._on_closed()

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError("this gesture has ended; begin another")

    def _check_inside(self, patch: TilePatch) -> None:
        width, height = self._pyramid.width, self._pyramid.height
        if not PixelWindow(0, 0, width, height).contains(patch.window):
            raise ProjectError(
                N_(
                    "a step of the history changes {window}, outside its image of {width} x {height} px; it cannot be "
                    "undone or redone",
                    window=patch.window,
                    width=width,
                    height=height,
                )
            )

    def _pieces(self, window: PixelWindow) -> Iterator[tuple[TileKey, PixelWindow, PixelWindow]]:
        """Yield the tiles that `window` touches: the key, the common part in px of the tile and in raster px."""
        for key in self._pyramid.tiles_in(0, window):
            area = self._pyramid.tile_window(key).intersection(window)
            if area is not None:
                yield key, area.shifted(-key.column * TILE, -key.row * TILE), area

    def _write(self, parts: Iterable[_Part], allowed: Paintable) -> int:
        """Write each part where it differs and may be replaced, then update the coarser levels."""
        self._check_open()
        count = 0
        changes: dict[TileKey, PixelWindow] = {}
        try:
            for part in parts:
                differs = self._differing(part, allowed)
                if written := self._write_tile(part.key, part.box, part.values, differs):
                    changes[part.key] = union(changes.get(part.key), written)
                    count += int(np.count_nonzero(differs))
        finally:
            if changes:
                self._on_changed(self._with_ancestors(changes))
        return count

    def _differing(self, part: _Part, allowed: Paintable) -> Mask:
        present = self._memory.get(part.key)[part.box.slices()]
        differs = present != part.values
        differs &= part.where
        if allowed is not EVERYTHING:
            differs &= allowed[present]
        return np.asarray(differs)

    def _write_tile(self, key: TileKey, box: PixelWindow, values: Values | int, where: Mask) -> PixelWindow | None:
        """Write to a tile, opening it if necessary, where there is anything to write; return the box of changes."""
        x, y, width, height = cv2.boundingRect(where.view(np.uint8))
        if not width:
            return None
        extent = PixelWindow(x, y, width, height)
        written = extent.shifted(box.x, box.y)
        cut = values if isinstance(values, int) else values[extent.slices()]
        self._open(key).write(written, cut, where[extent.slices()])
        return written

    def _open(self, key: TileKey) -> _OpenTile:
        """Return a tile to paint on. Its parents are opened first: what cannot be loaded fails before any change."""
        tile = self._tiles.get(key)
        if tile is None:
            if key.level + 1 < self._pyramid.levels:
                self._open(parent_key(key))
            tile = self._tiles[key] = _OpenTile(self._memory.pin(key))
            self._memory.replace(key, read_only(tile.pixels))
        return tile

    def _with_ancestors(self, changes: dict[TileKey, PixelWindow]) -> TileChanges:
        """Update the coarser levels from changed tiles of level 0; return the changes of all levels."""
        everything, level = dict(changes), changes
        for _ in range(1, self._pyramid.levels):
            level = self._parents_of(level)
            everything |= level
        return everything

    def _parents_of(self, children: Mapping[TileKey, PixelWindow]) -> dict[TileKey, PixelWindow]:
        changes: dict[TileKey, PixelWindow] = {}
        for child, changed in children.items():
            source = aligned(changed)
            key, box = parent_key(child), box_in_parent(child, source)
            values = halved(self._tiles[child].pixels[source.slices()])
            differs = values != self._tiles[key].pixels[box.slices()]
            if written := self._write_tile(key, box, values, differs):
                changes[key] = union(changes.get(key), written)
        return changes


def _part_of(patch: TilePatch) -> _Part:
    values = np.empty(patch.mask.shape, np.uint8)
    values[patch.mask] = patch.new
    return _Part(patch.key, patch.box, values, patch.mask)
