"""Augmentation of a batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from landseg_core.training.augmentation import (
    BAND_BRIGHTNESS,
    BRIGHTNESS,
    LARGEST_AREA,
    LEAST_AREA,
    ColourJitter,
    cutmix,
)


def some_images(count: int = 3, bands: int = 4, side: int = 9) -> torch.Tensor:
    return torch.randn(count, bands, side, side, generator=torch.Generator().manual_seed(1))


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 6), st.integers(1, 7), st.integers(1, 12), st.floats(0, 3), st.floats(0, 1))
def test_any_number_of_bands_and_any_size(count: int, bands: int, side: int, strength: float, blur: float) -> None:
    images = some_images(count, bands, side)
    changed = ColourJitter(strength, blur)(images, (1, 2))
    assert changed.shape == images.shape
    assert changed.isfinite().all()
    assert torch.equal(images, some_images(count, bands, side)), "the given images stay as they are"


def test_nothing_changes_at_strength_nothing() -> None:
    images = some_images()
    assert torch.equal(ColourJitter(0, 0)(images, (1,)), images)


def test_the_same_numbers_give_the_same_change() -> None:
    change, images = ColourJitter(1, 0.5), some_images()
    assert torch.equal(change(images, (1, 2, 3)), change(images, (1, 2, 3)))
    assert not torch.equal(change(images, (1, 2, 3)), change(images, (1, 3, 2)))
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    change(images, (1,))
    assert torch.equal(torch.rand(1), expected), "torch's own random numbers are not used"


def test_every_image_changes_in_its_own_way() -> None:
    images = some_images(1).expand(8, -1, -1, -1)
    changed = ColourJitter(1, 0)(images, (5,))
    assert len({tuple(image.mean(dim=(1, 2)).tolist()) for image in changed}) == 8


def test_an_image_shifts_within_its_bounds() -> None:
    flat = torch.zeros(500, 3, 4, 4)
    shift = ColourJitter(1, 0)(flat, (7,)).mean(dim=(2, 3))
    assert shift.abs().max() <= BRIGHTNESS + BAND_BRIGHTNESS
    assert shift.mean().abs() < 0.05
    assert shift.std() > 0.5 * BRIGHTNESS / 3**0.5


def test_blur_softens_the_wanted_share() -> None:
    sharp = some_images(400, 1, 16)
    softer = ColourJitter(0, 0.25)(sharp, (3,)).std(dim=(1, 2, 3)) < 0.999 * sharp.std(dim=(1, 2, 3))
    assert softer.float().mean() == pytest.approx(0.25, abs=0.06)
    assert torch.allclose(ColourJitter(0, 1)(torch.ones(2, 1, 5, 5), (3,)), torch.ones(2, 1, 5, 5))


def some_chips(count: int, bands: int = 2, height: int = 32, width: int = 32) -> tuple[torch.Tensor, torch.Tensor]:
    """Return chips whose pixels encode chip and position, and whose labels encode the chip."""
    numbers = torch.arange(count * height * width, dtype=torch.float32).reshape(count, 1, height, width)
    labels = torch.arange(count, dtype=torch.uint8)[:, None, None].expand(count, height, width).contiguous()
    return numbers.expand(count, bands, height, width).contiguous(), labels


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 6), st.integers(1, 4), st.integers(1, 40), st.integers(1, 40), st.floats(0, 1), st.integers(0, 99)
)
def test_pixels_and_labels_come_from_the_same_position(
    count: int, bands: int, height: int, width: int, share: float, seed: int
) -> None:
    images, labels = some_chips(count, bands, height, width)
    further = images[:, 0] + 0.5
    new_images, new_labels, new_further = cutmix([images, labels, further], share, (seed,))
    assert torch.equal(new_further, new_images[:, 0] + 0.5)
    for chip in range(count):
        giver = new_labels[chip].long()
        assert set(giver.unique().tolist()) <= {chip, (chip + 1) % count}
        rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        assert torch.equal(new_images[chip], images[giver, :, rows, columns].permute(2, 0, 1))
    assert torch.equal(images, some_chips(count, bands, height, width)[0]), "the given images stay as they are"


def test_what_is_taken_is_a_rectangle_of_the_documented_size() -> None:
    _, labels = cutmix(some_chips(200), 1.0, (3,))
    taken = (labels != torch.arange(200, dtype=torch.uint8)[:, None, None]).numpy()
    for chip in taken:
        (rows,), (columns,) = np.nonzero(chip.any(axis=1)), np.nonzero(chip.any(axis=0))
        assert chip.sum() == len(rows) * len(columns) == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
    areas = taken.mean(axis=(1, 2))
    assert areas.min() > LEAST_AREA - 0.03
    assert areas.max() < LARGEST_AREA + 0.03
    assert areas.mean() == pytest.approx((LEAST_AREA + LARGEST_AREA) / 2, abs=0.03)


def test_the_wanted_share_is_cutmix() -> None:
    _, labels = cutmix(some_chips(250, 1, 8, 8), 0.3, (5,))
    touched = (labels != torch.arange(250, dtype=torch.uint8)[:, None, None]).any(dim=(1, 2))
    assert touched.float().mean() == pytest.approx(0.3, abs=0.07)


def test_the_same_seed_mixes_alike() -> None:
    chips = some_chips(8)
    assert torch.equal(cutmix(chips, 0.5, (1, 2))[0], cutmix(chips, 0.5, (1, 2))[0])
    assert not torch.equal(cutmix(chips, 0.5, (1, 2))[0], cutmix(chips, 0.5, (2, 1))[0])
