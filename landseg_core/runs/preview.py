"""What a run shows of its network during training: the current view, predicted anew."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from landseg_core.events import Event
from landseg_core.geo.window import PixelWindow
from landseg_core.raster.alpha import AUTO


@dataclass(frozen=True)
class PreviewRequest:
    """The `window` (px) in view of the raster at `image`, which is opened with `alpha` (see `raster.alpha`)."""

    image: Path
    window: PixelWindow
    alpha: str = AUTO


class PreviewSource(Protocol):
    """Knows the current view; asked in the thread of the run, after every validation."""

    def wanted(self) -> PreviewRequest | None:
        """Return what to predict now, or None for nothing."""
        ...


@dataclass(frozen=True, eq=False)  # arrays do not compare as one
class PreviewMade(Event):
    """A preview after an epoch: (H, W) uint8 class `values` of the `window` (px of the image), 255 where there is none.

    `window` may be only the middle of what was asked for, and its pixels coarser than those of the image.
    """

    event: ClassVar[str] = "preview"
    logged: ClassVar[bool] = False
    epoch: int
    request: PreviewRequest
    window: PixelWindow
    values: npt.NDArray[np.uint8]


@dataclass(frozen=True)
class PreviewRefused(Event):
    """The image cannot be previewed, for the `reason` in this sentence."""

    event: ClassVar[str] = "preview_refused"
    logged: ClassVar[bool] = False
    request: PreviewRequest
    reason: str
