from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from landseg_core.training.colour_jitter import BAND_BRIGHTNESS, BRIGHTNESS, ColourChange


def some_pictures(count: int = 3, bands: int = 4, side: int = 9) -> torch.Tensor:
    return torch.randn(count, bands, side, side, generator=torch.Generator().manual_seed(1))


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 6), st.integers(1, 7), st.integers(1, 12), st.floats(0, 3), st.floats(0, 1))
def test_any_number_of_bands_and_any_size(count: int, bands: int, side: int, strength: float, blur: float) -> None:
    pictures = some_pictures(count, bands, side)
    changed = ColourChange(strength, blur)(pictures, (1, 2))
    assert changed.shape == pictures.shape
    assert changed.isfinite().all()
    assert torch.equal(pictures, some_pictures(count, bands, side)), "the given pictures stay as they are"


def test_nothing_changes_at_strength_nothing() -> None:
    pictures = some_pictures()
    assert torch.equal(ColourChange(0, 0)(pictures, (1,)), pictures)


def test_the_same_numbers_give_the_same_change() -> None:
    change, pictures = ColourChange(1, 0.5), some_pictures()
    assert torch.equal(change(pictures, (1, 2, 3)), change(pictures, (1, 2, 3)))
    assert not torch.equal(change(pictures, (1, 2, 3)), change(pictures, (1, 3, 2)))
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    change(pictures, (1,))
    assert torch.equal(torch.rand(1), expected), "torch's own random numbers are not used"


def test_every_picture_changes_in_its_own_way() -> None:
    pictures = some_pictures(1).expand(8, -1, -1, -1)
    changed = ColourChange(1, 0)(pictures, (5,))
    assert len({tuple(picture.mean(dim=(1, 2)).tolist()) for picture in changed}) == 8


def test_a_picture_shifts_within_its_bounds() -> None:
    flat = torch.zeros(500, 3, 4, 4)
    shift = ColourChange(1, 0)(flat, (7,)).mean(dim=(2, 3))
    assert shift.abs().max() <= BRIGHTNESS + BAND_BRIGHTNESS
    assert shift.mean().abs() < 0.05
    assert shift.std() > 0.5 * BRIGHTNESS / 3**0.5


def test_blur_softens_the_wanted_share() -> None:
    sharp = some_pictures(400, 1, 16)
    softer = ColourChange(0, 0.25)(sharp, (3,)).std(dim=(1, 2, 3)) < 0.999 * sharp.std(dim=(1, 2, 3))
    assert softer.float().mean() == pytest.approx(0.25, abs=0.06)
    assert torch.allclose(ColourChange(0, 1)(torch.ones(2, 1, 5, 5), (3,)), torch.ones(2, 1, 5, 5))
