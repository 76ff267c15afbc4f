"""Tiles as compressed bytes, and in their table."""

from __future__ import annotations

import sqlite3
import tracemalloc
import zlib
from contextlib import closing

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.projects import paint_rectangle

from landseg_core.geo.tiling import TileKey
from landseg_core.project.project import Project
from landseg_core.project.storage.rows import DamageError
from landseg_core.project.storage.tiles import ancestors, children, decode_tile, encode_tile


@given(seed=st.integers(0, 99), cell=st.sampled_from([1, 7, 64, 512]))
def test_decoding_gives_back_what_was_encoded(seed: int, cell: int) -> None:
    side = -(-512 // cell)
    values = np.random.default_rng(seed).integers(0, 256, (side, side), np.uint8)
    tile = values.repeat(cell, 0).repeat(cell, 1)[:512, :512]
    decoded = decode_tile(encode_tile(tile))
    np.testing.assert_array_equal(decoded, tile)
    assert not decoded.flags.writeable


@pytest.mark.parametrize(
    "data",
    [b"", b"x", zlib.compress(b""), zlib.compress(bytes(512 * 512 - 1)), zlib.compress(bytes(512 * 512))[:-1]],
)
def test_damaged_bytes_are_named(data: bytes) -> None:
    with pytest.raises(DamageError, match="a tile is damaged"):
        decode_tile(data)


def test_bytes_that_unpack_to_more_than_a_tile_take_no_memory() -> None:
    bomb = zlib.compress(bytes(20_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(DamageError, match="its size is wrong"):
            decode_tile(bomb)
        assert tracemalloc.get_traced_memory()[1] < 2**21
    finally:
        tracemalloc.stop()


def test_a_tile_and_the_four_below_it() -> None:
    key = TileKey(2, 3, 5)
    assert children(key) == [TileKey(1, 6, 10), TileKey(1, 6, 11), TileKey(1, 7, 10), TileKey(1, 7, 11)]
    assert ancestors(children(key)) == {key}


def test_a_tile_that_is_erased_leaves_no_row(project: Project) -> None:
    paint_rectangle(project)
    assert project.tile_keys(1) == [TileKey(0, 0, 0)]
    paint_rectangle(project, 255)
    assert project.tile_keys(1) == []
    project.flush()
    with closing(sqlite3.connect(project.path)) as connection:
        assert connection.execute("SELECT count(*) FROM tiles").fetchall() == [(0,)]
        assert connection.execute("SELECT count(*) FROM class_pixels").fetchall() == [(0,)]
