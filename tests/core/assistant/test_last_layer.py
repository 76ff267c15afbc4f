"""What goes into the last layer of every network of the catalogue, at single pixels."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from support.models import random_bundle

from landseg_core.assistant.filters import filter_features
from landseg_core.assistant.last_layer import LastLayer
from landseg_core.errors import ModelError
from landseg_core.models.catalog import CATALOG
from landseg_core.models.inputs import InputNormaliser

SMALL = [name for name, kind in CATALOG.items() if kind.parameters < 5_000_000]


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("size", [(64, 96), (75, 41)])
def test_scores_are_those_of_the_network_and_linear_in_the_features(
    name: str, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.set_num_threads(1)
    bundle, dice = random_bundle(name), np.random.default_rng(0)
    pixels = dice.integers(0, 255, (3, *size), np.uint8)
    rows, columns = (dice.integers(length, size=200) for length in size)
    with torch.inference_mode():
        inputs = InputNormaliser(bundle.header.normalisation)(torch.from_numpy(pixels)[None])
        expected = bundle.build()(inputs)[0].numpy()[:, rows, columns].T
    found = LastLayer(bundle, "cpu").rows(pixels, columns + 0.5, rows + 0.5)
    filters = filter_features(inputs[0].numpy(), np.ones(size, np.bool_))[:, rows, columns].T
    assert np.abs(found.features[:, -filters.shape[1] :] - filters).max() < 0.05 * np.abs(filters).max()
    tolerance = 0.05 * np.abs(expected).max()  # the processor's quick number format may be bf16
    assert np.abs(found.scores - expected).max() < tolerance
    channels = bundle.state["head.weight"].shape[1]
    weight, bias = bundle.state["head.weight"][:, :, 0, 0].numpy(), bundle.state["head.bias"].numpy()
    assert np.abs(found.features[:, :channels] @ weight.T + bias - found.scores).max() < tolerance


def test_too_little_memory_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = LastLayer(random_bundle("unet16"), "cpu")

    def exhausted(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(layer, "_network", exhausted)
    with pytest.raises(ModelError, match="does not have enough memory for the model"):
        layer.maps(np.zeros((3, 32, 32), np.uint8))
