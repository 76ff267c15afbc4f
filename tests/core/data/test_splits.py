from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landseg_core.data.splits import ONE_IMAGE, Split, spatial_split
from landseg_core.errors import DatasetError
from landseg_core.geo.rectangles import grown

sides = st.integers(1, 2600)
image_sizes = st.lists(st.tuples(sides, sides), min_size=1, max_size=8)


def _times_covered(split: Split, sizes: list[tuple[int, int]], image: int) -> np.ndarray:
    width, height = sizes[image]
    covered = np.zeros((height, width), np.uint8)
    for number, window in (*split.train, *split.val):
        if number == image:
            assert 0 <= window.x < window.right <= width
            assert 0 <= window.y < window.bottom <= height
            covered[window.slices()] += 1
    return covered


@given(image_sizes, st.integers(0, 2**31))
@settings(max_examples=40)
def test_without_a_buffer_every_pixel_is_on_exactly_one_side(sizes: list[tuple[int, int]], seed: int) -> None:
    try:
        split = spatial_split(sizes, seed, buffer=0)
    except DatasetError:
        assert all(max(size) < 64 for size in sizes)
        return
    assert split.train
    assert split.val
    for image in range(len(sizes)):
        assert (_times_covered(split, sizes, image) == 1).all()


def check_apart(split: Split, sizes: list[tuple[int, int]]) -> None:
    """Check that no pixel is in two windows, and none of the training side within the buffer of the other."""
    for image in range(len(sizes)):
        assert _times_covered(split, sizes, image).max(initial=0) <= 1
    for image, window in split.val:
        near = grown(window, split.buffer)
        assert not [place for place in split.train if place[0] == image and place[1].intersection(near)]


@given(image_sizes, st.integers(0, 2**31), st.integers(0, 150), st.sampled_from(["blocks", "images"]))
@settings(max_examples=60)
def test_a_buffer_lies_between_both_sides(
    sizes: list[tuple[int, int]], seed: int, buffer: int, by: Literal["blocks", "images"]
) -> None:
    try:
        split = spatial_split(sizes, seed, buffer=buffer, by=by)
    except DatasetError:
        assert len(sizes) == 1 or all(max(size) < 64 for size in sizes)
        return
    assert split.train
    assert split.val
    assert split.buffer <= buffer
    check_apart(split, sizes)


@given(
    st.lists(st.tuples(st.integers(1024, 3000), st.integers(1024, 3000)), min_size=3, max_size=6), st.integers(0, 99)
)
def test_large_images_have_the_whole_buffer_and_lose_little(sizes: list[tuple[int, int]], seed: int) -> None:
    split = spatial_split(sizes, seed)
    assert split.buffer == 64
    used = sum(window.pixels for _, window in (*split.train, *split.val))
    assert used > 0.75 * sum(width * height for width, height in sizes)


def test_whole_images_are_held_back() -> None:
    sizes = [(900, 700), (1100, 800), (500, 500), (1000, 1000), (800, 800), (900, 900)]
    split = spatial_split(sizes, 3, by="images")
    assert {image for image, _ in split.train}.isdisjoint(image for image, _ in split.val)
    assert sorted(window.pixels for _, window in (*split.train, *split.val)) == sorted(w * h for w, h in sizes)
    share = sum(window.pixels for _, window in split.val) / sum(w * h for w, h in sizes)
    assert 0.1 < share < 0.35
    assert split == spatial_split(sizes, 3, by="images")


@pytest.mark.parametrize("sizes", [[(900, 900), (300, 300)], [(300, 300), (900, 900)]])
def test_of_two_images_the_smaller_one_is_held_back_at_any_seed(sizes: list[tuple[int, int]]) -> None:
    for seed in range(4):
        assert [window.width for _, window in spatial_split(sizes, seed, by="images").val] == [300]


def test_one_image_cannot_be_held_back() -> None:
    with pytest.raises(DatasetError, match=ONE_IMAGE):
        spatial_split([(5000, 5000)], by="images")


def test_a_buffer_that_would_eat_a_small_image_is_narrower() -> None:
    split = spatial_split([(100, 90)])
    assert split.buffer == 32
    check_apart(split, [(100, 90)])


@given(st.lists(st.tuples(st.integers(256, 6000), st.integers(256, 6000)), min_size=1, max_size=6), st.integers(0, 99))
def test_about_a_fifth_validates(sizes: list[tuple[int, int]], seed: int) -> None:
    split = spatial_split(sizes, seed)
    validated = sum(window.pixels for _, window in split.val)
    assert 0.08 < validated / sum(width * height for width, height in sizes) < 0.4


def test_the_split_depends_on_the_seed_only() -> None:
    sizes = [(4000, 3000), (2000, 2500)]
    assert spatial_split(sizes, 7) == spatial_split(sizes, 7)
    assert len({spatial_split(sizes, seed) for seed in range(10)}) > 5


def test_blocks_are_large_against_a_chip() -> None:
    split = spatial_split([(9000, 9500)], buffer=0)
    assert all(min(window.width, window.height) >= 900 for _, window in (*split.train, *split.val))


@pytest.mark.parametrize("size", [(64, 8), (8, 64), (300, 200)])
def test_a_small_image_is_cut_across_its_longer_side(size: tuple[int, int]) -> None:
    split = spatial_split([size], buffer=0)
    ((_, train),), ((_, val),) = split.train, split.val
    assert train.pixels / val.pixels == pytest.approx(4, rel=0.1)
    assert min(train.width, train.height) == min(size)


def test_images_too_small_to_cut_need_lists() -> None:
    with pytest.raises(DatasetError, match=r"under 64 px.*two list files"):
        spatial_split([(63, 63)])


def test_many_small_images_are_split_as_wholes() -> None:
    split = spatial_split([(50, 50)] * 10)
    assert len(split.val) == 2
    assert all(window.pixels == 2500 for _, window in split.val)
