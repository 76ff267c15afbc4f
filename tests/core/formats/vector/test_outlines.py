from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.features import rasterize

from landseg_core.formats.vector.outlines import Outline, outlines
from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.tiling import TileKey, TilePyramid

WIDTH, HEIGHT = 1100, 1060


def grid(labels: np.ndarray) -> RasterGrid:
    return RasterGrid(labels.shape[1], labels.shape[0], Affine.identity(), None)


def tiles(labels: np.ndarray) -> Iterator[tuple[TileKey, np.ndarray]]:
    """Yield the tiles of labels where there are any, as a project does."""
    pyramid = TilePyramid(labels.shape[1], labels.shape[0])
    for key in pyramid.tiles_in(0, grid(labels).window):
        window = pyramid.tile_window(key)
        tile = np.full((512, 512), 255, np.uint8)
        tile[: window.height, : window.width] = labels[window.slices()]
        if (tile != 255).any():
            yield key, tile


def traced(labels: np.ndarray) -> list[Outline]:
    return [region for _, regions in outlines(grid(labels), tiles(labels)) for region in regions]


def rasterized(regions: list[Outline], shape: tuple[int, ...]) -> np.ndarray:
    pairs = [(region.polygon, region.value) for region in regions]
    return rasterize(pairs, out_shape=shape, fill=255, dtype=np.uint8) if pairs else np.full(shape, 255, np.uint8)


def region_count(labels: np.ndarray) -> int:
    values = [value for value in np.unique(labels) if value != 255]
    return sum(cv2.connectedComponents((labels == value).astype(np.uint8), connectivity=4)[0] - 1 for value in values)


def empty() -> np.ndarray:
    return np.full((HEIGHT, WIDTH), 255, np.uint8)


def test_a_region_over_all_tiles_is_one_polygon_of_four_corners() -> None:
    labels = empty()
    labels[100:1000, 50:1090] = 3
    (region,) = traced(labels)
    assert region.value == 3
    assert region.polygon.equals(shapely.box(50, 100, 1090, 1000))
    assert shapely.get_num_coordinates(region.polygon) == 5


def test_the_tile_edges_leave_no_points_in_holes() -> None:
    labels = empty()
    labels[:] = 7
    labels[500:530, 400:700] = 255
    (region,) = traced(labels)
    assert [shapely.get_num_coordinates(ring) for ring in (region.polygon.exterior, *region.polygon.interiors)] == [
        5,
        5,
    ]


def test_a_region_that_comes_back_from_below_is_one() -> None:
    """A U: its two arms meet only in the lowest row of tiles."""
    labels = empty()
    labels[10:1050, 10:20] = labels[10:1050, 1080:1090] = labels[1040:1050, 10:1090] = 1
    assert len(traced(labels)) == 1


def test_regions_that_touch_only_at_a_corner_of_tiles_stay_apart() -> None:
    labels = empty()
    labels[500:512, 500:512] = labels[512:520, 512:520] = 1
    assert len(traced(labels)) == 2


def test_neighbours_of_other_classes_stay_apart_at_tile_edges() -> None:
    labels = empty()
    labels[:, :512], labels[:, 512:] = 1, 2
    assert sorted(region.value for region in traced(labels)) == [1, 2]


def test_a_row_of_tiles_without_labels_separates() -> None:
    labels = np.full((1600, 20), 255, np.uint8)
    labels[500:512], labels[1024:1030] = 1, 1
    assert len(traced(labels)) == 2


def test_complete_regions_come_before_the_last_row() -> None:
    labels = empty()
    labels[10:20, 10:20] = labels[1040:1050, 10:20] = 1
    found = [(bottom, len(regions)) for bottom, regions in outlines(grid(labels), tiles(labels))]
    assert found[0] == (512, 1)
    assert found[-1][0] == HEIGHT


@given(
    seed=st.integers(0, 2**32 - 1),
    side=st.sampled_from([1, 7, 64, 301]),
    classes=st.integers(1, 4),
    unlabelled=st.floats(0, 0.9),
)
@settings(max_examples=12)
def test_outlines_hold_exactly_the_pixels(seed: int, side: int, classes: int, unlabelled: float) -> None:
    rng = np.random.default_rng(seed)
    width, height = 560, 540
    coarse = rng.integers(0, classes, (-(-height // side), -(-width // side))).astype(np.uint8)
    coarse[rng.random(coarse.shape) < unlabelled] = 255
    labels = np.kron(coarse, np.ones((side, side), np.uint8))[:height, :width].copy()
    if side == 1:
        labels[:500] = 255  # single pixels around the seams: enough of them
    regions = traced(labels)
    assert len(regions) == region_count(labels)
    assert all(shapely.is_valid(region.polygon) for region in regions)
    np.testing.assert_array_equal(rasterized(regions, labels.shape), labels)


@pytest.mark.parametrize("value", [0, 254])
def test_the_lowest_and_the_highest_value(value: int) -> None:
    labels = empty()
    labels[511:513, 511:513] = value
    (region,) = traced(labels)
    assert region.value == value
