"""Features at positions of a chip are those of filters and encoder there."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from landseg_core.assistant.encoder import EncoderFeatures
from landseg_core.assistant.filters import filter_count, filter_features
from landseg_core.models.lite0 import SKIP_WIDTHS, Lite0Encoder
from landseg_core.training.pixel_features import PixelFeatures


def random_chip(seed: int, bands: int, height: int, width: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(bands, height, width)).astype(np.float32)


@settings(max_examples=20)
@given(st.integers(0, 2**32), st.integers(1, 4), st.integers(9, 40), st.integers(9, 40))
def test_at_the_centres_of_pixels_they_are_the_filters(seed: int, bands: int, height: int, width: int) -> None:
    chip, features = random_chip(seed, bands, height, width), PixelFeatures(bands, None)
    rows, columns = (axis.ravel() for axis in np.mgrid[:height, :width])
    expected = filter_features(chip, np.ones((height, width), bool))
    found = features.at(chip, columns + 0.5, rows + 0.5)
    assert found.shape == (height * width, features.filters) == (height * width, filter_count(bands))
    np.testing.assert_allclose(found, expected[:, rows, columns].T, atol=1e-4)


def test_levels_of_the_encoder_follow_the_filters() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        encoder = EncoderFeatures(Lite0Encoder(3))
    chip, at = random_chip(0, 3, 64, 64), np.array([1.0, 9.0])  # between pixels of level 1, in the middle of its next
    found = PixelFeatures(3, encoder).at(chip, at, at)
    (level, *_) = encoder.maps(chip, np.ones((64, 64), bool))
    filters = filter_count(3)
    assert found.shape[1] == filters + sum(SKIP_WIDTHS[:3])
    assert found[0, filters : filters + SKIP_WIDTHS[0]] == pytest.approx(level.values[:, 0, 0], abs=1e-4)
    assert found[1, filters : filters + SKIP_WIDTHS[0]] == pytest.approx(level.values[:, 4, 4], abs=1e-4)
