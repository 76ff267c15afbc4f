from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landseg_core.data.areas import LabelledArea
from landseg_core.geo.tiling import pieces
from landseg_core.geo.window import PixelWindow
from landseg_core.metrics import blocks
from landseg_core.metrics.blocks import BlockGrid, BlockTally, block_grid
from landseg_core.metrics.confusion import ConfusionMatrix


def area(window: PixelWindow, name: str = "a") -> LabelledArea:
    return LabelledArea(name, Path(name), Path(name), window)


@given(
    st.integers(0, 40), st.integers(0, 40), st.integers(1, 120), st.integers(1, 120),
    st.sampled_from([16, 31]), st.integers(5, 70), st.integers(0, 2**31),
)  # fmt: skip
def test_blocks_add_up_to_the_whole_however_it_is_cut(
    x: int, y: int, width: int, height: int, side: int, step: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    whole = area(PixelWindow(x, y, width, height))
    truth = rng.choice(np.array([0, 1, 2, 255], np.uint8), (height, width))
    prediction = rng.integers(0, 3, (height, width), np.uint8)
    tally = BlockTally(BlockGrid([whole], side), 3)
    for window in pieces(whole.window, step, step):
        here = window.shifted(-x, -y).slices()
        tally.add(whole, window, truth[here], prediction[here])
    at_once = BlockTally(BlockGrid([whole], side), 3)
    at_once.add(whole, whole.window, truth, prediction)
    matrix = ConfusionMatrix(3)
    matrix.add(truth, prediction)
    counts = tally.counts()
    np.testing.assert_array_equal(counts.counts, at_once.counts().counts)
    np.testing.assert_array_equal(counts.matrix.counts, matrix.counts)
    assert counts.counts.any(axis=(1, 2)).all()
    assert len(counts.counts) <= max(1, round(width / side)) * max(1, round(height / side))


@given(st.integers(1, 200), st.integers(1, 200))
def test_blocks_tile_their_image_and_none_is_a_sliver(width: int, height: int) -> None:
    whole = area(PixelWindow(7, 9, width, height))
    covered = np.zeros((height, width), int)
    parts = [part for _, part in BlockGrid([whole], 32).parts(whole, whole.window)]
    for part in parts:
        covered[part.shifted(-7, -9).slices()] += 1
    assert (covered == 1).all()
    if min(width, height) >= 32:
        assert all(min(part.width, part.height) >= 16 and max(part.width, part.height) <= 48 for part in parts)


def test_no_block_spans_two_images_and_each_image_has_its_own_counts() -> None:
    areas = [
        area(PixelWindow(0, 0, 64, 32), "a"),
        area(PixelWindow(0, 0, 32, 32), "b"),
        area(PixelWindow(64, 0, 32, 32)),
    ]
    grid = BlockGrid(areas, 32)
    assert grid.count(areas) == 4
    tally = BlockTally(grid, 2)
    for number, each in enumerate(areas):
        shape = (32, each.window.width)
        tally.add(each, each.window, np.zeros(shape, np.uint8), np.full(shape, number == 1, np.uint8))
    counts = tally.counts()
    assert (counts.stems, counts.side, counts.image.tolist()) == (("a", "b"), 32, [0, 0, 0, 1])
    assert [(stem, own.tolist()) for stem, own in counts.by_image()] == [
        ("a", [[3 * 1024, 0], [0, 0]]),
        ("b", [[0, 1024], [0, 0]]),
    ]


@pytest.mark.parametrize(
    ("size", "images", "classes", "side"),
    [
        ((4096, 4096), 1, 5, 512),
        ((2048, 1536), 1, 5, 256),
        ((300, 200), 1, 5, 256),
        ((600, 600), 60, 5, 512),
        ((40_000, 40_000), 1, 5, 1024),
        ((9000, 9000), 1, 250, 1024),
        ((3500, 3500), 1, 250, 512),
    ],
)
def test_blocks_are_large_as_long_as_there_are_enough_and_few_enough(
    size: tuple[int, int], images: int, classes: int, side: int
) -> None:
    areas = [area(PixelWindow(0, 0, *size), str(number)) for number in range(images)]
    assert block_grid(areas, classes).side == side


def test_an_image_is_one_block_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "MOST_BLOCKS", 10)
    areas = [area(PixelWindow(0, 0, 40, 40), str(number)) for number in range(60)]
    assert block_grid(areas, 3).count(areas) == 60


def test_areas_far_apart_are_put_together_where_blocks_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "MOST_BLOCKS", 10)
    areas = [area(PixelWindow(4000 * number, 0, 8, 8)) for number in range(60)]
    assert 1 < block_grid(areas, 3).count(areas) <= 10


def test_nothing_labelled_is_no_block() -> None:
    tally = BlockTally(BlockGrid([area(PixelWindow(0, 0, 8, 8))], 4), 2)
    tally.add(
        area(PixelWindow(0, 0, 8, 8)),
        PixelWindow(0, 0, 8, 8),
        np.full((8, 8), 255, np.uint8),
        np.zeros((8, 8), np.uint8),
    )
    assert tally.counts().counts.shape == (0, 2, 2)
    assert tally.counts().matrix.pixels == 0


def test_another_shape_than_the_window_is_a_mistake() -> None:
    whole = area(PixelWindow(0, 0, 8, 8))
    with pytest.raises(ValueError, match="its window"):
        BlockTally(BlockGrid([whole], 4), 2).add(
            whole, whole.window, np.zeros((8, 7), np.uint8), np.zeros((8, 7), np.uint8)
        )
