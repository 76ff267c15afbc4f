from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landseg_core.assistant.feature_maps import FeatureMap
from landseg_core.assistant.features import CellFeatures, tile_features
from landseg_core.assistant.filters import MARGIN, filter_count, filter_maps
from landseg_core.geo.tiling import TileKey
from landseg_core.raster.tiles import TileBudget


def cells(height: int, width: int, seed: int, count: int = 9) -> np.ndarray:
    """Return cells of any shape, each with a pixel, and some ground without data."""
    rng = np.random.default_rng(seed)
    ids = rng.integers(-1, count, (height, width))
    found = np.unique(ids[ids >= 0])
    return np.where(ids < 0, -1, np.searchsorted(found, ids)).astype(np.int32)


def tile(height: int, width: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    shape = height + 2 * MARGIN, width + 2 * MARGIN
    return rng.normal(size=(2, *shape)).astype(np.float32), np.ones(shape, bool)


def squares_of(stride: int) -> object:
    """Return filters whose one feature is the number of a square, and another one its square root."""

    def maps(pixels: np.ndarray, valid: np.ndarray) -> list[FeatureMap]:
        height, width = (-(-size // stride) for size in valid.shape)
        numbers = np.arange(height * width, dtype=np.float32).reshape(height, width)
        return [FeatureMap(stride, np.stack([numbers, np.sqrt(numbers)]))]

    return maps


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 2, 4, 8]), st.integers(0, 99))
def test_they_are_the_means_over_the_pixels_of_a_cell(height: int, width: int, stride: int, seed: int) -> None:
    ids = cells(height, width, seed)
    pixels, valid = tile(height, width)
    make = squares_of(stride)
    found, _ = tile_features(pixels, valid, ids, [make])
    (coarse,) = make(pixels, valid)
    enlarged = coarse.values.repeat(stride, axis=1).repeat(stride, axis=2)
    inner = enlarged[:, MARGIN : MARGIN + height, MARGIN : MARGIN + width].astype(float)
    assert found.shape == (ids.max() + 1, 2)
    for cell, row in enumerate(found):
        np.testing.assert_allclose(row, inner[:, ids == cell].mean(axis=1), rtol=1e-4)


def test_several_filters_stand_side_by_side() -> None:
    pixels, valid = tile(24, 32)
    ids = cells(24, 32, 0)
    both, columns = tile_features(pixels, valid, ids, [squares_of(2), filter_maps])
    assert both.shape == (9, 2 + filter_count(2))
    assert (both[:, :2] == tile_features(pixels, valid, ids, [squares_of(2)])[0]).all()
    assert columns.weights.tolist() == [1.0] * both.shape[1]
    assert columns.looks.sum() == 5 * 2  # two bands, smoothed at five scales
    assert not columns.looks[:2].any()


def test_a_tile_without_data_has_no_rows() -> None:
    pixels, valid = tile(8, 8)
    found, _ = tile_features(pixels, ~valid, np.full((8, 8), -1, np.int32), [filter_maps])
    assert found.shape == (0, filter_count(2))


class Counting:
    """A raster of three tiles that counts what is read."""

    def __init__(self) -> None:
        self.read: list[TileKey] = []

    def pixels(self, key: TileKey) -> tuple[np.ndarray, np.ndarray]:
        self.read.append(key)
        return tile(16, 16, key.column)

    def features(self, budget: TileBudget) -> CellFeatures:
        return CellFeatures(self.pixels, lambda key: cells(16, 16, key.column), [filter_maps], budget)


KEYS = [TileKey(0, 0, column) for column in range(3)]


def test_what_has_been_computed_is_not_computed_again() -> None:
    raster = Counting()
    features = raster.features(TileBudget(1 << 20))
    assert features.cached(KEYS[0]) is None
    first = features.of(KEYS[0])
    assert features.of(KEYS[0]) is features.cached(KEYS[0]) is first
    assert raster.read == [KEYS[0]]
    features.clear()
    assert features.cached(KEYS[0]) is None


def test_the_least_recently_used_leave_the_budget() -> None:
    raster = Counting()
    sizes = {key: raster.features(TileBudget(1 << 20)).of(key).nbytes for key in KEYS}
    features = raster.features(budget := TileBudget(sum(sizes.values()) - 1))
    for key in (KEYS[0], KEYS[1], KEYS[0], KEYS[2]):
        features.of(key)
    assert features.cached(KEYS[1]) is None
    assert features.cached(KEYS[0]) is not None
    assert budget.bytes == sizes[KEYS[0]] + sizes[KEYS[2]]


def test_an_error_of_reading_is_passed_on() -> None:
    def unreadable(_: TileKey) -> tuple[np.ndarray, np.ndarray]:
        raise OSError("gone")

    features = CellFeatures(unreadable, lambda key: cells(4, 4, 0), [filter_maps], TileBudget(1000))
    with pytest.raises(OSError, match="gone"):
        features.of(KEYS[0])
