"""What runs a network, and the request that it is made from. Importing this loads no torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from landseg_core.errors import ModelError
from landseg_core.inference.layout import ReceptiveField
from landseg_core.messages import N_

if TYPE_CHECKING:
    from landseg_core.models.bundle import ModelBundle

Pixels = npt.NDArray[Any]
Probabilities = npt.NDArray[np.float32]


class Backend(Protocol):
    """A classifier of pixels: `classes` of them, with a receptive `field`."""

    @property
    def classes(self) -> int:
        """Return the number of classes."""

    @property
    def field(self) -> ReceptiveField:
        """Return the receptive field of the network."""

    def probabilities(self, pixels: Pixels) -> Probabilities:
        """Return (K, H, W) class probabilities of (C, H, W) native pixels, as an array of the caller's own.

        Raises:
            ModelError: there is too little memory for the window.
        """


@dataclass(frozen=True)
class BackendRequest:
    """The network that a backend runs, and the device.

    Attributes:
        bundle: the model.
        samples: returns some (C, H, W) native pixels of the raster to be predicted, for the trial and for calibration.
        device: "auto", or the name of a torch device.
        tta: test-time augmentation by four rotations; see `TtaNetwork`.
    """

    bundle: ModelBundle
    samples: Callable[[], Sequence[Pixels]]
    device: str = "auto"
    tta: bool = False


def too_large(pixels: Pixels, who: str) -> ModelError:
    """Return the error that `who` has too little memory for a window of (C, H, W) `pixels`."""
    return ModelError(
        N_(
            "{who} has too little memory for windows of {width} x {height} px; choose a smaller tile",
            who=who,
            width=pixels.shape[-1],
            height=pixels.shape[-2],
        )
    )
