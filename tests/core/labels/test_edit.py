"""One gesture: what it paints, what it tells, what it leaves behind."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.label_rasters import check_pyramid, read_all

from landseg_core.errors import ProjectError
from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.delta import LabelDelta, TilePatch
from landseg_core.labels.edit import EVERYTHING, paintable
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.labels.pyramid import EMPTY_TILE
from landseg_core.labels.regions import PolygonRegion, RectangleRegion, StrokeRegion

WIDTH, HEIGHT = 1400, 1111

columns, rows = st.floats(-60, WIDTH + 60), st.floats(-60, HEIGHT + 60)
points = st.tuples(columns, rows)
strokes = st.builds(StrokeRegion, st.lists(points, min_size=1, max_size=3), st.sampled_from([1, 3, 40, 300]))
rectangles = st.builds(RectangleRegion, points, points)
polygons = st.builds(PolygonRegion, st.lists(st.lists(points, min_size=3, max_size=5), min_size=1, max_size=1))
tables = st.sampled_from([EVERYTHING, paintable([3]), paintable([0], only_unlabelled=True)])
paintings = st.tuples(strokes | rectangles | polygons, st.sampled_from([0, 3, 7, 255]), tables)
gestures = st.lists(paintings, min_size=1, max_size=3)


def painted(whole: np.ndarray, painting) -> np.ndarray:
    """Return the labels with one painting on them, the plain way."""
    region, value, table = painting
    where = region.mask(PixelWindow(0, 0, WIDTH, HEIGHT)) & table[whole]
    return np.where(where, np.uint8(value), whole)


@settings(max_examples=40)
@given(gestures)
def test_painting_is_that_of_one_large_mask(gesture) -> None:
    labels, whole = LabelRaster(WIDTH, HEIGHT), np.full((HEIGHT, WIDTH), 255, np.uint8)
    edit = labels.begin()
    for painting in gesture:
        after = painted(whole, painting)
        assert edit.paint(*painting) == np.count_nonzero(after != whole)
        whole = after
        np.testing.assert_array_equal(read_all(labels), whole)
    check_pyramid(labels)


@settings(max_examples=30)
@given(gestures, gestures)
def test_a_gesture_inverted_is_the_state_before_and_inverted_again_the_one_after(first, second) -> None:
    labels = LabelRaster(WIDTH, HEIGHT)
    begin = labels.begin()
    for painting in first:
        begin.paint(*painting)
    begin.finish()
    before = read_all(labels)
    edit = labels.begin()
    for painting in second:
        edit.paint(*painting)
    finished, after = edit.finish(), read_all(labels)
    if finished is None:
        np.testing.assert_array_equal(after, before)
        return
    check_delta(finished.delta, before, after)
    assert labels.apply(finished.delta.inverted()).tiles.keys() == finished.tiles.keys()
    np.testing.assert_array_equal(read_all(labels), before)
    check_pyramid(labels)
    labels.apply(finished.delta)
    np.testing.assert_array_equal(read_all(labels), after)


def check_delta(delta: LabelDelta, before: np.ndarray, after: np.ndarray) -> None:
    """Check that a delta holds each changed pixel once, with what it was and what it is."""
    assert len({patch.key for patch in delta.patches}) == len(delta.patches)
    rebuilt, changed = before.copy(), np.zeros(before.shape, bool)
    for patch in delta.patches:
        place = patch.window.slices()
        np.testing.assert_array_equal(before[place][patch.mask], patch.old)
        rebuilt[place][patch.mask] = patch.new
        changed[place] |= patch.mask
    np.testing.assert_array_equal(rebuilt, after)
    np.testing.assert_array_equal(changed, before != after)
    np.testing.assert_array_equal(
        delta.counts(), np.bincount(after.ravel(), minlength=256) - np.bincount(before.ravel(), minlength=256)
    )


@settings(max_examples=30)
@given(gestures, gestures)
def test_a_gesture_taken_back_was_never_there(first, second) -> None:
    labels = LabelRaster(WIDTH, HEIGHT)
    begin = labels.begin()
    for painting in first:
        begin.paint(*painting)
    begin.finish()
    before = [read_all(labels, level) for level in range(labels.pyramid.levels)]
    edit = labels.begin()
    for painting in second:
        edit.paint(*painting)
    edit.revert()
    for level, expected in enumerate(before):
        np.testing.assert_array_equal(read_all(labels, level), expected)


@settings(max_examples=30)
@given(gestures)
def test_whoever_is_told_can_keep_a_copy(gesture) -> None:
    labels = LabelRaster(WIDTH, HEIGHT)
    copies: dict[TileKey, np.ndarray] = {}

    def follow(changes) -> None:
        for key, box in changes.items():
            copy = copies.setdefault(key, np.full((512, 512), 255, np.uint8))
            assert PixelWindow(0, 0, 512, 512).contains(box)
            copy[box.slices()] = labels.tile(key)[box.slices()]

    labels.subscribe(follow)
    edit = labels.begin()
    for painting in gesture:
        edit.paint(*painting)
    whole = PixelWindow(0, 0, WIDTH, HEIGHT)
    keys = [key for level in range(labels.pyramid.levels) for key in labels.pyramid.tiles_in(level, whole)]
    for key in keys:
        np.testing.assert_array_equal(copies.get(key, EMPTY_TILE), labels.tile(key))
    edit.revert()
    for key in keys:
        np.testing.assert_array_equal(copies.get(key, EMPTY_TILE), labels.tile(key))


def test_many_paintings_of_one_gesture_are_one_patch_per_tile() -> None:
    labels = LabelRaster(WIDTH, HEIGHT)
    edit = labels.begin()
    for step in range(20):
        edit.paint(StrokeRegion([(480.0 + 3 * step, 300.0), (483.0 + 3 * step, 300.0)], 30), step)
    finished = edit.finish()
    assert finished is not None
    assert [patch.key for patch in finished.delta.patches] == [TileKey(0, 0, 0), TileKey(0, 0, 1)]
    assert all((patch.old == 255).all() for patch in finished.delta.patches)


def test_put_gives_each_pixel_its_own_value() -> None:
    labels = LabelRaster(WIDTH, HEIGHT)
    values = np.arange(40 * 60, dtype=np.uint16).reshape(40, 60).astype(np.uint8)
    where = values % 3 != 0
    window = PixelWindow(500, 1090, 60, 40)
    edit = labels.begin()
    count = edit.put(window, values, where, paintable())
    inside = values[:21]  # the rest is below the raster
    assert count == np.count_nonzero(where[:21] & (inside != 255))
    expected = np.where(where, values, 255)
    expected[21:] = 255
    np.testing.assert_array_equal(labels.read(window), expected)


def test_put_leaves_locked_classes() -> None:
    labels = LabelRaster(100, 100)
    window, all_of_it = PixelWindow(0, 0, 10, 10), np.ones((10, 10), bool)
    edit = labels.begin()
    edit.paint(RectangleRegion((0, 0), (5, 10)), 6)
    assert edit.put(window, np.full((10, 10), 2, np.uint8), all_of_it, paintable([6])) == 50
    assert (labels.read(window)[:, :5] == 6).all()


@pytest.mark.parametrize(
    ("locked", "only_unlabelled", "expected"),
    [((), False, [1, 1, 1]), ((4,), False, [1, 4, 1]), ((), True, [1, 4, 5]), ((255,), True, [255, 4, 5])],
)
def test_what_may_be_painted_over(locked, only_unlabelled, expected) -> None:
    labels = LabelRaster(3, 1)
    edit = labels.begin()
    row = PixelWindow(0, 0, 3, 1)
    edit.put(row, np.array([[255, 4, 5]], np.uint8), np.ones((1, 3), bool))
    edit.paint(RectangleRegion((0, 0), (3, 1)), 1, paintable(locked, only_unlabelled))
    assert labels.read(row)[0].tolist() == expected


def test_nothing_changed_is_no_edit() -> None:
    labels = LabelRaster(WIDTH, HEIGHT)
    assert labels.begin().finish() is None
    edit = labels.begin()
    assert edit.paint(RectangleRegion((0, 0), (600, 600)), 255) == 0
    assert edit.finish() is None
    edit = labels.begin()
    edit.paint(RectangleRegion((0, 0), (600, 600)), 3)
    edit.paint(RectangleRegion((0, 0), (600, 600)), 255)
    assert edit.finish() is None
    assert labels.tile(TileKey(0, 0, 0)) is EMPTY_TILE


def test_what_does_not_change_is_not_told() -> None:
    labels = LabelRaster(WIDTH, HEIGHT)
    edit = labels.begin()
    edit.paint(RectangleRegion((0, 0), (60, 60)), 3)
    told: list[object] = []
    labels.subscribe(told.append)
    assert edit.paint(RectangleRegion((10, 10), (50, 50)), 3) == 0
    assert edit.paint(RectangleRegion((-90, -90), (-50, -50)), 3) == 0
    edit.finish()
    assert told == []


def test_the_told_boxes_are_small() -> None:
    labels = LabelRaster(WIDTH, HEIGHT)
    told: list[dict[TileKey, PixelWindow]] = []
    labels.subscribe(told.append)
    labels.begin().paint(RectangleRegion((600, 101), (611, 108)), 3)
    assert told == [
        {
            TileKey(0, 0, 1): PixelWindow(88, 101, 11, 7),
            TileKey(1, 0, 0): PixelWindow(300, 50, 6, 4),
            TileKey(2, 0, 0): PixelWindow(150, 25, 3, 2),
        }
    ]


def test_erased_tiles_are_the_empty_one_again() -> None:
    labels = LabelRaster(WIDTH, HEIGHT)
    edit = labels.begin()
    edit.paint(RectangleRegion((0, 0), (60, 60)), 3)
    edit.finish()
    edit = labels.begin()
    edit.paint(RectangleRegion((0, 0), (60, 60)), 255)
    finished = edit.finish()
    assert finished is not None
    assert all(tile is EMPTY_TILE for tile in finished.tiles.values())
    assert len(finished.tiles) == 3


def test_tiles_handed_out_are_read_only_and_finished_ones_never_change() -> None:
    labels = LabelRaster(WIDTH, HEIGHT)
    key = TileKey(0, 0, 0)
    edit = labels.begin()
    edit.paint(RectangleRegion((0, 0), (10, 10)), 3)
    live = labels.tile(key)
    with pytest.raises(ValueError, match="read-only"):
        live[0, 0] = 9
    edit.paint(RectangleRegion((10, 0), (20, 10)), 4)
    assert live[0, 15] == 4
    finished = edit.finish()
    assert finished is not None
    again = labels.begin()
    again.paint(RectangleRegion((0, 0), (20, 20)), 8)
    assert finished.tiles[key][0, 15] == 4
    assert not finished.tiles[key].flags.writeable
    assert labels.tile(key)[0, 15] == 8


def test_one_gesture_at_a_time() -> None:
    labels = LabelRaster(WIDTH, HEIGHT)
    edit = labels.begin()
    with pytest.raises(RuntimeError, match="has not ended yet"):
        labels.begin()
    with pytest.raises(RuntimeError, match="has not ended yet"):
        labels.apply(LabelDelta(()))
    edit.revert()
    for late in (edit.finish, edit.revert, lambda: edit.paint(RectangleRegion((0, 0), (1, 1)), 1)):
        with pytest.raises(RuntimeError, match="ended"):
            late()
    labels.begin().finish()


def patch_at(row: int, column: int, box: PixelWindow) -> TilePatch:
    mask = np.ones((box.height, box.width), bool)
    values = np.zeros(box.pixels, np.uint8)
    return TilePatch(TileKey(0, row, column), box, mask, values + 255, values)


@pytest.mark.parametrize(
    ("row", "column", "box"),
    [(0, 3, PixelWindow(0, 0, 1, 1)), (2**32 - 1, 0, PixelWindow(0, 0, 1, 1)), (2, 0, PixelWindow(0, 80, 3, 8))],
)
def test_a_step_beyond_the_image_is_refused_whole(row, column, box) -> None:
    labels = LabelRaster(WIDTH, HEIGHT)
    good = patch_at(0, 0, PixelWindow(0, 0, 4, 4))
    with pytest.raises(ProjectError, match="outside its image"):
        labels.apply(LabelDelta((good, patch_at(row, column, box))))
    assert (read_all(labels) == 255).all()
    labels.begin().finish()


def test_a_tile_that_cannot_be_loaded_leaves_the_rest_sound(store) -> None:
    def refuse(key: TileKey) -> None:
        if key == TileKey(0, 0, 1):
            raise ProjectError("the tile is damaged")

    store.before_load = refuse
    labels = LabelRaster(WIDTH, HEIGHT, store)
    edit = labels.begin()
    with pytest.raises(ProjectError, match="damaged"):
        edit.paint(RectangleRegion((300, 300), (900, 400)), 3)
    store.before_load = lambda key: None
    assert (labels.read(PixelWindow(300, 300, 212, 100)) == 3).all()
    check_pyramid(labels)
    edit.revert()
    assert (read_all(labels) == 255).all()


def test_an_undo_that_cannot_be_loaded_changes_nothing(store) -> None:
    def refuse(key: TileKey) -> None:
        if key == TileKey(0, 0, 1):
            raise ProjectError("the tile is damaged")

    store.before_load = refuse
    labels = LabelRaster(WIDTH, HEIGHT, store)
    box = PixelWindow(0, 0, 4, 4)
    with pytest.raises(ProjectError, match="damaged"):
        labels.apply(LabelDelta((patch_at(0, 0, box), patch_at(0, 1, box))))
    store.before_load = lambda key: None
    assert (read_all(labels) == 255).all()
    labels.begin().finish()
