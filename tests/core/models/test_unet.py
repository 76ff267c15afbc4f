from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from landseg_core.models.blocks import DoubleConv
from landseg_core.models.catalog import build_model
from landseg_core.models.unet import UNet


def parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def random_network(depth: int, seed: int = 0) -> UNet:
    """A network in which nothing is at its start: norms with statistics, in double precision."""
    generator = torch.Generator().manual_seed(seed)
    model = UNet(bands=2, classes=3, base=3, depth=depth).double().eval()
    for name, value in model.state_dict().items():
        if value.is_floating_point():
            value.copy_(
                torch.rand(value.shape, generator=generator, dtype=torch.float64) - (0.4 if value.ndim > 1 else 0)
            )
            value.abs_() if name.endswith("running_var") else None
    return model


def open_network(depth: int) -> UNet:
    """A network that lets every influence through: all weights one, all values positive."""
    model = UNet(bands=1, classes=1, base=1, depth=depth).double().eval()
    for name, value in model.state_dict().items():
        if value.is_floating_point():
            value.fill_(0.0 if name.endswith(("bias", "running_mean")) else 1.0)
    return model


def test_the_classic_has_31_million_parameters() -> None:
    # Convolutions without bias (a norm follows), norms with scale and shift, 5 outputs.
    assert parameters(build_model("unet64", 3, 5)) == 31_037_893


def test_the_arms_are_lists_of_stages() -> None:
    model = build_model("unet16", 4, 7)
    assert isinstance(model.down_arm, nn.ModuleList)
    assert isinstance(model.up_arm, nn.ModuleList)
    assert [type(stage) for stage in model.down_arm] == [DoubleConv] * 5
    kinds = [type(layer).__name__ for layer in model.down_arm[0]]
    assert kinds == ["Conv2d", "BatchNorm2d", "ReLU"] * 2
    assert model.down_arm[0][0].in_channels == 4
    assert (model.head.kernel_size, model.head.out_channels) == ((1, 1), 7)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 5), st.integers(1, 4), st.integers(1, 3))
def test_any_size_any_bands_any_classes(height: int, width: int, bands: int, classes: int, depth: int) -> None:
    model = UNet(bands, classes, base=2, depth=depth).eval()
    assert model(torch.zeros(2, bands, height, width)).shape == (2, classes, height, width)


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40))
def test_an_odd_size_is_continued_by_its_edge(height: int, width: int) -> None:
    model = random_network(depth=2)
    picture = torch.rand(1, 2, height, width, dtype=torch.float64)
    continued = functional.pad(picture, (0, -width % 4, 0, -height % 4), mode="replicate")
    torch.testing.assert_close(model(picture), model(continued)[..., :height, :width])


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 2), st.integers(0, 57), st.integers(0, 63), st.integers(0, 5))
def test_nothing_beyond_the_reach_changes(depth: int, row: int, column: int, seed: int) -> None:
    model = random_network(depth, seed)
    picture = torch.rand(1, 2, 58, 64, dtype=torch.float64)
    changed = picture.clone()
    changed[..., row, column] += 100
    rows, columns = (model(picture) != model(changed))[0].any(0).nonzero(as_tuple=True)
    assert len(rows)
    assert max((rows - row).abs().max(), (columns - column).abs().max()) <= model.radius


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_the_reach_is_reached(depth: int) -> None:
    model = open_network(depth)
    size = 2 * (model.radius + model.stride)
    farthest = 0
    for start in range(size // 2, size // 2 + model.stride):
        picture = torch.zeros(1, 1, model.stride, size, dtype=torch.float64)
        picture[..., 0, start] = 1
        touched = model(picture)[0, 0, 0].nonzero().flatten()
        farthest = max(farthest, int((touched - start).abs().max()))
    assert farthest == model.radius


def test_the_reach_of_the_catalogue() -> None:
    model = build_model("unet16", 3, 5)
    assert (model.stride, model.radius) == (16, 107)


def test_works_in_bf16_and_channels_last() -> None:
    model = build_model("unet16", 3, 5).eval().to(memory_format=torch.channels_last)
    picture = torch.rand(1, 3, 33, 47).to(memory_format=torch.channels_last)
    with torch.no_grad():
        plain = model(picture)
        with torch.autocast("cpu", torch.bfloat16):
            rounded = model(picture)
    assert rounded.dtype == torch.bfloat16
    torch.testing.assert_close(rounded.float(), plain, atol=0.05, rtol=0.1)


def test_an_unknown_network_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        build_model("resnet", 3, 5)
