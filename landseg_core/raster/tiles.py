"""Tiles for the screen: cached within a budget, loaded by threads, the most urgent first."""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from landseg_core.errors import LandsegError
from landseg_core.geo.tiling import TileKey

Tile = TypeVar("Tile")


class TileBudget:
    """The bytes that the tiles of several caches may use, not counting those that are held.

    The least recently used tiles of all caches are evicted. Safe to use from any thread.
    """

    def __init__(self, max_bytes: int) -> None:
        self.lock = threading.RLock()
        self._max_bytes = max_bytes
        self._bytes = 0
        self._tiles: OrderedDict[tuple[TileCache[Any], TileKey], int] = OrderedDict()

    @property
    def bytes(self) -> int:
        """Return the size of all tiles that count."""
        return self._bytes

    def add(self, cache: TileCache[Any], key: TileKey, size: int) -> None:
        """Count a tile as used now; others are evicted if that is too much, and the tile itself if it alone is."""
        self._tiles[cache, key] = size
        self._bytes += size
        while self._bytes > self._max_bytes:
            owner, oldest = next(iter(self._tiles))
            owner.drop(oldest)

    def remove(self, cache: TileCache[Any], key: TileKey) -> None:
        """Stop counting a tile, if it is counted."""
        self._bytes -= self._tiles.pop((cache, key), 0)

    def use(self, cache: TileCache[Any], key: TileKey, *, last: bool = True) -> None:
        """Make a counted tile the last to be evicted, or the first."""
        if (cache, key) in self._tiles:
            self._tiles.move_to_end((cache, key), last)


class TileCache(Generic[Tile]):
    """Tiles of one layer, within a budget that it may share with others. Safe to use from any thread."""

    def __init__(self, budget: TileBudget, size_of: Callable[[Tile], int]) -> None:
        self._budget = budget
        self._size_of = size_of
        self._tiles: dict[TileKey, Tile] = {}
        self._held: frozenset[TileKey] = frozenset()

    def __len__(self) -> int:
        return len(self._tiles)

    def __contains__(self, key: TileKey) -> bool:
        return key in self._tiles

    def get(self, key: TileKey) -> Tile | None:
        """Return a tile, which counts as used now, or None."""
        with self._budget.lock:
            self._budget.use(self, key)
            return self._tiles.get(key)

    def put(self, key: TileKey, tile: Tile) -> None:
        """Cache a tile; unless it is held, one that is larger than the whole budget is not cached."""
        with self._budget.lock:
            self.drop(key)
            self._tiles[key] = tile
            if key not in self._held:
                self._budget.add(self, key, self._size_of(tile))

    def hold(self, keys: Iterable[TileKey]) -> None:
        """Keep these tiles, cached now or later, until others are held; they do not count in the budget."""
        with self._budget.lock:
            former, self._held = self._held, frozenset(keys)
            for key in self._held - former:
                self._budget.remove(self, key)
            for key in former - self._held:
                if key in self._tiles:
                    self._budget.add(self, key, self._size_of(self._tiles[key]))

    def yield_room(self) -> None:
        """Hold no tiles, and make all of them the first to be evicted."""
        with self._budget.lock:
            self.hold(())
            for key in self._tiles:
                self._budget.use(self, key, last=False)

    def drop(self, key: TileKey) -> None:
        """Remove a tile, if it is cached."""
        with self._budget.lock:
            self._tiles.pop(key, None)
            self._budget.remove(self, key)

    def clear(self) -> None:
        """Remove all tiles."""
        with self._budget.lock:
            for key in list(self._tiles):
                self.drop(key)


class TileThreads:
    """Threads that load the tiles of many layers: the most urgent first, whichever layer it is of.

    No layer keeps all of them busy: one with slow tiles does not delay the others. The threads start with the first
    request.
    """

    def __init__(self, threads: int = 2) -> None:
        self.changed = threading.Condition()
        self._waiting: dict[tuple[TileLoader[Any], TileKey], None] = {}
        self._most_of_one = max(1, threads - 1)
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"tiles-{number}", daemon=True) for number in range(threads)
        ]

    def request(self, wanted: Iterable[tuple[TileLoader[Any], TileKey]]) -> None:
        """Request all tiles that are wanted now, the most urgent first; those cached or being read are skipped.

        A request replaces the one before: its tiles that are not being read yet and no longer wanted are never read.
        """
        with self.changed:
            self._waiting = {(loader, key): None for loader, key in wanted if loader.lacks(key)}
            if self._waiting and not self._closed:
                self._start()
            self.changed.notify_all()

    def _start(self) -> None:
        for thread in self._threads:
            if thread.ident is None:
                thread.start()

    def withdraw(self, loader: TileLoader[Any]) -> None:
        """Drop the requests of a loader."""
        self._waiting = {job: None for job in self._waiting if job[0] is not loader}

    def close(self) -> None:
        """Stop, and wait for the tiles being read."""
        with self.changed:
            self._closed = True
            self._waiting.clear()
            self.changed.notify_all()
        for thread in self._threads:
            if thread.ident is not None and thread is not threading.current_thread():
                thread.join()

    def _work(self) -> None:
        while self._load_next():
            pass  # a loop in itself would hold the last tile while there is nothing to do

    def _load_next(self) -> bool:
        """Wait for a requested tile and load it; False once the threads are closed."""
        with self.changed:
            self.changed.wait_for(lambda: self._closed or self._next() is not None)
            job = None if self._closed else self._next()
            if job is None:
                return False
            del self._waiting[job]
            loader, key = job
            task = loader.begin(key)
        try:
            task()
        except Exception:  # noqa: BLE001 - a bug is reported, and the tiles of other layers are still loaded
            threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread())))
        return True

    def _next(self) -> tuple[TileLoader[Any], TileKey] | None:
        return next((job for job in self._waiting if job[0].busy < self._most_of_one), None)


class TileLoader(Generic[Tile]):
    """Loads the tiles of one layer into its cache, each once, by threads that it shares with other layers.

    `on_loaded(key, tile)` and `on_error(key, error)` are called in a loading thread, once for each tile; a tile that
    failed is not tried again before `clear`.
    """

    def __init__(
        self,
        threads: TileThreads,
        read: Callable[[TileKey], Tile],
        cache: TileCache[Tile],
        on_loaded: Callable[[TileKey, Tile], None],
        on_error: Callable[[TileKey, LandsegError], None],
    ) -> None:
        self._shared = threads
        self._read, self._cache = read, cache
        self._on_loaded, self._on_error = on_loaded, on_error
        self._changed = threads.changed  # guards everything below
        self._reading: set[TileKey] = set()
        self._failed: set[TileKey] = set()
        self._workers: set[int] = set()
        self._generation = 0
        self._closed = False

    @property
    def busy(self) -> int:
        """Return how many threads are loading its tiles."""
        return len(self._workers)

    def lacks(self, key: TileKey) -> bool:
        """Return whether a tile has to be read: it is not cached, not being read, and has not failed."""
        known = key in self._reading or key in self._failed or key in self._cache
        return not (known or self._closed)

    def begin(self, key: TileKey) -> Callable[[], None]:
        """Register that the calling thread will load a tile, and return the function that does."""
        self._reading.add(key)
        self._workers.add(threading.get_ident())
        generation = self._generation
        return lambda: self._load(key, generation)

    def clear(self) -> None:
        """Remove all tiles and requests; tiles being read now are discarded when they arrive."""
        with self._changed:
            self._generation += 1
            self._reading.clear()
            self._failed.clear()
            self._shared.withdraw(self)
            self._cache.clear()

    def close(self) -> None:
        """Stop, and wait for the tiles being read; afterwards there are no more callbacks."""
        with self._changed:
            self._closed = True
            self._shared.withdraw(self)
            self._changed.wait_for(lambda: not self._workers - {threading.get_ident()})
            self._cache.clear()

    def _load(self, key: TileKey, generation: int) -> None:
        with self._at_work():
            try:
                tile = self._read(key)
            except LandsegError as error:
                if self._settle(key, generation, lambda: self._failed.add(key)):
                    self._on_error(key, error)
            else:
                if self._settle(key, generation, lambda: self._cache.put(key, tile)):
                    self._on_loaded(key, tile)

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        try:
            yield
        finally:
            with self._changed:
                self._workers.discard(threading.get_ident())
                self._changed.notify_all()

    def _settle(self, key: TileKey, generation: int, keep: Callable[[], None]) -> bool:
        """Record the outcome of a read with `keep` and return True, if it is still wanted."""
        with self._changed:
            if self._closed or generation != self._generation:
                return False
            self._reading.discard(key)
            keep()
            return True
