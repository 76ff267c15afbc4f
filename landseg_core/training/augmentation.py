"""Augmentation of a batch on the device: colour jitter and CutMix."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

CONTRAST, BAND_CONTRAST = 0.3, 0.1
"""Largest natural logarithm of the factor on all bands together, and on each band of its own, at strength 1."""
BRIGHTNESS, BAND_BRIGHTNESS = 0.4, 0.15
"""Largest shift of all bands together, and of each, in standard deviations of the training pixels, at strength 1."""
SATURATION = 0.5
"""Largest change of how far the bands differ from their common mean, as a share of it, at strength 1."""
LEAST_AREA, LARGEST_AREA = 0.1, 0.5
"""Share of a chip that the rectangle takes."""
ELONGATION = 0.5
"""Largest natural logarithm of its sides' ratio."""


@dataclass(frozen=True)
class ColourJitter:
    """Random light, contrast, colour and sharpness: a scene at noon then also teaches what it looks like in haze.

    Changes normalised (N, C, H, W) images of any number of bands; each image by its own random numbers.

    `strength` scales light, contrast and saturation (0 changes none), `blur` is the share of images to blur.
    """

    strength: float
    blur: float

    def __call__(self, images: torch.Tensor, seed: Sequence[int]) -> torch.Tensor:
        """Return changed copies; the same `seed` (whole numbers) gives the same change on every device."""
        random = _Random(images, seed)
        changed = self._coloured(images, random) if self.strength else images
        return self._blurred(changed, random) if self.blur else changed

    def _coloured(self, images: torch.Tensor, random: _Random) -> torch.Tensor:
        strength = self.strength
        contrast = torch.exp(
            random.around_zero(CONTRAST * strength) + random.around_zero(BAND_CONTRAST * strength, each_band=True)
        )
        shift = random.around_zero(BRIGHTNESS * strength) + random.around_zero(
            BAND_BRIGHTNESS * strength, each_band=True
        )
        saturation = (1 + random.around_zero(SATURATION * strength)).clamp(min=0)
        common = images.mean(dim=1, keepdim=True)
        coloured = common + (images - common) * saturation
        mean = coloured.mean(dim=(2, 3), keepdim=True)
        return (coloured - mean) * contrast + mean + shift

    def _blurred(self, images: torch.Tensor, random: _Random) -> torch.Tensor:
        """Return the images, some of them blurred; processing those alone saves most of the work."""
        amounts = ((random.drawn() < self.blur) * random.drawn()).flatten().tolist()
        chosen = [number for number, amount in enumerate(amounts) if amount]
        blurred = images.clone()
        for number in chosen:
            padded = functional.pad(images[number], (1, 1, 1, 1), mode="replicate")
            blurred[number].lerp_(functional.avg_pool2d(padded, kernel_size=3, stride=1), amounts[number])
        return blurred


class _Random:
    """Random numbers for images, made on the CPU so that every device gets the same."""

    def __init__(self, images: torch.Tensor, seed: Sequence[int]) -> None:
        self._like = images
        self._generator = torch.Generator().manual_seed(_seed_number(seed))

    def drawn(self, *, each_band: bool = False) -> torch.Tensor:
        """Return (N, 1 or C, 1, 1) numbers from 0 to 1, on the CPU."""
        count, bands = self._like.shape[:2]
        return torch.rand((count, bands if each_band else 1, 1, 1), generator=self._generator)

    def uniform(self, *, each_band: bool = False) -> torch.Tensor:
        """Return such numbers on the device of the images."""
        numbers = self.drawn(each_band=each_band)
        return numbers.to(self._like.device, non_blocking=self._like.is_cuda)

    def around_zero(self, largest: float, *, each_band: bool = False) -> torch.Tensor:
        """Return numbers from `-largest` to `largest`."""
        return (2 * self.uniform(each_band=each_band) - 1) * largest


def _seed_number(seed: Sequence[int]) -> int:
    """Return one number of 63 bits from several, so that neighbouring seeds have nothing in common."""
    import numpy as np

    return int(np.random.SeedSequence(tuple(seed)).generate_state(1, np.uint64)[0] >> np.uint64(1))


def cutmix(batch: Sequence[torch.Tensor], share: float, seed: Sequence[int]) -> list[torch.Tensor]:
    """Return copies of the (N, ..., H, W) tensors of a batch, a share of its chips with a rectangle of the next one.

    CutMix (Yun et al., ICCV 2019), as French et al. use it on maps of classes ("Semi-supervised semantic segmentation
    needs strong, varied perturbations", BMVC 2020): pixels and labels of a rectangle are taken from another chip of the
    batch. A pixel must then be classified by its own appearance, not by what is usual around it.

    The same `seed` (whole numbers) gives the same rectangles on every device.
    """
    rng = np.random.default_rng(tuple(seed))
    mixed, count = [tensor.clone() for tensor in batch], len(batch[0])
    for chip, takes in enumerate(rng.random(count) < share):
        if takes:
            giver = (chip + 1) % count
            rows, columns = _rectangle(rng, *batch[0].shape[-2:])
            for own, other in zip(mixed, batch, strict=True):
                own[chip, ..., rows, columns] = other[giver, ..., rows, columns]
    return mixed


def _rectangle(rng: np.random.Generator, height: int, width: int) -> tuple[slice, slice]:
    """Return the rows and columns of a rectangle anywhere in a chip."""
    side = math.sqrt(rng.uniform(LEAST_AREA, LARGEST_AREA))
    longer = math.exp(rng.uniform(-ELONGATION, ELONGATION) / 2)
    return _part(rng, height, side * longer), _part(rng, width, side / longer)


def _part(rng: np.random.Generator, length: int, share: float) -> slice:
    """Return a share of `length` px, anywhere in it."""
    part = min(length, max(1, round(share * length)))
    start = int(rng.integers(length - part + 1))
    return slice(start, start + part)
