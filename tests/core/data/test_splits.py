from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landseg_core.data.splits import Split, spatial_split
from landseg_core.errors import DatasetError

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
def test_every_pixel_is_on_exactly_one_side(sizes: list[tuple[int, int]], seed: int) -> None:
    try:
        split = spatial_split(sizes, seed)
    except DatasetError:
        assert all(max(size) < 64 for size in sizes)
        return
    assert split.train
    assert split.val
    for image in range(len(sizes)):
        assert (_times_covered(split, sizes, image) == 1).all()


@given(st.lists(st.tuples(st.integers(256, 6000), st.integers(256, 6000)), min_size=1, max_size=6), st.integers(0, 99))
def test_about_a_fifth_validates(sizes: list[tuple[int, int]], seed: int) -> None:
    split = spatial_split(sizes, seed)
    validated = sum(window.pixels for _, window in split.val)
    assert 0.08 < validated / sum(width * height for width, height in sizes) < 0.35


def test_the_split_depends_on_the_seed_only() -> None:
    sizes = [(4000, 3000), (2000, 2500)]
    assert spatial_split(sizes, 7) == spatial_split(sizes, 7)
    assert len({spatial_split(sizes, seed) for seed in range(10)}) > 5


def test_blocks_are_large_against_a_chip() -> None:
    split = spatial_split([(9000, 9500)])
    assert all(min(window.width, window.height) >= 900 for _, window in (*split.train, *split.val))


@pytest.mark.parametrize("size", [(64, 8), (8, 64), (300, 200)])
def test_a_small_image_is_cut_across_its_longer_side(size: tuple[int, int]) -> None:
    split = spatial_split([size])
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
