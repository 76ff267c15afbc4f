from __future__ import annotations

import importlib.util

import numpy as np
import pytest
import torch
from torch import nn

from landseg_core.assistant.encoder import ALIGNMENT, MARGIN, EncoderFeatures, pretrained_features
from landseg_core.assistant.feature_maps import FeatureMap
from landseg_core.errors import ModelError
from landseg_core.models import pretrained
from landseg_core.models.lite0 import SKIP_WIDTHS, Lite0Encoder

AROUND = ((MARGIN, MARGIN), (MARGIN, MARGIN))


def random_encoder(bands: int = 3) -> Lite0Encoder:
    """Return an encoder that has not learned anything, but whose norms do something."""
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        encoder = Lite0Encoder(bands).eval()
        for layer in encoder.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.running_mean.normal_(std=0.3)  # type: ignore[union-attr]
                layer.running_var.uniform_(0.1, 0.6)  # type: ignore[union-attr]
    return encoder


def image(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(3, height, width)).astype(np.float32), rng.random((height, width)) > 0.05


def inside(found: list[FeatureMap], rows: slice, columns: slice) -> list[np.ndarray]:
    def scaled(part: slice, stride: int) -> slice:
        return slice(part.start // stride, part.stop // stride)

    return [one.values[:, scaled(rows, one.stride), scaled(columns, one.stride)] for one in found]


def test_they_are_the_levels_of_the_network() -> None:
    pixels, valid = image(48, 64)
    known = torch.from_numpy(np.where(valid, pixels, np.float32(0)))[None]
    with torch.inference_mode():
        expected = random_encoder()(known)[:3]
    found = EncoderFeatures(random_encoder()).maps(pixels, valid)
    assert [(one.stride, len(one.values)) for one in found] == [(2 << n, SKIP_WIDTHS[n]) for n in range(3)]
    for one, level in zip(found, expected, strict=True):
        spread = float(level.std())
        # In bf16, where the processor has it, a number has eight bits.
        np.testing.assert_allclose(one.values, level[0].numpy(), atol=0.1 * spread)
        assert np.abs(one.values - level[0].numpy()).mean() < 0.01 * spread


@pytest.mark.parametrize(("y", "x"), [(0, 0), (32, 64), (64, 40)])
def test_a_window_with_its_margin_has_the_features_of_the_whole_image(y: int, x: int) -> None:
    features = EncoderFeatures(random_encoder())
    pixels, valid = image(104, 120)
    pixels, valid = np.pad(pixels, ((0, 0), *AROUND)), np.pad(valid, AROUND)
    whole = features.maps(pixels, valid)
    cut = slice(y, y + 40 + 2 * MARGIN), slice(x, x + 40 + 2 * MARGIN)
    window = features.maps(pixels[:, *cut], valid[cut])
    expected = inside(whole, slice(y + MARGIN, y + MARGIN + 40), slice(x + MARGIN, x + MARGIN + 40))
    for found, level in zip(inside(window, *[slice(MARGIN, MARGIN + 40)] * 2), expected, strict=True):
        np.testing.assert_allclose(found, level, atol=0.05 * level.std())
    assert MARGIN % ALIGNMENT == 0


def test_pixels_without_data_are_as_the_mean() -> None:
    features = EncoderFeatures(random_encoder())
    pixels, valid = image(32, 32)
    other = np.where(valid, pixels, np.float32(np.nan))
    for one, two in zip(features.maps(pixels, valid), features.maps(other, valid), strict=True):
        assert (one.values == two.values).all()


@pytest.mark.skipif(importlib.util.find_spec(pretrained.PACKAGE) is None, reason="the extra `pretrained` is missing")
@pytest.mark.parametrize("bands", [1, 4])
def test_the_pretrained_ones_are_made_for_any_bands(bands: int) -> None:
    pixels = np.random.default_rng(0).normal(size=(bands, 32, 32)).astype(np.float32)
    found = pretrained_features(bands).maps(pixels, np.ones((32, 32), bool))
    assert all(np.isfinite(one.values).all() and one.values.std() > 0 for one in found)


def test_missing_weights_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretrained, "PACKAGE", "no_such_package")
    with pytest.raises(ModelError, match="not installed"):
        pretrained_features(3)
