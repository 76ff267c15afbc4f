from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landseg_core.assistant.filters import ALIGNMENT, MARGIN, filter_count, filter_features, filter_maps, texture_maps

SCALES = ((0.7, 1, True), (1.6, 1, True), (3.5, 2, True), (5.0, 4, True), (10.0, 8, False))
"""Standard deviation, side of the squares, and whether there is a structure tensor."""


def blurred(plane: np.ndarray, sigma: float) -> np.ndarray:
    """Return the sum of all pixels, each times a Gaussian of its distance; beyond the plane is 0."""
    radius = math.ceil(3 * sigma)
    kernel = np.exp(-(np.arange(-radius, radius + 1) ** 2) / (2 * sigma**2))
    kernel /= kernel.sum()
    for axis in (0, 1):
        plane = np.apply_along_axis(lambda line: np.convolve(line, kernel)[radius : radius + len(line)], axis, plane)
    return plane


def means(plane: np.ndarray, side: int) -> np.ndarray:
    return plane.reshape(plane.shape[0] // side, side, -1, side).mean(axis=(1, 3))


def derivative(plane: np.ndarray, axis: int) -> np.ndarray:
    return (np.roll(plane, -1, axis) - np.roll(plane, 1, axis)) / 2


def second(plane: np.ndarray, axis: int) -> np.ndarray:
    return np.roll(plane, -1, axis) + np.roll(plane, 1, axis) - 2 * plane


def eigenvalues(xx: np.ndarray, yy: np.ndarray, xy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    found = np.linalg.eigvalsh(np.stack([np.stack([xx, xy], -1), np.stack([xy, yy], -1)], -1))
    return found[..., 1], found[..., 0]


def enlarged(plane: np.ndarray, side: int) -> np.ndarray:
    """Interpolate linearly between the middles of the squares, first down, then across."""
    for _ in range(2):
        at = (np.arange(len(plane) * side) + 0.5) / side - 0.5
        plane = np.stack([np.interp(at, np.arange(len(plane)), line) for line in plane.T])
    return plane


def reference(pixels: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Return the features by their definition, in float64, of an image with much ground without data around it."""
    beyond, (height, width) = 64, valid.shape
    around = [(beyond, beyond + -size % 8) for size in valid.shape]
    weights = np.pad(valid.astype(float), around)
    bands = [np.pad(np.where(valid, band, 0.0), around) for band in pixels.astype(float)]
    if len(bands) == 3:
        red, green, blue = bands
        bands = [
            (red + green + blue) / math.sqrt(3),
            (red - blue) / math.sqrt(2),
            (red - 2 * green + blue) / math.sqrt(6),
        ]
    found = []
    for sigma, side, has_tensor in SCALES:
        reduced = math.sqrt(sigma**2 - (side**2 - 1) / 12) / side
        known = means(weights, side)
        amount = blurred(known, reduced)
        inverse = np.divide(1, amount, out=np.zeros_like(amount), where=amount > 1e-9)
        smooth = [blurred(means(band, side), reduced) * inverse for band in bands]
        across, down = (derivative(smooth[0], axis) * sigma / side for axis in (1, 0))
        xx, yy = (second(smooth[0], axis) * (sigma / side) ** 2 for axis in (1, 0))
        xy = derivative(derivative(smooth[0], 0), 1) * (sigma / side) ** 2
        planes = [*smooth, np.hypot(across, down), xx + yy, *eigenvalues(xx, yy, xy)]
        if has_tensor:
            products = (across**2, down**2, across * down)
            tensor = [blurred(product * known, reduced) * inverse for product in products]
            planes += [np.sqrt(np.maximum(value, 0)) for value in eigenvalues(*tensor)]
        found += [enlarged(plane, side)[beyond : beyond + height, beyond : beyond + width] for plane in planes]
    return np.stack(found)


def image(height: int, width: int, bands: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(bands, height, width)).astype(np.float32)


@settings(max_examples=8, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3]), st.sampled_from([0.0, 0.3, 0.95]))
def test_they_are_what_they_are_defined_to_be(height: int, width: int, bands: int, missing: float) -> None:
    pixels = image(height, width, bands)
    valid = np.random.default_rng(1).random((height, width)) >= missing
    pixels[:, ~valid] = np.nan
    found = filter_features(pixels, valid)
    assert found.shape == (filter_count(bands), height, width)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[:, valid], reference(pixels, valid)[:, valid], atol=2e-4)


@pytest.mark.parametrize(("y", "x"), [(0, 0), (64, 64), (128, 0), (128, 128)])
def test_a_window_with_its_margin_has_the_features_of_the_whole_image(y: int, x: int) -> None:
    assert MARGIN % ALIGNMENT == 0
    pixels, valid = image(187, 171), np.random.default_rng(2).random((187, 171)) > 0.02
    whole = filter_features(pixels, valid)
    around = ((MARGIN, MARGIN), (MARGIN, MARGIN))
    pixels, valid = np.pad(pixels, ((0, 0), *around)), np.pad(valid, around)
    rows, columns = slice(y, y + 64 + 2 * MARGIN), slice(x, x + 64 + 2 * MARGIN)
    window = filter_features(pixels[:, rows, columns], valid[rows, columns])
    expected = whole[:, y : y + 64, x : x + 64]
    inner = window[:, MARGIN : MARGIN + expected.shape[1], MARGIN : MARGIN + expected.shape[2]]
    np.testing.assert_allclose(inner, expected, atol=1e-5)


def test_no_data_and_one_grey_give_nothing_to_see() -> None:
    grey = np.full((1, 20, 20), 0.5, np.float32)
    nothing = filter_features(grey, np.zeros((20, 20), bool))
    assert not nothing.any()
    flat = filter_features(grey, np.ones((20, 20), bool))
    smooth = np.isclose(flat, 0.5, atol=1e-5).all(axis=(1, 2))
    assert smooth.sum() == len(SCALES)
    assert np.abs(flat[~smooth]).max() < 1e-4


def test_four_bands_have_more_smoothed_values() -> None:
    four = filter_features(image(16, 16, 4), np.ones((16, 16), bool))
    assert len(four) == filter_count(4) == filter_count(3) + len(SCALES)


def test_textures_are_some_of_the_filters() -> None:
    pixels, valid = image(40, 24), np.ones((40, 24), bool)
    some = np.concatenate([one.values.reshape(len(one.values), -1).sum(axis=1) for one in texture_maps(pixels, valid)])
    every = np.concatenate([one.values.reshape(len(one.values), -1).sum(axis=1) for one in filter_maps(pixels, valid)])
    chosen, first = [], 0
    for *_, has_tensor in SCALES:
        chosen += [*range(first, first + 3), *([first + 7, first + 8] if has_tensor else [])]
        first += 9 if has_tensor else 7
    assert some.tolist() == every[chosen].tolist()
