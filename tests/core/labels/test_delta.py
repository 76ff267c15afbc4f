from __future__ import annotations

import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landseg_core.errors import ProjectError
from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.delta import LabelDelta, TilePatch


@st.composite
def patches(draw) -> TilePatch:
    x, y = draw(st.integers(0, 511)), draw(st.integers(0, 511))
    width, height = draw(st.integers(1, min(40, 512 - x))), draw(st.integers(1, min(40, 512 - y)))
    random = np.random.default_rng(draw(st.integers(0, 1000)))
    mask = random.random((height, width)) < draw(st.sampled_from([0.1, 0.5, 1.0]))
    mask[0, 0] = True
    old, new = random.integers(0, 256, (2, np.count_nonzero(mask)), np.uint8)
    key = TileKey(0, draw(st.integers(0, 2**32 - 1)), draw(st.integers(0, 300)))
    return TilePatch(key, PixelWindow(x, y, width, height), mask, old, new)


def assert_same(one: TilePatch, other: TilePatch) -> None:
    assert (one.key, one.box) == (other.key, other.box)
    for name in ("mask", "old", "new"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def small_patch() -> TilePatch:
    mask = np.ones((3, 5), bool)
    return TilePatch(
        TileKey(0, 1, 2), PixelWindow(10, 20, 5, 3), mask, np.full(15, 255, np.uint8), np.full(15, 4, np.uint8)
    )


@given(patches())
def test_what_is_encoded_is_decoded(patch) -> None:
    assert_same(TilePatch.decode(patch.encode()), patch)


@given(patches())
def test_twice_inverted_is_the_same(patch) -> None:
    assert_same(patch.inverted().inverted(), patch)
    np.testing.assert_array_equal(patch.inverted().old, patch.new)


def test_a_uniform_patch_takes_few_bytes() -> None:
    tile, painted = np.full((512, 512), 255, np.uint8), np.full((512, 512), 3, np.uint8)
    patch = TilePatch.between(TileKey(0, 0, 0), tile, painted, PixelWindow(0, 0, 512, 512))
    assert patch is not None
    assert len(patch.encode()) < 4000


def test_only_what_differs_is_kept() -> None:
    old = np.zeros((512, 512), np.uint8)
    new = old.copy()
    new[5, 7:9] = 3, 4
    patch = TilePatch.between(TileKey(0, 0, 0), old, new, PixelWindow(6, 4, 10, 10))
    assert patch is not None
    assert patch.old.tolist() == [0, 0]
    assert patch.new.tolist() == [3, 4]
    assert TilePatch.between(TileKey(0, 0, 0), old, new, PixelWindow(0, 6, 512, 100)) is None


def test_the_window_in_the_raster() -> None:
    assert small_patch().window == PixelWindow(1034, 532, 5, 3)


def test_counts_are_the_change_of_pixels_per_value() -> None:
    counts = LabelDelta((small_patch(), small_patch())).counts()
    assert counts[4] == 30
    assert counts[255] == -30
    assert counts.sum() == 0
    assert counts.dtype == np.int64


@given(patches())
def test_inverting_turns_the_counts_round(patch) -> None:
    delta = LabelDelta((patch,))
    np.testing.assert_array_equal(delta.inverted().counts(), -delta.counts())


@given(st.binary(max_size=300))
def test_random_bytes_are_refused(data) -> None:
    with pytest.raises(ProjectError):
        TilePatch.decode(data)
    with pytest.raises(ProjectError):
        TilePatch.decode(zlib.compress(data))


@settings(max_examples=300)
@given(patches(), st.data())
def test_a_damaged_content_is_refused_or_sound(patch, data) -> None:
    content = bytearray(zlib.decompress(patch.encode()))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, min(40, len(content) - 1)))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)) | st.just(len(content)))
    try:
        decoded = TilePatch.decode(zlib.compress(bytes(content[:cut])))
    except ProjectError:
        return
    assert PixelWindow(0, 0, 512, 512).contains(decoded.box)
    assert decoded.mask.shape == (decoded.box.height, decoded.box.width)
    assert decoded.old.shape == decoded.new.shape == (np.count_nonzero(decoded.mask),)


@given(patches(), st.data())
def test_damaged_bytes_are_refused_or_the_damage_means_nothing(patch, data) -> None:
    encoded = bytearray(patch.encode())
    encoded[data.draw(st.integers(0, len(encoded) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        decoded = TilePatch.decode(bytes(encoded))  # some bits only fill up bytes
    except ProjectError:
        return
    assert_same(decoded, patch)


HEADER = struct.Struct("<B2I4HI")


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ((2, 0, 0, 0, 0, 1, 1, 1), "format 2"),
        ((1, 0, 0, 512, 0, 1, 1, 1), "outside its tile"),
        ((1, 0, 0, 0, 0, 0, 1, 1), "outside its tile"),
        ((1, 0, 0, 0, 505, 8, 8, 1), "outside its tile"),
        ((1, 0, 0, 0, 0, 1, 1, 2**32 - 1), "length"),
        ((1, 0, 0, 0, 0, 2, 1, 1), "count"),
    ],
)
def test_each_field_is_checked(header, problem) -> None:
    with pytest.raises(ProjectError, match=problem):
        TilePatch.decode(zlib.compress(HEADER.pack(*header) + b"\xff\x00\x00"))


def test_too_much_is_refused_before_it_takes_memory() -> None:
    bomb = zlib.compress(bytes(2**25))
    tracemalloc.start()
    try:
        with pytest.raises(ProjectError, match="length"):
            TilePatch.decode(bomb)
        assert tracemalloc.get_traced_memory()[1] < 4 * 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("damage", [lambda data: data[:-3], lambda data: data + b"x", lambda data: b""])
def test_bytes_too_few_or_too_many_are_refused(damage) -> None:
    with pytest.raises(ProjectError):
        TilePatch.decode(damage(small_patch().encode()))
