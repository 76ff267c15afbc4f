"""The labels of one image: sparse tiles and their pyramid, in memory as far as needed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from landseg_core.geo.tiling import TileKey, TilePyramid
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED
from landseg_core.labels.delta import LabelDelta
from landseg_core.labels.edit import FinishedEdit, LabelEdit, TileChanges
from landseg_core.labels.pyramid import EMPTY_TILE, TILE, Tile
from landseg_core.labels.tile_memory import TileMemory, TileStore

Subscriber = Callable[[TileChanges | None], None]
"""Called with the tiles that have changed, immediately and in the changing thread; None: any may have."""


class LabelRaster:
    """Labels of a `width` x `height` px image. Reading is safe from any thread, painting belongs to one.

    Tiles are loaded from `store` when they are needed and stay in memory up to `max_bytes`; painted ones stay until
    they are `stored`. Without a store all tiles stay.
    """

    def __init__(self, width: int, height: int, store: TileStore | None = None, max_bytes: int = 96 * 2**20) -> None:
        self.pyramid = TilePyramid(width, height, TILE)
        self._memory = TileMemory(store, max_bytes)
        self._subscribers: list[Subscriber] = []
        self._edit: LabelEdit | None = None

    def tile(self, key: TileKey) -> Tile:
        """Return the (512, 512) uint8 tile, read-only; while it is being painted, a live view of it.

        Raises whatever the store raises where a tile cannot be loaded.
        """
        return self._memory.get(key)

    def read(self, window: PixelWindow, level: int = 0) -> npt.NDArray[np.uint8]:
        """Return the (H, W) class values in `window`, in px of `level`; 255 beyond the raster."""
        values = np.full((window.height, window.width), UNLABELLED, np.uint8)
        width, height = self.pyramid.level_size(level)
        inside = window.intersection(PixelWindow(0, 0, width, height))
        if inside is not None:
            for row in range(inside.y // TILE, (inside.bottom - 1) // TILE + 1):
                for column in range(inside.x // TILE, (inside.right - 1) // TILE + 1):
                    self._copy(TileKey(level, row, column), inside, values, window)
        return values

    def _copy(self, key: TileKey, part: PixelWindow, values: npt.NDArray[np.uint8], window: PixelWindow) -> None:
        """Copy the common pixels of a tile and `part` into the `values` of `window`."""
        x, y = key.column * TILE, key.row * TILE
        common = PixelWindow(x, y, TILE, TILE).intersection(part)
        tile = self.tile(key)
        if common is not None and tile is not EMPTY_TILE:
            values[common.shifted(-window.x, -window.y).slices()] = tile[common.shifted(-x, -y).slices()]

    @property
    def is_being_edited(self) -> bool:
        """Return whether a gesture has begun and not ended yet."""
        return self._edit is not None

    def begin(self) -> LabelEdit:
        """Begin a gesture.

        Raises:
            RuntimeError: another one has not ended yet.
        """
        if self.is_being_edited:
            raise RuntimeError("another gesture has not ended yet")
        self._edit = LabelEdit(self.pyramid, self._memory, self._notify, self._ended)
        return self._edit

    def apply(self, delta: LabelDelta) -> FinishedEdit:
        """Undo or redo a step in memory: give the pixels of `delta` their new values.

        Raises:
            RuntimeError: a gesture has not ended yet.
        """
        edit = self.begin()
        try:
            edit.apply(delta)
        except BaseException:
            edit.revert()
            raise
        finished = edit.finish()
        return FinishedEdit(delta, finished.tiles if finished else {})

    def reload(self) -> None:
        """Evict all tiles that are not pinned, because the stored ones have changed, and notify the subscribers."""
        self._memory.evict()
        self._notify(None)

    def stored(self, edit: FinishedEdit) -> None:
        """Release the tiles of an edit that is on disk now; from any thread."""
        self._memory.unpin(edit.tiles)

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Have `callback` called for every change; return the function that ends that."""
        self._subscribers.append(callback)
        return lambda: self._subscribers.remove(callback)

    def _notify(self, changes: TileChanges | None) -> None:
        for callback in tuple(self._subscribers):
            callback(changes)

    def _ended(self) -> None:
        self._edit = None
