from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from landseg_core.data.training_data import TrainingData
from landseg_core.models.catalog import CATALOG
from landseg_core.models.header import read_header
from landseg_core.runs.config import TrainConfig
from landseg_core.runs.folder import RunFolder
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


@pytest.mark.parametrize("installed", [True, False])
def test_the_encoder_of_a_parent_model_is_trained_already(
    data: TrainingData, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, installed: bool
) -> None:
    """Whatever is installed on this computer."""
    path = tmp_path / "model.safetensors"
    a_state(LITE0.model_copy(update={"pretrained": False}), data).bundle({}).save(path)
    monkeypatch.setattr(type(CATALOG["lite0"].pretraining), "installed", lambda _self: installed)
    going_on = LITE0.model_copy(update={"start_from": str(path)})
    state = a_state(going_on, data)
    assert shares(state) == {True: {0.25}, False: {1.0}}
    assert state.parent == read_header(path)
    assert shares(a_state(going_on.model_copy(update={"pretrained": False}), data))[True] == {1.0}


def test_a_run_that_goes_on_keeps_its_encoders_share(
    data: TrainingData, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    installed = type(CATALOG["lite0"].pretraining), "installed"
    monkeypatch.setattr(*installed, lambda _self: False)
    a_state(LITE0, data).save(RunFolder(tmp_path))
    monkeypatch.setattr(*installed, lambda _self: True)
    state = RunState.saved(LITE0, data, RunFolder(tmp_path), torch.device("cpu"))
    assert shares(state) == {True: {1.0}, False: {1.0}}
