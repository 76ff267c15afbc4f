from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from landseg_core.training.cutmix import LARGEST_AREA, LEAST_AREA, mixed


def some_chips(count: int, bands: int = 2, height: int = 32, width: int = 32) -> tuple[torch.Tensor, torch.Tensor]:
    """Return chips of which every pixel tells its chip and place; the labels tell the chip."""
    numbers = torch.arange(count * height * width, dtype=torch.float32).reshape(count, 1, height, width)
    labels = torch.arange(count, dtype=torch.uint8)[:, None, None].expand(count, height, width).contiguous()
    return numbers.expand(count, bands, height, width).contiguous(), labels


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 6), st.integers(1, 4), st.integers(1, 40), st.integers(1, 40), st.floats(0, 1), st.integers(0, 99)
)
def test_pixels_and_labels_come_from_the_same_place(
    count: int, bands: int, height: int, width: int, share: float, seed: int
) -> None:
    pictures, labels = some_chips(count, bands, height, width)
    new_pictures, new_labels = mixed(pictures, labels, share, (seed,))
    for chip in range(count):
        giver = new_labels[chip].long()
        assert set(giver.unique().tolist()) <= {chip, (chip + 1) % count}
        rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        assert torch.equal(new_pictures[chip], pictures[giver, :, rows, columns].permute(2, 0, 1))
    assert torch.equal(pictures, some_chips(count, bands, height, width)[0]), "the given pictures stay as they are"


def test_what_is_taken_is_a_rectangle_of_the_size_that_is_told() -> None:
    _, labels = mixed(*some_chips(200), 1.0, (3,))
    taken = (labels != torch.arange(200, dtype=torch.uint8)[:, None, None]).numpy()
    for chip in taken:
        (rows,), (columns,) = np.nonzero(chip.any(axis=1)), np.nonzero(chip.any(axis=0))
        assert chip.sum() == len(rows) * len(columns) == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
    areas = taken.mean(axis=(1, 2))
    assert areas.min() > LEAST_AREA - 0.03
    assert areas.max() < LARGEST_AREA + 0.03
    assert areas.mean() == pytest.approx((LEAST_AREA + LARGEST_AREA) / 2, abs=0.03)


def test_the_wanted_share_is_mixed() -> None:
    _, labels = mixed(*some_chips(250, 1, 8, 8), 0.3, (5,))
    touched = (labels != torch.arange(250, dtype=torch.uint8)[:, None, None]).any(dim=(1, 2))
    assert touched.float().mean() == pytest.approx(0.3, abs=0.07)


def test_the_same_seed_mixes_alike() -> None:
    chips = some_chips(8)
    assert torch.equal(mixed(*chips, 0.5, (1, 2))[0], mixed(*chips, 0.5, (1, 2))[0])
    assert not torch.equal(mixed(*chips, 0.5, (1, 2))[0], mixed(*chips, 0.5, (2, 1))[0])
