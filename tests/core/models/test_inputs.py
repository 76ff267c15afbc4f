from __future__ import annotations

import numpy as np
import pytest
import torch

from landseg_core.models.inputs import InputNormaliser
from landseg_core.models.normalisation import Normalisation

NORMALISE = InputNormaliser(Normalisation((10.0, 100.0), (2.0, 50.0)))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", "float64"])
def test_any_kind_of_number(dtype: str) -> None:
    pixels = torch.from_numpy(np.array([[[[10, 14]], [[100, 50]]]], dtype))
    before = pixels.clone()
    values = NORMALISE(pixels)
    assert values.dtype == torch.float32
    torch.testing.assert_close(values, torch.tensor([[[[0.0, 2.0]], [[0.0, -1.0]]]]))
    assert torch.equal(pixels, before)


def test_wild_numbers_are_tamed() -> None:
    pixels = torch.tensor([[[[-3.4e38, 3.4e38, torch.inf, -torch.inf, torch.nan]]]]).expand(1, 2, 1, 5)
    assert NORMALISE(pixels)[0, 0, 0].tolist() == [-10, 10, 10, -10, 0]


def test_keeps_the_memory_format() -> None:
    pixels = torch.zeros(1, 2, 4, 4, dtype=torch.uint8).to(memory_format=torch.channels_last)
    assert NORMALISE(pixels).is_contiguous(memory_format=torch.channels_last)
