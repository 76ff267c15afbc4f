"""Tiles in memory and on disk: never the wrong one, never too many."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from support.label_rasters import DictStore, check_pyramid

from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.edit import FinishedEdit
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.labels.pyramid import EMPTY_TILE
from landseg_core.labels.regions import RectangleRegion

FIRST = TileKey(0, 0, 0)
TILE_BYTES = 512 * 512


def paint(labels: LabelRaster, tile: TileKey, value: int) -> FinishedEdit:
    """Paint a corner of a tile and finish."""
    edit = labels.begin()
    x, y = tile.column * 512.0, tile.row * 512.0
    edit.paint(RectangleRegion((x, y), (x + 20, y + 20)), value)
    finished = edit.finish()
    assert finished is not None
    return finished


def save(labels: LabelRaster, store, edit: FinishedEdit) -> None:
    store.save(edit)
    labels.stored(edit)


@given(st.integers(-30, 900), st.integers(-30, 700), st.integers(1, 600), st.integers(1, 600), st.integers(0, 1))
def test_any_window_of_any_level_is_read(x, y, width, height, level) -> None:
    labels = LabelRaster(801, 601)
    values = np.random.default_rng(0).integers(0, 5, (601, 801), np.uint8)
    labels.begin().put(PixelWindow(0, 0, 801, 601), values, np.ones(values.shape, bool))
    size = labels.pyramid.level_size(level)
    whole = labels.read(PixelWindow(0, 0, *size), level)
    padded = np.pad(whole, ((30, 1400), (30, 1600)), constant_values=255)
    expected = padded[y + 30 : y + 30 + height, x + 30 : x + 30 + width]
    np.testing.assert_array_equal(labels.read(PixelWindow(x, y, width, height), level), expected)
    if level == 0:
        np.testing.assert_array_equal(whole, values)


def test_nothing_painted_takes_no_memory() -> None:
    labels = LabelRaster(10**6, 10**6)
    assert labels.tile(TileKey(0, 1000, 1000)) is EMPTY_TILE
    assert labels.tile(TileKey(5, 10, 10)) is EMPTY_TILE
    assert (labels.read(PixelWindow(99_000, 70_000, 50, 40)) == 255).all()


def test_a_tile_is_loaded_once(store) -> None:
    save(painter := LabelRaster(2000, 2000, store), store, paint(painter, FIRST, 3))
    labels = LabelRaster(2000, 2000, store)
    store.loads.clear()
    tile = labels.tile(FIRST)
    assert tile[0, 0] == 3
    assert not tile.flags.writeable
    assert labels.tile(FIRST) is tile
    assert labels.tile(TileKey(0, 1, 1)) is EMPTY_TILE
    assert labels.tile(TileKey(0, 1, 1)) is EMPTY_TILE
    assert store.loads == [FIRST, TileKey(0, 1, 1)]


def test_a_stored_tile_without_labels_is_the_empty_one(store) -> None:
    store.tiles[FIRST] = EMPTY_TILE.copy()
    assert LabelRaster(600, 600, store).tile(FIRST) is EMPTY_TILE


def test_tiles_used_longest_ago_make_room(store) -> None:
    for column in range(4):
        store.tiles[TileKey(0, 0, column)] = np.full((512, 512), column, np.uint8)
    labels = LabelRaster(2048, 512, store, max_bytes=2 * TILE_BYTES)
    for column in (0, 1, 0, 2):  # 1 goes
        labels.tile(TileKey(0, 0, column))
    store.loads.clear()
    for column in (0, 2, 1):
        labels.tile(TileKey(0, 0, column))
    assert store.loads == [TileKey(0, 0, 1)]


def test_painted_tiles_stay_until_they_are_stored(store) -> None:
    labels = LabelRaster(2048, 2048, store, max_bytes=0)
    first = paint(labels, FIRST, 3)
    second = paint(labels, FIRST, 4)
    store.loads.clear()
    assert labels.tile(FIRST)[0, 0] == 4
    save(labels, store, first)
    assert labels.tile(FIRST)[0, 0] == 4
    assert store.loads == []
    save(labels, store, second)
    assert labels.tile(FIRST)[0, 0] == 4
    assert store.loads == [FIRST]


def test_tiles_being_painted_stay(store) -> None:
    labels = LabelRaster(2048, 2048, store, max_bytes=0)
    first = paint(labels, FIRST, 3)
    edit = labels.begin()
    edit.paint(RectangleRegion((0, 0), (5, 5)), 7)
    save(labels, store, first)
    labels.reload()
    assert labels.tile(FIRST)[0, 0] == 7
    edit.revert()
    assert labels.tile(FIRST)[0, 0] == 3


@pytest.mark.parametrize("end", ["revert", "finish"])
def test_a_gesture_without_a_trace_leaves_nothing_pinned(store, end) -> None:
    labels = LabelRaster(2048, 2048, store, max_bytes=0)
    edit = labels.begin()
    edit.paint(RectangleRegion((0, 0), (5, 5)), 7)
    if end == "finish":
        edit.paint(RectangleRegion((0, 0), (5, 5)), 255)
    getattr(edit, end)()
    for level in range(3):
        store.loads.clear()
        labels.tile(TileKey(level, 0, 0))
        assert store.loads == [TileKey(level, 0, 0)]


def test_storing_what_was_not_pending_is_a_mistake(store) -> None:
    labels = LabelRaster(600, 600, store)
    edit = paint(labels, FIRST, 3)
    labels.stored(edit)
    with pytest.raises(KeyError):
        labels.stored(edit)


def test_without_a_store_everything_stays() -> None:
    labels = LabelRaster(2048, 2048, max_bytes=0)
    labels.stored(paint(labels, FIRST, 3))
    labels.reload()
    assert labels.tile(FIRST)[0, 0] == 3


def test_forgotten_tiles_are_loaded_anew_and_everybody_is_told(store) -> None:
    labels = LabelRaster(2048, 2048, store)
    save(labels, store, paint(labels, FIRST, 3))
    told: list[object] = []
    unsubscribe = labels.subscribe(told.append)
    store.tiles[FIRST] = np.full((512, 512), 9, np.uint8)
    assert labels.tile(FIRST)[0, 0] == 3
    labels.reload()
    assert told == [None]
    assert labels.tile(FIRST)[0, 0] == 9
    unsubscribe()
    labels.reload()
    assert told == [None]


def test_apply_hands_out_the_delta_that_it_was_given() -> None:
    labels = LabelRaster(2048, 2048)
    edit = paint(labels, FIRST, 3)
    back = edit.delta.inverted()
    undone = labels.apply(back)
    assert undone.delta is back
    assert undone.tiles.keys() == edit.tiles.keys()
    assert labels.apply(back).tiles == {}


class SlowRead:
    """Holds up the first load of a tile, after it has seen the store, until it is let go."""

    def __init__(self, store, key: TileKey) -> None:
        self.began, self.go_on = threading.Event(), threading.Event()
        self._key = key
        store.after_load = self._wait

    def _wait(self, key: TileKey) -> None:
        if key == self._key and not self.began.is_set():
            self.began.set()
            assert self.go_on.wait(20)


@pytest.fixture
def pool():
    with ThreadPoolExecutor(4) as pool:
        yield pool


@pytest.mark.parametrize("max_bytes", [0, 10**8])
def test_a_load_that_began_before_a_painting_does_not_undo_it(store, pool, max_bytes) -> None:
    labels = LabelRaster(2048, 2048, store, max_bytes)
    slow = SlowRead(store, FIRST)
    reading = pool.submit(labels.tile, FIRST)
    assert slow.began.wait(20)
    edit = paint(labels, FIRST, 3)  # not held up by the slow load
    slow.go_on.set()
    assert reading.result(20)[0, 0] == 3
    assert labels.tile(FIRST) is edit.tiles[FIRST]


def test_a_load_that_began_before_a_painting_that_is_stored_and_gone_does_not_undo_it(store, pool) -> None:
    labels = LabelRaster(2048, 2048, store, max_bytes=TILE_BYTES)
    slow = SlowRead(store, FIRST)
    reading = pool.submit(labels.tile, FIRST)
    assert slow.began.wait(20)
    for key, value in ((FIRST, 3), (TileKey(0, 3, 3), 4)):  # the second makes the first go
        save(labels, store, paint(labels, key, value))
    slow.go_on.set()
    assert reading.result(20)[0, 0] == 3
    assert labels.tile(FIRST)[0, 0] == 3


def test_a_load_that_began_before_a_bulk_edit_does_not_undo_it(store, pool) -> None:
    labels = LabelRaster(2048, 2048, store)
    slow = SlowRead(store, FIRST)
    reading = pool.submit(labels.tile, FIRST)
    assert slow.began.wait(20)
    store.tiles[FIRST] = np.full((512, 512), 9, np.uint8)
    labels.reload()
    slow.go_on.set()
    assert reading.result(20)[0, 0] == 9
    assert labels.tile(FIRST)[0, 0] == 9


def test_all_threads_get_the_same_tile(store, pool) -> None:
    store.tiles[FIRST] = np.full((512, 512), 9, np.uint8)
    together = threading.Barrier(4, timeout=20)
    waiting = threading.local()

    def meet(key: TileKey) -> None:
        if not getattr(waiting, "met", False):
            waiting.met = True
            together.wait()

    store.after_load = meet
    labels = LabelRaster(600, 600, store)
    tiles = list(pool.map(lambda _: labels.tile(FIRST), range(4)))
    assert all(tile is tiles[0] for tile in tiles)


class Painter(RuleBasedStateMachine):
    """Paints, undoes, stores late, forgets, with room for two tiles: the labels are always what a plain array says."""

    new_store: type
    size = (1300, 1100)

    def __init__(self) -> None:
        super().__init__()
        self.store = self.new_store()
        self.labels = LabelRaster(*self.size, self.store, max_bytes=2 * TILE_BYTES)
        self.plain = np.full(self.size[::-1], 255, np.uint8)
        self.queue: list[FinishedEdit] = []
        self.done: list[FinishedEdit] = []

    @rule(x=st.integers(0, 1299), y=st.integers(0, 1099), size=st.integers(1, 700), value=st.sampled_from([0, 5, 255]))
    def paint(self, x: int, y: int, size: int, value: int) -> None:
        edit = self.labels.begin()
        edit.paint(RectangleRegion((x, y), (x + size, y + size)), value)
        self.plain[y : y + size, x : x + size] = value
        finished = edit.finish()
        if finished is not None:
            self.queue.append(finished)
            self.done.append(finished)

    @rule(x=st.integers(0, 1299), y=st.integers(0, 1099))
    def paint_and_take_back(self, x: int, y: int) -> None:
        edit = self.labels.begin()
        edit.paint(RectangleRegion((x - 90, y - 90), (x + 90, y + 90)), 77)
        edit.revert()

    @precondition(lambda self: self.done)
    @rule()
    def undo(self) -> None:
        delta = self.done.pop().delta.inverted()
        self.queue.append(self.labels.apply(delta))
        for patch in delta.patches:
            self.plain[patch.window.slices()][patch.mask] = patch.new

    @precondition(lambda self: self.queue)
    @rule()
    def store_one(self) -> None:
        save(self.labels, self.store, self.queue.pop(0))

    @rule()
    def forget(self) -> None:
        self.labels.reload()

    @invariant()
    def is_what_was_painted(self) -> None:
        width, height = self.size
        np.testing.assert_array_equal(self.labels.read(PixelWindow(0, 0, width, height)), self.plain)

    def teardown(self) -> None:
        while self.queue:
            self.store_one()
        fresh = LabelRaster(*self.size, self.store)
        np.testing.assert_array_equal(fresh.read(PixelWindow(0, 0, *self.size)), self.plain)
        self.check_pyramid(fresh)


def test_labels_are_what_was_painted() -> None:
    machine = type("Machine", (Painter,), {"new_store": DictStore, "check_pyramid": staticmethod(check_pyramid)})
    case = machine.TestCase
    case.settings = settings(max_examples=12, stateful_step_count=20, deadline=None)
    case("runTest").runTest()
