"""The networks that landseg can train, by name. Knows them without loading torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from landseg_core.models.unet import UNet


@dataclass(frozen=True)
class Architecture:
    """A network of the catalogue: what a user reads of it, and how it is built for (bands, classes)."""

    title: str
    build: Callable[[int, int], UNet]


def _unet(base: int) -> Callable[[int, int], UNet]:
    def build(bands: int, classes: int) -> UNet:
        from landseg_core.models.unet import UNet

        return UNet(bands, classes, base)

    return build


CATALOG: dict[str, Architecture] = {
    "unet16": Architecture("U-Net, 16 channels: 1.9 million weights, for any computer", _unet(16)),
    "unet32": Architecture("U-Net, 32 channels: 7.8 million weights, four times the work", _unet(32)),
    "unet64": Architecture("U-Net, 64 channels: 31 million weights, the classic, for a graphics card", _unet(64)),
}
"""The networks by the name that stands in settings and model files."""


def build_model(name: str, bands: int, classes: int) -> UNet:
    """Return the network `name` of the catalogue with fresh random weights.

    Its `forward` takes (N, bands, H, W) float of any size and gives (N, classes, H, W) logits.

    Raises:
        KeyError: the catalogue has no such network.
    """
    return CATALOG[name].build(bands, classes)
