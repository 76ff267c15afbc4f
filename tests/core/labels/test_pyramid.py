from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED
from landseg_core.labels.pyramid import (
    EMPTY_TILE,
    aligned,
    box_in_parent,
    build_parent,
    halved,
    is_empty,
    parent_key,
    union,
)
from landseg_core.raster.pyramid.reduction import halve


def by_reduction(values: np.ndarray) -> np.ndarray:
    return halve(values[np.newaxis], values != UNLABELLED, categorical=True)[0][0]


def test_every_pattern_of_four_becomes_what_a_map_becomes() -> None:
    fours = np.array(list(itertools.product((0, 1, 2, 7, UNLABELLED), repeat=4)), np.uint8)
    values = np.concatenate([fours[:, :2].reshape(1, -1), fours[:, 2:].reshape(1, -1)])
    np.testing.assert_array_equal(halved(values), by_reduction(values))


@given(
    hnp.arrays(
        np.uint8,
        st.tuples(st.integers(1, 8).map(lambda n: 2 * n), st.integers(1, 8).map(lambda n: 2 * n)),
        elements=st.sampled_from([0, 3, 254, 255]),
    )
)
def test_halving_is_that_of_a_map(values) -> None:
    np.testing.assert_array_equal(halved(values), by_reduction(values))


def test_a_part_of_a_tile_is_halved_where_it_lies() -> None:
    tile = np.arange(64, dtype=np.uint8).reshape(8, 8) % 3
    np.testing.assert_array_equal(halved(tile[2:6, 4:8]), halved(tile)[1:3, 2:4])


def test_four_children_make_a_parent() -> None:
    lower_left = np.full((512, 512), 9, np.uint8)
    parent = build_parent([None, None, lower_left, None])
    assert parent is not None
    assert (parent[256:, :256] == 9).all()
    assert np.count_nonzero(parent == 9) == 256 * 256


def test_nothing_painted_has_no_parent() -> None:
    assert build_parent([None] * 4) is None
    assert build_parent([EMPTY_TILE, None, EMPTY_TILE.copy(), None]) is None


def test_empty_is_seen() -> None:
    one = EMPTY_TILE.copy()
    assert is_empty(one)
    one[511, 511] = 0
    assert not is_empty(one)
    assert not EMPTY_TILE.flags.writeable


@given(st.integers(0, 510), st.integers(0, 510), st.integers(1, 512), st.integers(1, 512), st.integers(0, 3))
def test_a_box_in_the_parent_shows_the_box(x, y, width, height, place) -> None:
    box = PixelWindow(x, y, min(width, 512 - x), min(height, 512 - y))
    grown = aligned(box)
    assert grown.contains(box)
    assert grown.pixels <= (box.width + 2) * (box.height + 2)
    key = TileKey(0, 6 + place // 2, 4 + place % 2)
    inside = box_in_parent(key, grown)
    assert parent_key(key) == TileKey(1, 3, 2)
    assert PixelWindow(0, 0, 512, 512).contains(inside)
    left, top = 2 * 512 * 2 + 2 * inside.x, 3 * 512 * 2 + 2 * inside.y
    assert (left, top) == (key.column * 512 + grown.x, key.row * 512 + grown.y)
    assert (2 * inside.width, 2 * inside.height) == (grown.width, grown.height)


def test_union_is_the_box_around_both() -> None:
    one, other = PixelWindow(2, 3, 4, 5), PixelWindow(0, 7, 1, 4)
    assert union(None, one) == one
    assert union(one, other) == PixelWindow(0, 3, 6, 8)
