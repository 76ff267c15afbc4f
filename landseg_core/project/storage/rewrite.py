"""Rewrites label tiles in the project file, inside a transaction of the caller's."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from landseg_core.events import JobControl
from landseg_core.geo.tiling import TileKey, TilePyramid
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.delta import TilePatch
from landseg_core.labels.pyramid import EMPTY_TILE, TILE, Tile, build_parent
from landseg_core.project.storage.steps import insert_patches
from landseg_core.project.storage.tiles import Counts, add_counts, ancestors, children, load_tile, store_tiles

Values = npt.NDArray[np.uint8]

ChangeTile = Callable[[TileKey, PixelWindow, Values], Values | None]
"""Gets a tile's key, its window in the raster (cut at the edge) and the (h, w) uint8 values there, read-only; returns
the new values, or None to leave them."""


class Rewrite:
    """Tiles of level 0 that change, and what depends on them: class counts and coarser levels.

    Attributes:
        counts: by image, the change of the (256,) px per class value.
        pixels: how many px have changed.
        patches: how many patches were stored, and `bytes` how long they are, compressed.
    """

    def __init__(self, connection: sqlite3.Connection, pyramids: dict[int, TilePyramid]) -> None:
        self._connection, self._pyramids = connection, pyramids
        self._changed: dict[int, set[TileKey]] = defaultdict(set)
        self.counts: dict[int, Counts] = defaultdict(lambda: np.zeros(256, np.int64))
        self.pixels = self.patches = self.bytes = 0

    def change(self, image_id: int, key: TileKey, change: ChangeTile, step_id: int) -> None:
        """Apply `change` to a tile, and store it with a patch of the step if it differs."""
        window = self._pyramids[image_id].tile_window(key)
        old = self._tile(image_id, key)
        values = change(key, window, old[: window.height, : window.width])
        if values is None:
            return
        new = _put(old, window, values)
        patch = TilePatch.between(key, old, new, PixelWindow(0, 0, TILE, TILE))
        if patch is not None:
            self.bytes += insert_patches(self._connection, step_id, [(image_id, trimmed(patch))])
            self.patches += 1
            self._write(image_id, key, patch, new)

    def apply(self, image_id: int, patch: TilePatch) -> None:
        """Set the pixels of a patch to their new values."""
        new = self._tile(image_id, patch.key).copy()
        box = new[patch.box.slices()]
        present = TilePatch(patch.key, patch.box, patch.mask, box[patch.mask], patch.new)
        box[patch.mask] = patch.new
        self._write(image_id, patch.key, present, new)

    def _tile(self, image_id: int, key: TileKey) -> Tile:
        tile = load_tile(self._connection, image_id, key)
        return EMPTY_TILE if tile is None else tile

    def _write(self, image_id: int, key: TileKey, patch: TilePatch, new: Tile) -> None:
        store_tiles(self._connection, image_id, {key: new})
        self.counts[image_id] += np.bincount(patch.new, minlength=256) - np.bincount(patch.old, minlength=256)
        self.pixels += patch.new.size
        self._changed[image_id].add(key)

    def finish(self, control: JobControl) -> None:
        """Bring the class counts and the coarser levels up to date."""
        for image_id, keys in self._changed.items():
            add_counts(self._connection, image_id, self.counts[image_id])
            level: Iterable[TileKey] = keys
            for _ in range(1, self._pyramids[image_id].levels):
                level = sorted(ancestors(level))
                for key in level:
                    control.checkpoint()
                    self._rebuild(image_id, key)

    def _rebuild(self, image_id: int, key: TileKey) -> None:
        """Rebuild a tile of a coarser level from the four tiles below it."""
        tile = build_parent([load_tile(self._connection, image_id, child) for child in children(key)])
        store_tiles(self._connection, image_id, {key: EMPTY_TILE if tile is None else tile})


def _put(old: Tile, window: PixelWindow, values: Values) -> Tile:
    """Return the tile with new values inside its `window`.

    Raises:
        ValueError: the values do not have the shape of the window, or are not uint8.
    """
    if values.shape != (window.height, window.width) or values.dtype != np.uint8:
        raise ValueError(f"a tile of {window.height} x {window.width} uint8 became {values.shape} {values.dtype}")
    new = old.copy()
    new[: window.height, : window.width] = values
    return new


def trimmed(patch: TilePatch) -> TilePatch:
    """Return the patch with the smallest box around its pixels."""
    rows, columns = np.flatnonzero(patch.mask.any(axis=1)), np.flatnonzero(patch.mask.any(axis=0))
    top, left = int(rows[0]), int(columns[0])
    height, width = int(rows[-1]) + 1 - top, int(columns[-1]) + 1 - left
    box = PixelWindow(patch.box.x + left, patch.box.y + top, width, height)
    return TilePatch(patch.key, box, patch.mask[top : top + height, left : left + width], patch.old, patch.new)
