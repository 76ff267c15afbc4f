"""Tiles on their way to the screen: kept within a budget, loaded by threads, what is wanted now first."""

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
    """The bytes that the tiles of any number of caches may take beside those that are held.

    Whatever cache they are in, the tiles used longest ago make room. Safe to use from any thread.
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
        """Count a tile, as used now; others have to go where that is too much, and the tile itself where it is."""
        self._tiles[cache, key] = size
        self._bytes += size
        while self._bytes > self._max_bytes:
            owner, oldest = next(iter(self._tiles))
            owner.drop(oldest)

    def remove(self, cache: TileCache[Any], key: TileKey) -> None:
        """Count a tile no more, if it is counted."""
        self._bytes -= self._tiles.pop((cache, key), 0)

    def use(self, cache: TileCache[Any], key: TileKey, *, last: bool = True) -> None:
        """Let a tile that counts be the last to make room, or the first."""
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
        """Keep a tile; unless it is held, one that is larger than the whole budget is not kept."""
        with self._budget.lock:
            self.drop(key)
            self._tiles[key] = tile
            if key not in self._held:
                self._budget.add(self, key, self._size_of(tile))

    def hold(self, keys: Iterable[TileKey]) -> None:
        """Keep these tiles, whether they are here or still to come, until others are held; they take no budget."""
        with self._budget.lock:
            former, self._held = self._held, frozenset(keys)
            for key in self._held - former:
                self._budget.remove(self, key)
            for key in former - self._held:
                if key in self._tiles:
                    self._budget.add(self, key, self._size_of(self._tiles[key]))

    def yield_room(self) -> None:
        """Hold none, and let all tiles be the first to make room."""
        with self._budget.lock:
            self.hold(())
            for key in self._tiles:
                self._budget.use(self, key, last=False)

    def drop(self, key: TileKey) -> None:
        """Forget a tile, if it is here."""
        with self._budget.lock:
            self._tiles.pop(key, None)
            self._budget.remove(self, key)

    def clear(self) -> None:
        """Forget all tiles."""
        with self._budget.lock:
            for key in list(self._tiles):
                self.drop(key)


class TileThreads:
    """Threads that load the tiles of many layers: what is wanted most first, whatever layer it is of.

    No layer keeps all of them busy: one whose tiles take long does not hold up the others. The threads start with the
    first request.
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
        """Ask for all tiles that are wanted now, the most wanted first; what is held or being read is left out.

        A request replaces the one before: tiles of it that nobody has begun to read, and that are no longer wanted, are
        never read.
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
        """Forget what a loader was asked for."""
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
            pass  # and hold nothing of what has been loaded while there is nothing to do

    def _load_next(self) -> bool:
        """Wait for a tile to load, and load it; False at the end."""
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
        except Exception:  # noqa: BLE001 - an error in landseg is told, and the other layers' tiles go on
            threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread())))
        return True

    def _next(self) -> tuple[TileLoader[Any], TileKey] | None:
        return next((job for job in self._waiting if job[0].busy < self._most_of_one), None)


class TileLoader(Generic[Tile]):
    """Brings the tiles of one layer into its cache, by threads that it shares with others: each once.

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
        self._changed = threads.changed  # it guards all that is below
        self._reading: set[TileKey] = set()
        self._failed: set[TileKey] = set()
        self._workers: set[int] = set()
        self._generation = 0
        self._closed = False

    @property
    def busy(self) -> int:
        """Return how many threads are at work for it."""
        return len(self._workers)

    def lacks(self, key: TileKey) -> bool:
        """Tell whether a tile is to be read: not where it is here, being read, or cannot be read."""
        known = key in self._reading or key in self._failed or key in self._cache
        return not (known or self._closed)

    def begin(self, key: TileKey) -> Callable[[], None]:
        """Take note that the calling thread will load a tile, and return what does it."""
        self._reading.add(key)
        self._workers.add(threading.get_ident())
        generation = self._generation
        return lambda: self._load(key, generation)

    def clear(self) -> None:
        """Forget all tiles and requests; tiles being read now are dropped when they come."""
        with self._changed:
            self._generation += 1
            self._reading.clear()
            self._failed.clear()
            self._shared.withdraw(self)
            self._cache.clear()

    def close(self) -> None:
        """Stop, and wait for the tiles being read; afterwards no callback comes any more."""
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
        """Keep the outcome of a read and tell whether it is still wanted."""
        with self._changed:
            if self._closed or generation != self._generation:
                return False
            self._reading.discard(key)
            keep()
            return True
