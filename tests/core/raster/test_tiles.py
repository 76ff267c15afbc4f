"""Tiles are kept within a budget and loaded once each, the newest request first."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landseg_core.errors import LandsegError, RasterError
from landseg_core.geo.tiling import TileKey
from landseg_core.raster.tiles import TileBudget, TileCache, TileLoader, TileThreads

PATIENCE = 10  # s, before a test gives up waiting


def key(number: int) -> TileKey:
    return TileKey(0, 0, number)


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 9), st.integers(1, 60))))
def test_caches_never_hold_more_than_their_bytes(puts: list[tuple[int, int, int]]) -> None:
    budget = TileBudget(100)
    caches: list[TileCache[bytes]] = [TileCache(budget, len) for _ in range(2)]
    for owner, number, size in puts:
        caches[owner].put(key(number), b"x" * size)
        held = [tile for cache in caches for n in range(10) if (tile := cache.get(key(n))) is not None]
        assert budget.bytes == sum(map(len, held)) <= 100
        assert sum(map(len, caches)) == len(held)
        assert key(number) in caches[owner]


def test_the_tile_used_longest_ago_makes_room_whichever_cache_it_is_in() -> None:
    budget = TileBudget(3)
    first, second = (TileCache[bytes](budget, len) for _ in range(2))
    for number in range(2):
        first.put(key(number), b"x")
    second.put(key(0), b"x")
    assert first.get(key(0)) == b"x"
    second.put(key(1), b"x")
    assert [key(number) in first for number in range(2)] == [True, False]
    assert [key(number) in second for number in range(2)] == [True, True]


def test_a_tile_larger_than_the_budget_is_not_kept() -> None:
    budget = TileBudget(3)
    cache: TileCache[bytes] = TileCache(budget, len)
    cache.put(key(0), b"xxxx")
    assert cache.get(key(0)) is None
    assert budget.bytes == 0


def test_tiles_that_are_held_stay_and_take_no_budget() -> None:
    budget = TileBudget(2)
    cache, other = (TileCache[bytes](budget, len) for _ in range(2))
    cache.hold([key(number) for number in range(5)])
    for number in range(5):
        cache.put(key(number), b"x")
        other.put(key(number), b"x")
    assert (len(cache), len(other), budget.bytes) == (5, 2, 2)
    cache.hold([key(4)])
    assert [number for number in range(5) if key(number) in cache] == [2, 3, 4]
    assert (len(other), budget.bytes) == (0, 2)


def test_what_yields_room_goes_before_what_was_used_longer_ago() -> None:
    budget = TileBudget(4)
    hidden, shown = (TileCache[bytes](budget, len) for _ in range(2))
    for number in range(2):
        shown.put(key(number), b"x")
    hidden.hold([key(0), key(1)])
    for number in range(2):
        hidden.put(key(number), b"x")
    hidden.yield_room()
    assert len(hidden) == 2
    shown.put(key(2), b"x")
    shown.put(key(3), b"x")
    assert (len(hidden), len(shown)) == (0, 4)


def test_a_cleared_cache_leaves_the_budget_to_the_others() -> None:
    budget = TileBudget(2)
    cache, other = (TileCache[bytes](budget, len) for _ in range(2))
    cache.hold([key(0)])
    for number in range(3):
        cache.put(key(number), b"x")
    cache.clear()
    assert (len(cache), budget.bytes) == (0, 0)
    for number in range(2):
        other.put(key(number), b"x")
    assert len(other) == 2


class Bench:
    """A loader whose reads wait for `release`, and what has come of them."""

    def __init__(self, threads: int) -> None:
        self.started: list[TileKey] = []
        self.loaded: list[TileKey] = []
        self.errors: list[tuple[TileKey, LandsegError]] = []
        self._permits = threading.Semaphore(0)
        self._changed = threading.Condition()
        self.broken: set[TileKey] = set()
        self.cache: TileCache[str] = TileCache(TileBudget(1000), len)
        self.threads = TileThreads(threads)
        self.loader = self.new_loader(self.cache)

    def new_loader(self, cache: TileCache[str]) -> TileLoader[str]:
        return TileLoader(self.threads, self._read, cache, self.on_loaded, self.on_error)

    def request(self, keys: Iterable[TileKey]) -> None:
        self.threads.request((self.loader, tile) for tile in keys)

    def release(self, reads: int) -> None:
        self._permits.release(reads)

    def wait_for(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE)

    def _note(self, notes: list, item: object) -> None:
        with self._changed:
            notes.append(item)
            self._changed.notify_all()

    def _read(self, tile: TileKey) -> str:
        self._note(self.started, tile)
        assert self._permits.acquire(timeout=PATIENCE)
        if tile in self.broken:
            raise RasterError("the tile cannot be read")
        return "tile"

    def on_loaded(self, tile: TileKey, content: str) -> None:
        assert content == "tile"
        self._note(self.loaded, tile)

    def on_error(self, tile: TileKey, error: LandsegError) -> None:
        self._note(self.errors, (tile, error))


@pytest.fixture
def bench() -> Iterator[Bench]:
    """One thread, so that the order is plain to see."""
    bench = Bench(threads=1)
    yield bench
    bench.release(1000)
    bench.threads.close()


def test_tiles_come_in_the_order_of_the_request(bench: Bench) -> None:
    bench.release(3)
    bench.request([key(2), key(0), key(1)])
    bench.wait_for(lambda: len(bench.loaded) == 3)
    assert bench.loaded == [key(2), key(0), key(1)]


def test_the_newest_request_replaces_the_one_before(bench: Bench) -> None:
    bench.request(key(number) for number in range(50))
    bench.wait_for(lambda: bench.started == [key(0)])
    bench.request([key(100), key(3)])
    bench.release(100)
    bench.wait_for(lambda: len(bench.loaded) == 3)
    assert bench.started == bench.loaded == [key(0), key(100), key(3)]


def test_each_tile_is_read_once(bench: Bench) -> None:
    bench.request([key(0), key(0), key(1)])
    bench.wait_for(lambda: bench.started == [key(0)])
    bench.request([key(0), key(1)])  # 0 is being read
    bench.release(100)
    bench.wait_for(lambda: len(bench.loaded) == 2)
    bench.request([key(0), key(1), key(2)])  # 0 and 1 are held
    bench.wait_for(lambda: len(bench.loaded) == 3)
    assert bench.started == [key(0), key(1), key(2)]


def test_a_tile_that_fails_is_told_once_and_not_tried_again(bench: Bench) -> None:
    bench.broken = {key(0)}
    bench.release(100)
    for _ in range(2):
        bench.request([key(0), key(1)])
        bench.wait_for(lambda: bench.loaded == [key(1)])
    assert [(tile, str(error)) for tile, error in bench.errors] == [(key(0), "the tile cannot be read")]
    assert bench.started == [key(0), key(1)]


def test_after_clear_everything_is_read_anew(bench: Bench) -> None:
    bench.broken = {key(0)}
    bench.release(2)
    bench.request([key(0), key(1)])
    bench.wait_for(lambda: bench.loaded == [key(1)])
    bench.broken = set()
    bench.loader.clear()
    bench.release(2)
    bench.request([key(0), key(1)])
    bench.wait_for(lambda: bench.loaded == [key(1), key(0), key(1)])


def test_a_tile_read_before_clear_is_dropped(bench: Bench) -> None:
    bench.request([key(0)])
    bench.wait_for(lambda: bench.started == [key(0)])
    bench.loader.clear()
    bench.request([key(1)])
    bench.release(2)
    bench.wait_for(lambda: bench.loaded == [key(1)])
    assert key(0) not in bench.cache


def test_close_waits_for_the_reads(bench: Bench) -> None:
    bench.request([key(0), key(1)])
    bench.wait_for(lambda: bench.started == [key(0)])
    threading.Timer(0.05, bench.release, [1]).start()
    bench.loader.close()
    assert bench.loaded == []
    bench.threads.close()
    assert not any(thread.is_alive() for thread in bench.threads._threads)
    assert bench.started == [key(0)]


def test_closing_from_a_callback_does_not_hang() -> None:
    closed = threading.Event()

    def on_loaded(_key: TileKey, _tile: str) -> None:
        loader.close()
        threads.close()
        closed.set()

    threads = TileThreads()
    loader = TileLoader(
        threads, lambda _key: "tile", TileCache(TileBudget(10), len), on_loaded, lambda _key, _error: None
    )
    threads.request([(loader, key(0))])
    assert closed.wait(PATIENCE)
    loader.close()


def test_one_layer_leaves_a_thread_to_the_others() -> None:
    bench = Bench(threads=3)
    bench.request(key(number) for number in range(10))
    bench.wait_for(lambda: len(bench.started) == 2)
    other = bench.new_loader(TileCache(TileBudget(1000), len))
    slow = ((bench.loader, key(number)) for number in range(2, 10))
    bench.threads.request([*slow, (other, key(100))])
    bench.wait_for(lambda: len(bench.started) == 3)
    assert set(bench.started) == {key(0), key(1), key(100)}
    bench.release(11)
    bench.wait_for(lambda: len(bench.loaded) == 11)
    assert sorted(bench.loaded) == [*map(key, range(10)), key(100)]
    bench.threads.close()


def test_an_error_in_one_layer_does_not_end_the_loading_of_others(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[type[BaseException]] = []
    monkeypatch.setattr(threading, "excepthook", lambda error: told.append(error.exc_type))
    faulty = TileLoader(
        bench.threads,
        lambda _key: ["no such tile"][1],
        TileCache(TileBudget(10), len),
        bench.on_loaded,
        bench.on_error,
    )
    bench.release(1)
    bench.threads.request([(faulty, key(0)), (bench.loader, key(1))])
    bench.wait_for(lambda: bench.loaded == [key(1)])
    assert told == [IndexError]
    faulty.close()
