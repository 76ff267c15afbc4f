"""The outline of a region lies a quarter of a pixel inside it, whatever its shape."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from landseg_core.labels.outlines import outline
from landseg_core.labels.regions import CoarseRegion, PolygonRegion


def ragged(side: int) -> CoarseRegion:
    pixels = np.zeros((side, side), bool)
    pixels[2:30, 3:40] = True
    pixels[10:20, 10:20] = False
    pixels[50, 7] = True
    return CoarseRegion(100, 200, 1, pixels)


def test_it_holds_the_centres_of_all_pixels_and_no_others() -> None:
    region = ragged(60)
    rings = outline(region.pixels, (region.x, region.y))
    assert len(rings) == 3  # with a hole
    assert (PolygonRegion(rings).mask(region.bounds) == region.mask(region.bounds)).all()


def test_a_square_has_four_corners() -> None:
    (ring,) = outline(np.ones((2, 3), bool), (10, 20), 4)
    assert sorted(ring) == [(11, 21), (11, 27), (21, 21), (21, 27)]


def area(rings: tuple) -> float:
    return sum(cv2.contourArea(np.array(ring, np.float32), oriented=True) for ring in rings)


def test_a_large_region_has_nearly_its_area() -> None:
    rows, columns = np.mgrid[:1300, :1300]
    pixels = (rows - 650) ** 2 + (columns - 650) ** 2 < 600**2
    pixels &= (rows - 650) ** 2 + (columns - 650) ** 2 > 150**2
    assert abs(area(outline(pixels, (0, 0)))) == pytest.approx(pixels.sum(), rel=0.01)


def test_a_ragged_region_has_few_vertices() -> None:
    pixels = np.random.default_rng(0).random((400, 400)) < 0.5
    pixels[100:300, 100:300] = True
    rings = outline(pixels, (0, 0))
    assert sum(map(len, rings)) <= 1000
    assert abs(area(rings)) > 200 * 200
