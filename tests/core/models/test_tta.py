from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from landseg_core.models.tta import TtaNetwork
from landseg_core.models.unet import UNet


@pytest.fixture(scope="module")
def network() -> UNet:
    """A network that no turn leaves as it is."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return UNet(2, 3, 4, 2).double().eval()


def rotated(picture: torch.Tensor, quarters: int) -> torch.Tensor:
    return picture.rot90(quarters, (2, 3))


def random_picture(number: int, height: int, width: int, seed: int = 1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(number, 2, height, width, generator=generator, dtype=torch.float64)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 10), st.integers(1, 10), st.integers(0, 3), st.integers(0, 99))
def test_the_map_turns_with_the_picture(network: UNet, rows: int, columns: int, quarters: int, seed: int) -> None:
    picture = random_picture(1, rows * network.stride, columns * network.stride, seed)
    average = TtaNetwork(network)
    with torch.inference_mode():
        assert torch.allclose(average(rotated(picture, quarters)), rotated(average(picture), quarters), atol=1e-5)


def test_the_probabilities_are_the_mean_of_four_turns(network: UNet) -> None:
    picture = random_picture(2, 24, 40)
    with torch.inference_mode():
        each = [rotated(network(rotated(picture, quarters)).softmax(1), -quarters) for quarters in range(4)]
        average = TtaNetwork(network)(picture).softmax(1)
    assert torch.allclose(average.double(), sum(each) / 4, atol=1e-6)  # type: ignore[arg-type]
    assert not torch.allclose(average.double(), each[0], atol=1e-3)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 7), st.integers(0, 7))
def test_what_lies_far_away_changes_nothing(network: UNet, bottom: int, right: int) -> None:
    """The pooling grid stays where it is, wherever the picture ends."""
    picture = random_picture(1, 64, 64)
    kept = 64 - 7 - network.radius
    average = TtaNetwork(network)
    with torch.inference_mode():
        whole, part = average(picture), average(picture[..., : 64 - bottom, : 64 - right])
    assert kept > 0
    assert torch.allclose(whole[..., :kept, :kept], part[..., :kept, :kept], atol=1e-5)


def test_a_network_that_is_certain_still_gives_numbers() -> None:
    class Certain(nn.Module):
        stride = radius = 1

        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            return torch.cat([pictures, pictures - 1000], dim=1)

    logits = TtaNetwork(Certain())(torch.zeros(1, 1, 4, 4))  # type: ignore[arg-type]
    assert torch.isfinite(logits).all()
    assert logits.softmax(1)[0, :, 0, 0].tolist() == pytest.approx([1, 0])


def test_it_sees_as_far_as_the_network(network: UNet) -> None:
    average = TtaNetwork(network)
    assert (average.stride, average.radius) == (network.stride, network.radius)
