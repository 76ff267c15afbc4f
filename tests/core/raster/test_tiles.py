"""Tiles are kept within a budget and loaded once each, the newest request first."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landseg_core.errors import LandsegError, RasterError
from landseg_core.geo.tiling import TileKey
from landseg_core.raster.tiles import TileCache, TileLoader

PATIENCE = 10  # s, before a test gives up waiting


def key(number: int) -> TileKey:
    return TileKey(0, 0, number)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 60))))
def test_a_cache_never_holds_more_than_its_bytes(puts: list[tuple[int, int]]) -> None:
    cache: TileCache[bytes] = TileCache(100, len)
    for number, size in puts:
        cache.put(key(number), b"x" * size)
        held = [tile for n in range(10) if (tile := cache.get(key(n))) is not None]
        assert cache.bytes == sum(map(len, held)) <= 100
        assert len(cache) == len(held)
        assert key(number) in cache


def test_the_tile_used_longest_ago_makes_room() -> None:
    cache: TileCache[bytes] = TileCache(3, len)
    for number in range(3):
        cache.put(key(number), b"x")
    assert cache.get(key(0)) == b"x"
    cache.put(key(3), b"x")
    assert [key(number) in cache for number in range(4)] == [True, False, True, True]


def test_a_tile_larger_than_the_cache_is_not_kept() -> None:
    cache: TileCache[bytes] = TileCache(3, len)
    cache.put(key(0), b"xxxx")
    assert cache.get(key(0)) is None
    assert cache.bytes == 0


class Bench:
    """A loader whose reads wait for `release`, and what has come of them."""

    def __init__(self, threads: int) -> None:
        self.started: list[TileKey] = []
        self.loaded: list[TileKey] = []
        self.errors: list[tuple[TileKey, LandsegError]] = []
        self._permits = threading.Semaphore(0)
        self._changed = threading.Condition()
        self.broken: set[TileKey] = set()
        self.cache: TileCache[str] = TileCache(1000, len)
        self.loader = TileLoader(self._read, self.cache, self._on_loaded, self._on_error, threads)

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

    def _on_loaded(self, tile: TileKey, content: str) -> None:
        assert content == "tile"
        self._note(self.loaded, tile)

    def _on_error(self, tile: TileKey, error: LandsegError) -> None:
        self._note(self.errors, (tile, error))


@pytest.fixture
def bench() -> Iterator[Bench]:
    """One thread, so that the order is plain to see."""
    bench = Bench(threads=1)
    yield bench
    bench.release(1000)
    bench.loader.close()


def test_tiles_come_in_the_order_of_the_request(bench: Bench) -> None:
    bench.release(3)
    bench.loader.request([key(2), key(0), key(1)])
    bench.wait_for(lambda: len(bench.loaded) == 3)
    assert bench.loaded == [key(2), key(0), key(1)]


def test_the_newest_request_replaces_the_one_before(bench: Bench) -> None:
    bench.loader.request(key(number) for number in range(50))
    bench.wait_for(lambda: bench.started == [key(0)])
    bench.loader.request([key(100), key(3)])
    bench.release(100)
    bench.wait_for(lambda: len(bench.loaded) == 3)
    assert bench.started == bench.loaded == [key(0), key(100), key(3)]


def test_each_tile_is_read_once(bench: Bench) -> None:
    bench.loader.request([key(0), key(0), key(1)])
    bench.wait_for(lambda: bench.started == [key(0)])
    bench.loader.request([key(0), key(1)])  # 0 is being read
    bench.release(100)
    bench.wait_for(lambda: len(bench.loaded) == 2)
    bench.loader.request([key(0), key(1), key(2)])  # 0 and 1 are held
    bench.wait_for(lambda: len(bench.loaded) == 3)
    assert bench.started == [key(0), key(1), key(2)]


def test_a_tile_that_fails_is_told_once_and_not_tried_again(bench: Bench) -> None:
    bench.broken = {key(0)}
    bench.release(100)
    for _ in range(2):
        bench.loader.request([key(0), key(1)])
        bench.wait_for(lambda: bench.loaded == [key(1)])
    assert [(tile, str(error)) for tile, error in bench.errors] == [(key(0), "the tile cannot be read")]
    assert bench.started == [key(0), key(1)]


def test_after_clear_everything_is_read_anew(bench: Bench) -> None:
    bench.broken = {key(0)}
    bench.release(2)
    bench.loader.request([key(0), key(1)])
    bench.wait_for(lambda: bench.loaded == [key(1)])
    bench.broken = set()
    bench.loader.clear()
    bench.release(2)
    bench.loader.request([key(0), key(1)])
    bench.wait_for(lambda: bench.loaded == [key(1), key(0), key(1)])


def test_a_tile_read_before_clear_is_dropped(bench: Bench) -> None:
    bench.loader.request([key(0)])
    bench.wait_for(lambda: bench.started == [key(0)])
    bench.loader.clear()
    bench.loader.request([key(1)])
    bench.release(2)
    bench.wait_for(lambda: bench.loaded == [key(1)])
    assert key(0) not in bench.cache


def test_close_waits_for_the_reads_and_ends_the_threads(bench: Bench) -> None:
    bench.loader.request([key(0), key(1)])
    bench.wait_for(lambda: bench.started == [key(0)])
    threading.Timer(0.05, bench.release, [1]).start()
    bench.loader.close()
    assert not any(thread.is_alive() for thread in bench.loader._threads)
    assert bench.loaded == []
    assert bench.started == [key(0)]


def test_closing_from_a_callback_does_not_hang() -> None:
    closed = threading.Event()

    def on_loaded(_key: TileKey, _tile: str) -> None:
        loader.close()
        closed.set()

    loader = TileLoader(lambda _key: "tile", TileCache(10, len), on_loaded, lambda _key, _error: None)
    loader.request([key(0)])
    assert closed.wait(PATIENCE)
    loader.close()


def test_several_threads_read_at_once() -> None:
    bench = Bench(threads=3)
    bench.loader.request(key(number) for number in range(10))
    bench.wait_for(lambda: len(bench.started) == 3)
    bench.release(10)
    bench.wait_for(lambda: len(bench.loaded) == 10)
    assert sorted(bench.started) == sorted(bench.loaded) == [key(number) for number in range(10)]
    bench.loader.close()
