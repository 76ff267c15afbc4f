"""Tiles and sliding windows cover a raster, and a pyramid's tiles do it exactly once."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from landseg_core.geo.tiling import TileKey, TilePyramid, axis_origins, sliding_windows
from landseg_core.geo.window import PixelWindow

PYRAMIDS = st.builds(
    TilePyramid, width=st.integers(1, 700), height=st.integers(1, 700), tile=st.sampled_from([16, 32, 64])
)


@st.composite
def levels(draw: st.DrawFn) -> tuple[TilePyramid, int]:
    pyramid = draw(PYRAMIDS)
    return pyramid, draw(st.integers(0, pyramid.levels - 1))


@given(levels())
def test_the_tiles_of_a_level_cover_each_of_its_pixels_once(case: tuple[TilePyramid, int]) -> None:
    pyramid, level = case
    width, height = pyramid.level_size(level)
    covered = np.zeros((height, width), int)
    for key in pyramid.tiles_in(level, PixelWindow(0, 0, pyramid.width, pyramid.height)):
        window = pyramid.tile_window(key)
        assert PixelWindow(0, 0, width, height).contains(window)
        covered[window.slices()] += 1
    assert (covered == 1).all()


@given(levels())
def test_the_tiles_of_a_level_show_each_pixel_of_the_raster_once(case: tuple[TilePyramid, int]) -> None:
    pyramid, level = case
    covered = np.zeros((pyramid.height, pyramid.width), int)
    for key in pyramid.tiles_in(level, PixelWindow(0, 0, pyramid.width, pyramid.height)):
        covered[pyramid.source_window(key).slices()] += 1
    assert (covered == 1).all()


@given(levels(), st.data())
def test_tiles_in_a_window_are_those_that_touch_it(case: tuple[TilePyramid, int], data: st.DataObject) -> None:
    pyramid, level = case
    window = PixelWindow(
        data.draw(st.integers(-200, 800)), data.draw(st.integers(-200, 800)), data.draw(st.integers(1, 900)), 100
    )
    everything = pyramid.tiles_in(level, PixelWindow(0, 0, pyramid.width, pyramid.height))
    touching = [key for key in everything if pyramid.source_window(key).intersection(window)]
    assert list(pyramid.tiles_in(level, window)) == touching


@given(PYRAMIDS)
def test_only_the_coarsest_level_fits_one_tile(pyramid: TilePyramid) -> None:
    fits = [max(pyramid.level_size(level)) <= pyramid.tile for level in range(pyramid.levels)]
    assert fits == [False] * (pyramid.levels - 1) + [True]


@given(levels())
def test_each_level_halves_the_one_before(case: tuple[TilePyramid, int]) -> None:
    pyramid, level = case
    assume(level > 0)
    finer, coarser = pyramid.level_size(level - 1), pyramid.level_size(level)
    assert coarser == tuple(-(-side // 2) for side in finer)


@pytest.mark.parametrize(
    ("scale", "level"), [(32, 0), (1, 0), (0.51, 0), (0.5, 1), (0.26, 1), (0.25, 2), (1 / 64, 4), (1e-9, 4)]
)
def test_the_level_is_the_coarsest_that_is_still_sharp(scale: float, level: int) -> None:
    assert TilePyramid(8000, 5000, 512).level_for_scale(scale) == level


@st.composite
def axes(draw: st.DrawFn) -> tuple[int, int, int, int]:
    multiple = draw(st.sampled_from([1, 2, 16]))
    size = multiple * draw(st.integers(1, 20))
    overlap = draw(st.integers(0, size - multiple))
    return draw(st.integers(1, 2000)), size, overlap, multiple


@given(axes())
def test_windows_cover_a_length_and_overlap_as_asked(axis: tuple[int, int, int, int]) -> None:
    length, size, overlap, multiple = axis
    origins = axis_origins(*axis)
    assert origins[0] == 0
    assert all(origin % multiple == 0 for origin in origins)
    assert all(0 < after - before <= size - overlap for before, after in itertools.pairwise(origins))
    assert origins[-1] + size >= length
    assert origins[-1] + size - length < multiple or origins == [0]


@given(axes())
def test_no_window_is_superfluous(axis: tuple[int, int, int, int]) -> None:
    length, size, overlap, multiple = axis
    origins = axis_origins(*axis)
    step = (size - overlap) // multiple * multiple
    assert (len(origins) - 2) * step + size < length or len(origins) == 1


@pytest.mark.parametrize(("size", "overlap", "multiple"), [(10, 0, 4), (16, 16, 1), (16, 9, 8), (16, -1, 1)])
def test_impossible_overlaps_are_refused(size: int, overlap: int, multiple: int) -> None:
    with pytest.raises(ValueError, match="cannot overlap"):
        axis_origins(100, size, overlap, multiple)


@given(st.integers(1, 300), st.integers(1, 300), st.integers(0, 24))
def test_sliding_windows_cover_every_pixel(width: int, height: int, overlap: int) -> None:
    covered = np.zeros((height + 32, width + 32), bool)
    for window in sliding_windows(width, height, 32, overlap, 8):
        covered[window.slices()] = True
    assert covered[:height, :width].all()


def test_tile_keys_sort_by_level_row_and_column() -> None:
    assert sorted([TileKey(1, 0, 0), TileKey(0, 1, 0), TileKey(0, 0, 1)]) == [
        TileKey(0, 0, 1),
        TileKey(0, 1, 0),
        TileKey(1, 0, 0),
    ]
