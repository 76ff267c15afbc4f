from __future__ import annotations

from typing import Any

import pytest
import torch

from landseg_core.data.chips import TrainingData
from landseg_core.models.catalog import CATALOG
from landseg_core.training.config import TrainConfig
from landseg_core.training.state import RunState

LITE0 = TrainConfig(model="lite0", epochs=1, device="cpu", encoder_rate=0.25)


def a_state(config: TrainConfig, data: TrainingData) -> RunState:
    torch.manual_seed(0)
    return RunState.fresh(config, data, data.reader(), torch.device("cpu"))


def shares(state: RunState) -> dict[bool, set[float]]:
    """Return the shares of the learning rate, of the encoder's weights (True) and of the others."""
    encoder = {id(p) for name, p in state.learner.network.model.named_parameters() if name.startswith("encoder.")}
    found: dict[bool, set[float]] = {True: set(), False: set()}
    for group in state.learner._optimiser.param_groups:
        for parameter in group["params"]:
            found[id(parameter) in encoder].add(group["share"])
    return found


def stem(state: RunState) -> Any:
    return state.learner.network.model.state_dict()["encoder.stem.0.weight"]


@pytest.mark.skipif(not CATALOG["lite0"].pretraining.installed(), reason="the extra `pretrained` is not installed")
def test_pretrained_weights_learn_slower_than_the_others(data: TrainingData) -> None:
    state = a_state(LITE0, data)
    assert not state.notices
    assert shares(state) == {True: {0.25}, False: {1.0}}
    assert not torch.equal(stem(state), stem(a_state(LITE0.model_copy(update={"pretrained": False}), data)))


def test_without_the_package_a_run_says_so_and_learns_all_alike(
    data: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(CATALOG["lite0"].pretraining), "installed", lambda _self: False)
    state = a_state(LITE0, data)
    assert shares(state) == {True: {1.0}, False: {1.0}}
    assert "pip install 'landseg[pretrained]'" in state.notices[0]
    random = a_state(LITE0.model_copy(update={"pretrained": False}), data)
    assert not random.notices
    assert torch.equal(stem(state), stem(random))
