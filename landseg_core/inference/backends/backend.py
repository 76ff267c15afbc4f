"""What runs a network, and what it is made from. Importing this loads no torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from landseg_core.errors import ModelError
from landseg_core.inference.layout import Field
from landseg_core.messages import N_

if TYPE_CHECKING:
    from landseg_core.models.bundle import ModelBundle

Pixels = npt.NDArray[Any]
Probabilities = npt.NDArray[np.float32]


class Backend(Protocol):
    """Something that tells classes apart: `classes` of them, seeing as far as `field` says."""

    @property
    def classes(self) -> int:
        """Return the number of classes."""

    @property
    def field(self) -> Field:
        """Return how far the network sees."""

    def probabilities(self, pixels: Pixels) -> Probabilities:
        """Return (K, H, W) class probabilities of (C, H, W) native pixels, as an array of the caller's own.

        Raises:
            ModelError: memory does not suffice for the window.
        """


@dataclass(frozen=True)
class BackendRequest:
    """What a backend is to run, and where.

    Attributes:
        bundle: the model.
        samples: gives some (C, H, W) native pixels of the raster that is to be mapped, to try and to calibrate on.
        device: "auto", or the name of a torch device.
        tta: test-time augmentation by four rotations; see `TtaNetwork`.
    """

    bundle: ModelBundle
    samples: Callable[[], Sequence[Pixels]]
    device: str = "auto"
    tta: bool = False


def too_large(pixels: Pixels, who: str) -> ModelError:
    """Return the error that `who`, in words, has no memory for a window of (C, H, W) `pixels`."""
    return ModelError(
        N_(
            "{who} has no memory for windows of {shape} x {shape_2} px; choose a smaller tile",
            who=who,
            shape=pixels.shape[-1],
            shape_2=pixels.shape[-2],
        )
    )
