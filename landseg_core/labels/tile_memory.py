"""Label tiles in memory: loaded when needed, held while they are not on disk, evicted when others need the memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Protocol

from landseg_core.geo.tiling import TileKey
from landseg_core.labels.pyramid import EMPTY_TILE, Tile, is_empty

_EMPTY_BYTES = 256
"""The memory for the record that a tile is empty."""


class TileStore(Protocol):
    """The storage of label tiles."""

    def load(self, key: TileKey) -> Tile | None:
        """Return the (512, 512) uint8 tile as last stored, or None where nothing is painted; from any thread."""


class TileMemory:
    """The tiles in use, each a read-only array, and the most recently used up to `max_bytes`. Safe from any thread.

    A pinned tile is neither evicted nor loaded. Without a store, tiles are only in memory, and none is evicted.
    """

    def __init__(self, store: TileStore | None, max_bytes: int) -> None:
        self._store = store
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._pins: dict[TileKey, int] = {}
        self._pinned: dict[TileKey, Tile] = {}
        self._loose: OrderedDict[TileKey, Tile] = OrderedDict()  # least recently used first
        self._bytes = 0
        self._changes = 0

    def get(self, key: TileKey) -> Tile:
        """Return a tile, loading it if needed; all tiles without labels are the one `EMPTY_TILE`."""
        return self._obtained(key, self._keep)

    def pin(self, key: TileKey) -> Tile:
        """Return a tile that stays in memory until it is unpinned as often as it was pinned."""
        return self._obtained(key, self._pin)

    def replace(self, key: TileKey, tile: Tile) -> None:
        """Replace a pinned tile by `tile`, which is read-only from here on."""
        with self._lock:
            self._changes += 1
            self._pinned[key] = tile

    def unpin(self, keys: Iterable[TileKey]) -> None:
        """Remove one pin of each of the tiles."""
        with self._lock:
            for key in keys:
                self._pins[key] -= 1
                if not self._pins[key]:
                    del self._pins[key]
                    self._keep(key, self._pinned.pop(key))

    def evict(self) -> None:
        """Evict all tiles that are not pinned; they are loaded again when needed."""
        if self._store is None:
            return
        with self._lock:
            self._changes += 1
            self._loose.clear()
            self._bytes = 0

    def _obtained(self, key: TileKey, settle: Callable[[TileKey, Tile], None]) -> Tile:
        """Return the tile, held or loaded, once `settle` has registered it.

        A loaded tile is used only if nothing has changed meanwhile: it may have been painted, stored and evicted while
        its older state was being read.
        """
        while True:
            with self._lock:
                held, changes = self._held(key), self._changes
                if held is not None:
                    settle(key, held)
                    return held
            loaded = self._load(key)
            with self._lock:
                if self._held(key) is None and changes == self._changes:
                    settle(key, loaded)
                    return loaded

    def _held(self, key: TileKey) -> Tile | None:
        return self._pinned.get(key, self._loose.get(key))

    def _load(self, key: TileKey) -> Tile:
        loaded = self._store.load(key) if self._store is not None else None
        if loaded is None or is_empty(loaded):
            return EMPTY_TILE
        return read_only(loaded)

    def _pin(self, key: TileKey, tile: Tile) -> None:
        self._evict(key)
        self._pinned[key] = tile
        self._pins[key] = self._pins.get(key, 0) + 1

    def _keep(self, key: TileKey, tile: Tile) -> None:
        """Count a tile that is not pinned as used now, and evict others if there is too little memory."""
        if key in self._pinned:
            return
        self._evict(key)
        self._loose[key] = tile
        self._bytes += _size(tile)
        while self._store is not None and self._bytes > self._max_bytes:
            self._evict(next(iter(self._loose)))

    def _evict(self, key: TileKey) -> None:
        if key in self._loose:
            self._bytes -= _size(self._loose.pop(key))


def read_only(tile: Tile) -> Tile:
    """Return a view of the same pixels that cannot be written to."""
    view = tile.view()
    view.flags.writeable = False
    return view


def _size(tile: Tile) -> int:
    return _EMPTY_BYTES if tile is EMPTY_TILE else tile.nbytes
