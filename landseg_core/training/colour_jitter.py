"""Random light, contrast, colour and sharpness: a scene at noon teaches something of the same scene in haze."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.nn import functional

CONTRAST, BAND_CONTRAST = 0.3, 0.1
"""Largest natural logarithm of the factor on all bands together, and on each band of its own, at strength 1."""
BRIGHTNESS, BAND_BRIGHTNESS = 0.4, 0.15
"""Largest shift of all bands together, and of each, in standard deviations of the training pixels, at strength 1."""
SATURATION = 0.5
"""Largest change of how far the bands differ from their common mean, as a share of it, at strength 1."""


@dataclass(frozen=True)
class ColourChange:
    """Changes normalised (N, C, H, W) pictures of any number of bands; each picture by its own random numbers.

    `strength` scales light, contrast and saturation (0 changes none), `blur` is the share of pictures to soften.
    """

    strength: float
    blur: float

    def __call__(self, pictures: torch.Tensor, seed: Sequence[int]) -> torch.Tensor:
        """Return changed copies; the same `seed` (whole numbers) gives the same change on every device."""
        random = _Random(pictures, seed)
        changed = self._coloured(pictures, random) if self.strength else pictures
        return self._blurred(changed, random) if self.blur else changed

    def _coloured(self, pictures: torch.Tensor, random: _Random) -> torch.Tensor:
        strength = self.strength
        contrast = torch.exp(
            random.around_zero(CONTRAST * strength) + random.around_zero(BAND_CONTRAST * strength, each_band=True)
        )
        shift = random.around_zero(BRIGHTNESS * strength) + random.around_zero(
            BAND_BRIGHTNESS * strength, each_band=True
        )
        saturation = (1 + random.around_zero(SATURATION * strength)).clamp(min=0)
        common = pictures.mean(dim=1, keepdim=True)
        coloured = common + (pictures - common) * saturation
        mean = coloured.mean(dim=(2, 3), keepdim=True)
        return (coloured - mean) * contrast + mean + shift

    def _blurred(self, pictures: torch.Tensor, random: _Random) -> torch.Tensor:
        """Return the pictures, some of them softened; looking at those alone saves most of the work."""
        amounts = ((random.drawn() < self.blur) * random.drawn()).flatten().tolist()
        chosen = [number for number, amount in enumerate(amounts) if amount]
        blurred = pictures.clone()
        for number in chosen:
            padded = functional.pad(pictures[number], (1, 1, 1, 1), mode="replicate")
            blurred[number].lerp_(functional.avg_pool2d(padded, kernel_size=3, stride=1), amounts[number])
        return blurred


class _Random:
    """Random numbers for pictures, made on the CPU so that every device gets the same."""

    def __init__(self, pictures: torch.Tensor, seed: Sequence[int]) -> None:
        self._like = pictures
        self._generator = torch.Generator().manual_seed(_mixed(seed))

    def drawn(self, *, each_band: bool = False) -> torch.Tensor:
        """Return (N, 1 or C, 1, 1) numbers from 0 to 1, on the CPU."""
        count, bands = self._like.shape[:2]
        return torch.rand((count, bands if each_band else 1, 1, 1), generator=self._generator)

    def uniform(self, *, each_band: bool = False) -> torch.Tensor:
        """Return such numbers on the device of the pictures."""
        numbers = self.drawn(each_band=each_band)
        return numbers.to(self._like.device, non_blocking=self._like.is_cuda)

    def around_zero(self, largest: float, *, each_band: bool = False) -> torch.Tensor:
        """Return numbers from `-largest` to `largest`."""
        return (2 * self.uniform(each_band=each_band) - 1) * largest


def _mixed(seed: Sequence[int]) -> int:
    """Return one number of 63 bits from several, so that neighbouring seeds have nothing in common."""
    import numpy as np

    return int(np.random.SeedSequence(tuple(seed)).generate_state(1, np.uint64)[0] >> np.uint64(1))
