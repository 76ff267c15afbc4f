"""Tiles on their way to the screen: kept up to a number of bytes, loaded by threads, what is wanted now first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from landseg_core.errors import LandsegError
from landseg_core.geo.tiling import TileKey

Tile = TypeVar("Tile")


class TileCache(Generic[Tile]):
    """Tiles up to `max_bytes` in all; those used longest ago make room. Safe to use from any thread."""

    def __init__(self, max_bytes: int, size_of: Callable[[Tile], int]) -> None:
        self._max_bytes = max_bytes
        self._size_of = size_of
        self._lock = threading.Lock()
        self._tiles: OrderedDict[TileKey, Tile] = OrderedDict()
        self._bytes = 0

    @property
    def bytes(self) -> int:
        """Return the size of all tiles held."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._tiles)

    def __contains__(self, key: TileKey) -> bool:
        return key in self._tiles

    def get(self, key: TileKey) -> Tile | None:
        """Return a tile, which counts as used now, or None."""
        with self._lock:
            if key in self._tiles:
                self._tiles.move_to_end(key)
            return self._tiles.get(key)

    def put(self, key: TileKey, tile: Tile) -> None:
        """Keep a tile; one that is larger than the whole cache is not kept."""
        with self._lock:
            self._drop(key)
            self._tiles[key] = tile
            self._bytes += self._size_of(tile)
            while self._bytes > self._max_bytes:
                self._drop(next(iter(self._tiles)))

    def clear(self) -> None:
        """Forget all tiles."""
        with self._lock:
            self._tiles.clear()
            self._bytes = 0

    def _drop(self, key: TileKey) -> None:
        if key in self._tiles:
            self._bytes -= self._size_of(self._tiles.pop(key))


class TileLoader(Generic[Tile]):
    """Loads tiles in threads of its own: each once, the newest request first.

    A request replaces the one before: tiles of it that nobody has begun to read, and that are no longer wanted, are
    never read. `on_loaded(key, tile)` and `on_error(key, error)` are called in a loading thread, once for each tile;
    a tile that failed is not tried again before `clear`.
    """

    def __init__(
        self,
        read: Callable[[TileKey], Tile],
        cache: TileCache[Tile],
        on_loaded: Callable[[TileKey, Tile], None],
        on_error: Callable[[TileKey, LandsegError], None],
        threads: int = 2,
    ) -> None:
        self._read, self._cache = read, cache
        self._on_loaded, self._on_error = on_loaded, on_error
        self._changed = threading.Condition()
        self._waiting: list[TileKey] = []  # the next one last
        self._reading: set[TileKey] = set()
        self._failed: set[TileKey] = set()
        self._generation = 0
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"tiles-{number}", daemon=True) for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def request(self, keys: Iterable[TileKey]) -> None:
        """Ask for all tiles that are wanted now, the most wanted first; what is held or being read is left out."""
        with self._changed:
            unknown = [key for key in dict.fromkeys(keys) if self._is_unknown(key)]
            self._waiting = unknown[::-1]
            self._changed.notify_all()

    def clear(self) -> None:
        """Forget all tiles and requests; tiles being read now are dropped when they come."""
        with self._changed:
            self._generation += 1
            self._waiting.clear()
            self._reading.clear()
            self._failed.clear()
            self._cache.clear()

    def close(self) -> None:
        """Stop, and wait for the tiles being read; afterwards no callback comes any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()

    def _is_unknown(self, key: TileKey) -> bool:
        return key not in self._reading and key not in self._failed and key not in self._cache

    def _work(self) -> None:
        while (job := self._next()) is not None:
            self._load(*job)

    def _next(self) -> tuple[TileKey, int] | None:
        """Wait for a tile to read and return it with the generation it belongs to, or None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if self._closed:
                return None
            key = self._waiting.pop()
            self._reading.add(key)
            return key, self._generation

    def _load(self, key: TileKey, generation: int) -> None:
        try:
            tile = self._read(key)
        except LandsegError as error:
            if self._settle(key, generation, lambda: self._failed.add(key)):
                self._on_error(key, error)
        else:
            if self._settle(key, generation, lambda: self._cache.put(key, tile)):
                self._on_loaded(key, tile)

    def _settle(self, key: TileKey, generation: int, keep: Callable[[], None]) -> bool:
        """Keep the outcome of a read and tell whether it is still wanted."""
        with self._changed:
            if self._closed or generation != self._generation:
                return False
            self._reading.discard(key)
            keep()
            return True
