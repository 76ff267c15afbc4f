from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from landseg_core.models.catalog import CATALOG, DEFAULT_MODEL, build_model

NAMES = ("lite0", "unet16", "unet32", "unet64")


@pytest.mark.parametrize("name", NAMES)
def test_the_catalogue_tells_size_and_cost(name: str) -> None:
    with torch.device("meta"):
        model = build_model(name, 3, 5).eval()
        picture = torch.zeros(1, 3, 256, 256)
    architecture = CATALOG[name]
    assert sum(parameter.numel() for parameter in model.parameters()) == architecture.parameters
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        model(picture)
    assert counter.get_total_flops() / 256**2 / 1e6 == pytest.approx(architecture.mflop, abs=0.01)
    assert f"{architecture.parameters / 1e6:.1f} million" in architecture.title
    assert architecture.good_for


def test_the_default_is_in_the_catalogue() -> None:
    assert DEFAULT_MODEL in CATALOG
