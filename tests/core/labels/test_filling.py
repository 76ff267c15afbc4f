from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from landseg_core.geo.window import PixelWindow
from landseg_core.labels.filling import connected_region, enclosed, flood, holes, similar_region
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.labels.regions import MaskRegion, RectangleRegion, StrokeRegion

SIDES = ((0, 1), (1, 0), (0, -1), (-1, 0))
CORNERS = ((1, 1), (1, -1), (-1, 1), (-1, -1))


def spread(may: np.ndarray, start: list[tuple[int, int]], steps) -> np.ndarray:
    """Return what can be reached from `start` within `may`, the plain way."""
    reached = np.zeros(may.shape, bool)
    waiting = [place for place in start if may[place]]
    while waiting:
        row, column = waiting.pop()
        if reached[row, column]:
            continue
        reached[row, column] = True
        near = [(row + down, column + right) for down, right in steps]
        waiting += [(r, c) for r, c in near if 0 <= r < may.shape[0] and 0 <= c < may.shape[1] and may[r, c]]
    return reached


def labels_with(values: np.ndarray, x: int = 0, y: int = 0) -> LabelRaster:
    labels = LabelRaster(1200, 1000)
    window = PixelWindow(x, y, values.shape[1], values.shape[0])
    labels.begin().put(window, values, np.ones(values.shape, bool))
    return labels


small_maps = hnp.arrays(np.uint8, (9, 12), elements=st.sampled_from([2, 2, 3, 255]))


@given(small_maps, st.integers(0, 11), st.integers(0, 8))
def test_the_region_under_a_place_is_what_is_connected_by_sides(values, column, row) -> None:
    x, y = 506, 508  # where four tiles meet
    limit = PixelWindow(x, y, 12, 9)
    found = connected_region(labels_with(values, x, y), x + column + 0.9, y + row + 0.1, limit)
    expected = spread(values == values[row, column], [(row, column)], SIDES)
    np.testing.assert_array_equal(found.mask(limit), expected)
    assert limit.contains(found.bounds)
    assert found.pixels.any(axis=0).all()  # no wider than needed
    assert found.pixels.any(axis=1).all()


@given(small_maps, st.integers(0, 11), st.integers(0, 8))
def test_holes_are_the_unlabelled_pixels_with_no_way_out(values, column, row) -> None:
    limit = PixelWindow(0, 0, 12, 9)
    found = holes(labels_with(values), column + 0.5, row + 0.5, limit)
    region = spread(values == values[row, column], [(row, column)], SIDES)
    beyond = np.pad(~region, 1, constant_values=True)
    outside = spread(beyond, [(0, 0)], SIDES + CORNERS)[1:-1, 1:-1]
    expected = ~region & ~outside & (values == 255)
    if values[row, column] == 255:
        expected[:] = False
    np.testing.assert_array_equal(found.mask(limit), expected)


def test_a_thin_ring_holds_what_is_filled_in() -> None:
    labels = LabelRaster(1200, 1000)
    edit = labels.begin()
    ring = [(100.0, 500.0), (600.0, 100.0), (1100.0, 520.0), (600.0, 900.0), (100.0, 500.0)]
    edit.paint(StrokeRegion(ring, 1), 4)
    whole = PixelWindow(0, 0, 1200, 1000)
    hole = connected_region(labels, 600, 500, whole)
    assert 380_000 < np.count_nonzero(hole.pixels) < 420_000
    assert edit.paint(hole, 4) == np.count_nonzero(hole.pixels)
    assert np.count_nonzero(labels.read(whole) == 4) == np.count_nonzero(
        connected_region(labels, 600, 500, whole).pixels
    )


def test_filling_stays_within_its_limit() -> None:
    labels = LabelRaster(1200, 1000)
    limit = PixelWindow(-40, 300, 100, 5000)
    assert connected_region(labels, 5, 400, limit).window == PixelWindow(0, 300, 60, 700)


def test_a_hole_at_the_edge_of_the_limit_is_open() -> None:
    labels = LabelRaster(100, 100)
    edit = labels.begin()
    edit.paint(RectangleRegion((10, 10), (40, 40)), 4)
    edit.paint(RectangleRegion((20, 20), (30, 30)), 255)
    assert np.count_nonzero(holes(labels, 12, 12, PixelWindow(0, 0, 100, 100)).pixels) == 100
    assert not holes(labels, 12, 12, PixelWindow(0, 0, 100, 25)).pixels.any()


def test_another_class_in_a_hole_stays() -> None:
    values = np.full((9, 9), 4, np.uint8)
    values[2:7, 2:7] = 255
    values[4, 4] = 8
    found = holes(labels_with(values), 0.5, 0.5, PixelWindow(0, 0, 9, 9))
    assert np.count_nonzero(found.pixels) == 24
    assert not found.mask(PixelWindow(4, 4, 1, 1)).any()


@pytest.mark.parametrize("find", [connected_region, holes])
@pytest.mark.parametrize(
    ("place", "limit"),
    [
        ((-0.1, 5), PixelWindow(-10, 0, 50, 50)),
        ((5, 100), PixelWindow(0, 0, 500, 500)),
        ((60, 60), PixelWindow(0, 0, 50, 50)),
        ((5, 5), PixelWindow(200, 0, 50, 50)),
    ],
)
def test_a_click_outside_finds_nothing(find, place, limit) -> None:
    found: MaskRegion = find(LabelRaster(100, 100), *place, limit)
    assert not found.pixels.any()


def test_enclosed_and_flood_know_corners() -> None:
    ring = np.array([[0, 1, 1, 1], [1, 1, 0, 1], [1, 0, 1, 1], [1, 1, 1, 0]], bool)
    assert np.argwhere(enclosed(ring)).tolist() == [[1, 2], [2, 1]]
    ground = (~ring).astype(np.uint8)
    assert np.count_nonzero(flood(ground, (2, 1), 4)) == 1
    assert np.count_nonzero(flood(ground, (2, 1), 8)) == 2


def disc(height: int = 90, width: int = 120) -> np.ndarray:
    """Return (H, W) bool: a disc of 30 px radius."""
    rows, columns = np.mgrid[:height, :width]
    return (rows - 45) ** 2 + (columns - 60) ** 2 < 900


def picture(noise: int) -> np.ndarray:
    """Return a disc of (90, 140, 60) on a ground of (150, 90, 80) and up to `noise` more or less."""
    clean = np.where(disc()[..., None], (90, 140, 60), (150, 90, 80))
    return (clean + np.random.default_rng(1).integers(-noise, noise + 1, clean.shape)).astype(np.uint8)


@pytest.mark.parametrize("noise", [0, 8])
def test_the_region_of_a_colour_is_found(noise) -> None:
    np.testing.assert_array_equal(similar_region(picture(noise), (60, 45), 2 * noise + 1), disc())


def test_more_tolerance_never_finds_less() -> None:
    pixels, last = picture(20), np.zeros((90, 120), bool)
    for tolerance in (0, 4.5, 10, 20, 40, 60, 255):
        found = similar_region(pixels, (60, 45), tolerance)
        assert found[45, 60]
        assert not (last & ~found).any()
        last = found
    assert last.all()


def test_another_region_of_the_same_colour_is_left_out() -> None:
    pixels = np.zeros((20, 30, 3), np.uint8)
    pixels[:, 14] = 200
    found = similar_region(pixels, (3, 3), 30)
    assert found[:, :14].all()
    assert not found[:, 14:].any()


def test_every_band_counts() -> None:
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[:, 4:, 2] = 50
    assert np.count_nonzero(similar_region(pixels, (0, 0), 49)) == 32
    assert np.count_nonzero(similar_region(pixels, (0, 0), 50)) == 64


def test_one_noisy_pixel_under_the_cursor_does_not_mislead() -> None:
    pixels = np.full((20, 20, 3), 100, np.uint8)
    pixels[10, 10] = 255
    assert similar_region(pixels, (10, 10), 5).all()


def test_pinholes_are_closed_and_larger_holes_are_not() -> None:
    pixels = np.full((40, 40, 3), 100, np.uint8)
    pixels[5:9, 5:9] = 0
    pixels[20:24, 20:25] = 0
    found = similar_region(pixels, (0, 0), 5)
    assert found[5:9, 5:9].all()
    assert not found[20:24, 20:25].any()


def test_a_notch_at_the_edge_is_no_hole() -> None:
    pixels = np.full((10, 10, 3), 100, np.uint8)
    pixels[0, 4] = 0
    assert not similar_region(pixels, (8, 8), 5)[0, 4]


@given(
    hnp.arrays(np.uint8, st.tuples(st.integers(1, 6), st.integers(1, 6), st.sampled_from([1, 3]))),
    st.data(),
    st.floats(0, 255),
)
def test_any_picture_will_do(pixels, data, tolerance) -> None:
    height, width, _ = pixels.shape
    before = pixels.copy()
    seed = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    found = similar_region(pixels, seed, tolerance)
    assert found.shape == (height, width)
    assert found.dtype == bool
    assert found[seed[1], seed[0]]
    np.testing.assert_array_equal(pixels, before)
    around = pixels[max(0, seed[1] - 1) : seed[1] + 2, max(0, seed[0] - 1) : seed[0] + 2]
    away = np.abs(pixels - np.median(around, axis=(0, 1))).max(axis=-1)
    holes_apart = found & (away > tolerance)
    holes_apart[seed[1], seed[0]] = False
    assert not holes_apart[[0, -1]].any()  # only what is surrounded may look different
    assert not holes_apart[:, [0, -1]].any()
