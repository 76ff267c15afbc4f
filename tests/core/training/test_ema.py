from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from landseg_core.training.ema import ModelEma


def a_network() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2))


def fill(model: nn.Module, value: float) -> None:
    with torch.no_grad():
        for tensor in model.state_dict().values():
            tensor.fill_(value) if tensor.is_floating_point() else None


def test_follows_as_a_plain_average_at_first_and_an_exponential_one_later() -> None:
    model = a_network()
    fill(model, 0.0)
    ema, expected = ModelEma(model, 0.1), 0.0
    for step in range(1, 200):
        fill(model, float(step))
        ema.update(step, 0.005)
        decay = min(step / (step + 10), math.exp(-0.05))
        expected = decay * expected + (1 - decay) * step
        assert float(ema.weights["0.weight"][0]) == pytest.approx(expected, rel=1e-4)
        assert float(ema.weights["1.running_var"][0]) == pytest.approx(expected, rel=1e-4)


def test_without_a_share_it_is_the_weights_themselves() -> None:
    model = a_network()
    ema = ModelEma(model, 0.0)
    fill(model, 3.0)
    ema.update(1, 0.5)
    assert torch.equal(ema.weights["0.weight"], model.state_dict()["0.weight"])


def test_lends_the_average_and_takes_it_back_even_after_an_error() -> None:
    model = a_network()
    ema = ModelEma(model, 0.1)
    before = {name: value.clone() for name, value in ema.weights.items()}
    fill(model, 5.0)

    def look() -> None:
        assert torch.equal(model.state_dict()["0.weight"], before["0.weight"])
        raise InterruptedError

    with pytest.raises(InterruptedError), ema.applied():
        look()
    assert (model.state_dict()["0.weight"] == 5).all()
    assert torch.equal(ema.weights["0.weight"], before["0.weight"])


def test_goes_on_from_saved_weights() -> None:
    first, second = ModelEma(a_network(), 0.1), ModelEma(a_network(), 0.1)
    second.restore(first.weights)
    assert all(torch.equal(value, second.weights[name]) for name, value in first.weights.items())
    with pytest.raises(KeyError):
        second.restore({})
