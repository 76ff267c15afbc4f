from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landseg_core.assistant.cells import SIZES, CellTile, cut_cells


def blotches(height: int, width: int, seed: int, side: int = 9) -> np.ndarray:
    """Return (H, W, 3) uint8: squares of random colours, with some noise."""
    random = np.random.default_rng(seed)
    colours = random.integers(0, 256, (height // side + 1, width // side + 1, 3))
    image = colours.repeat(side, 0).repeat(side, 1)[:height, :width] + random.normal(0, 6, (height, width, 3))
    return np.clip(image, 0, 255).astype(np.uint8)


@st.composite
def tiles(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Return an image and where it has data: everywhere, nowhere, scattered, or without one rectangle."""
    height, width = draw(st.integers(1, 80)), draw(st.integers(1, 80))
    image = blotches(height, width, draw(st.integers(0, 99)), draw(st.sampled_from([3, 9, 40])))
    valid = np.random.default_rng(draw(st.integers(0, 99))).random((height, width)) < draw(
        st.sampled_from([1.0, 0.9, 0.5, 0.1, 0.0])
    )
    if draw(st.booleans()):
        valid[draw(st.integers(0, height - 1)) :, : draw(st.integers(1, width))] = False
    return image, valid


def parts_of(mask: np.ndarray) -> int:
    """Return of how many parts a mask consists that are connected by sides."""
    return cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)[0] - 1


def require_sound(tile: CellTile, valid: np.ndarray) -> None:
    assert len(tile.parents) == len(SIZES)
    for size in range(len(SIZES)):
        cells = tile.at(size)
        assert np.array_equal(cells >= 0, valid)
        assert np.array_equal(np.unique(cells[valid]), np.arange(tile.count(size)))
        assert all(parts_of(cells == cell) == 1 for cell in range(tile.count(size)))


@settings(max_examples=40)
@given(tiles(), st.sampled_from([1, 2]))
def test_every_valid_pixel_is_in_one_connected_cell_of_each_size(drawn: tuple[np.ndarray, np.ndarray], finer) -> None:
    require_sound(cut_cells(*drawn, finer), drawn[1])


@settings(max_examples=20)
@given(tiles())
def test_larger_cells_are_made_of_whole_smaller_ones(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    tile = cut_cells(*drawn)
    for size in range(1, len(SIZES)):
        pairs = np.unique(np.stack([tile.at(size - 1)[drawn[1]], tile.at(size)[drawn[1]]]), axis=1)
        assert pairs.shape[1] == tile.count(size - 1)
        assert tile.count(size) <= tile.count(size - 1)


@pytest.mark.parametrize("shape", [(1, 1), (1, 512), (512, 1), (3, 200), (17, 17)])
def test_strips_and_single_pixels(shape: tuple[int, int]) -> None:
    valid = np.ones(shape, bool)
    require_sound(cut_cells(blotches(*shape, 1), valid), valid)


def test_without_data_there_are_no_cells() -> None:
    tile = cut_cells(np.zeros((40, 50, 3), np.uint8), np.zeros((40, 50), bool))
    assert (tile.at(2) == -1).all()
    assert tile.count() == 0
    assert tile.cell_at(3, 3, 1) == -1


@pytest.mark.parametrize("finer", [1, 2])
def test_as_many_cells_as_squares_of_the_nominal_side(finer: int) -> None:
    tile = cut_cells(blotches(512, 512, 2, 23), np.ones((512, 512), bool), finer)
    for size, side in enumerate(SIZES):
        assert tile.count(size) == pytest.approx(512**2 * finer**2 / side**2, rel=0.01)


def test_a_plain_image_has_cells_of_about_one_size() -> None:
    tile = cut_cells(np.full((256, 256, 3), 90, np.uint8), np.ones((256, 256), bool))
    for size, side in enumerate(SIZES):
        pixels = np.bincount(tile.at(size).reshape(-1))
        assert pixels.max() < 4 * side**2


def test_cells_end_at_edges() -> None:
    image = np.full((100, 120, 3), (60, 120, 60), np.uint8)
    image[:, 53:] = (150, 140, 130)
    image[20:60, 10:40] = (200, 90, 60)
    tile = cut_cells(image, np.ones((100, 120), bool))
    for size in range(len(SIZES)):
        cells = tile.at(size)
        for cell in range(tile.count(size)):
            _, pixels = np.unique(image[cells == cell], axis=0, return_counts=True)
            assert pixels.max() >= 0.97 * pixels.sum()


def test_pixels_without_data_change_nothing() -> None:
    """What a file holds where it has no data, zeros or noise, must not move the cells beside it."""
    image, valid = blotches(90, 90, 4), np.ones((90, 90), bool)
    valid[30:60, 40:] = False
    other = image.copy()
    other[~valid] = 7
    one, two = cut_cells(image, valid), cut_cells(other, valid)
    assert np.array_equal(one.ids, two.ids)


def test_the_same_pixels_give_the_same_cells() -> None:
    image, valid = blotches(120, 130, 5), np.ones((120, 130), bool)
    one = cut_cells(image, valid)
    cut_cells(image[::-1], valid)
    turned = np.ascontiguousarray(image.transpose(2, 0, 1)).transpose(1, 2, 0)  # another layout in memory
    two = cut_cells(turned, valid)
    assert np.array_equal(one.ids, two.ids)
    assert all(np.array_equal(a, b) for a, b in zip(one.parents, two.parents, strict=True))


def test_a_cell_and_its_pixels() -> None:
    tile = cut_cells(blotches(70, 80, 6), np.ones((70, 80), bool))
    for size in range(len(SIZES)):
        cell = tile.cell_at(33, 44, size)
        assert np.array_equal(tile.mask(cell, size), tile.at(size) == cell)
        assert tile.mask(cell, size)[33, 44]
    assert tile.nbytes >= 70 * 80 * 4


def test_the_colour_of_a_cell_is_the_mean_of_its_pixels() -> None:
    image = np.full((60, 60, 3), (20, 200, 90), np.uint8)
    image[:, 30:] = (230, 230, 230)
    tile = cut_cells(image, np.ones((60, 60), bool))
    assert tile.colours.shape == (tile.count(), 3)
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    for row, column in ((30, 5), (30, 55)):
        assert tile.colours[tile.ids[row, column]] == pytest.approx(lab[row, column].astype(float), abs=4)
