from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio import features

from landseg_core.formats.vector import rasterize
from landseg_core.formats.vector.rasterize import PolygonRasterizer
from landseg_core.formats.vector.rings import Rings
from landseg_core.geo.tiling import TilePyramid
from landseg_core.geo.window import PixelWindow

WIDTH, HEIGHT = 1100, 600
PYRAMID = TilePyramid(WIDTH, HEIGHT)
VALUE = 4


@pytest.fixture(autouse=True, scope="module")
def few_points_are_many() -> Any:
    """Have small polygons split as large ones are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rasterize, "_SPLIT_POINTS", 4)
        yield


def rasterized(polygons: Any) -> np.ndarray:
    """Return the labels as an import makes them, tile by tile."""
    image = PixelWindow(0, 0, WIDTH, HEIGHT)
    rasterizer = PolygonRasterizer(polygons, np.full(len(polygons), VALUE, np.uint8), image)
    labels = np.full((HEIGHT, WIDTH), 255, np.uint8)
    for key in PYRAMID.tiles_in(0, image):
        window = PYRAMID.tile_window(key)
        values = rasterizer.rasterize(window)
        if values is not None:
            labels[window.y : window.bottom, window.x : window.right] = values
    return labels


def require_rasterized_as_one(polygon: Any) -> None:
    """Compare with GDAL on the valid, whole polygon; centres on its very edge may be on either side."""
    valid = shapely.get_parts(shapely.get_parts([shapely.make_valid(polygon)]))
    shapes = [(part, VALUE) for part in valid if part.geom_type == "Polygon"]
    wanted = np.full((HEIGHT, WIDTH), 255, np.uint8)
    if shapes:
        features.rasterize(shapes, out=wanted)
    rows, columns = np.nonzero(rasterized(np.array([polygon])) != wanted)
    off_edge = ~shapely.dwithin(polygon.boundary, shapely.points(columns + 0.5, rows + 0.5), 1e-6)
    assert not off_edge.any()


def anywhere(random: np.random.Generator, count: int) -> np.ndarray:
    return random.uniform((-200, -200), (WIDTH + 200, HEIGHT + 200), (count, 2))


def on_borders(random: np.random.Generator, count: int) -> np.ndarray:
    """Return points on the corners and edges of pixels, tiles and the image."""
    lines = np.array([-100, 0, 37, 512, 512.5, HEIGHT, 1024, WIDTH, WIDTH + 50])
    return random.choice(lines, (count, 2))


def star(random: np.random.Generator, count: int) -> np.ndarray:
    angles = np.linspace(0, 2 * np.pi, count * 8, endpoint=False)
    radius = random.uniform(100, 500, len(angles))
    return np.stack([550 + radius * np.cos(angles), 300 + radius * np.sin(angles)], axis=1)


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(3, 12), ring=st.sampled_from([anywhere, star]))
def test_rings_that_may_cross_are_rasterized_as_one_polygon(
    seed: int, count: int, ring: Callable[..., np.ndarray]
) -> None:
    """With holes, which may cross the outer ring or lie outside of it."""
    random = np.random.default_rng(seed)
    holes = [anywhere(random, 3) for _ in range(seed % 3)]
    require_rasterized_as_one(shapely.Polygon(ring(random, count), holes))


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(3, 9))
def test_valid_polygons_that_touch_borders_and_themselves(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    hole = shapely.make_valid(shapely.Polygon(on_borders(random, 4)))
    shape = shapely.difference(shapely.make_valid(shapely.Polygon(on_borders(random, count))), hole)
    for part in shapely.get_parts(shape):
        if part.geom_type == "Polygon":
            require_rasterized_as_one(part)


def test_a_polygon_far_larger_than_the_image() -> None:
    assert (rasterized(np.array([shapely.Point(500, 300).buffer(1e12, quad_segs=500)])) == VALUE).all()


def test_each_part_lies_in_one_tile_or_has_few_points() -> None:
    random = np.random.default_rng(0)
    rings = Rings.of(np.array([shapely.Polygon(star(random, 40), [anywhere(random, 3)])]))
    parts = list(rings.split(512, 4))
    for part in parts:
        left, top, right, bottom = part.bounds
        one_tile = right <= (left // 512 + 1) * 512 and bottom <= (top // 512 + 1) * 512
        assert one_tile or len(part.points) <= 4
    assert len(parts) >= 6


def test_long_edges_get_further_points() -> None:
    polygon = shapely.Polygon([(0, 0), (10, 0), (10, 3)], [[(5, 1), (6, 1), (6, 1.5)]])
    longer = Rings.of(np.array([polygon])).with_edges_up_to(4).as_polygons(1)[0]
    assert shapely.hausdorff_distance(longer, polygon) < 1e-9
    assert len(longer.exterior.coords) == 1 + 3 + 1 + 3
    assert len(longer.interiors[0].coords) == 4


@pytest.mark.parametrize("wrong", [np.zeros((0, 2)), np.full((4, 2), 5.0), np.array([(1, 1), (9, 9), (5, 5)])])
def test_rings_without_an_inside_fill_nothing(wrong: np.ndarray) -> None:
    assert (rasterized(np.array([shapely.Polygon(wrong)])) == 255).all()
