"""What is shown of a network while it learns: the view that somebody looks at, predicted anew. Loads no torch."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from landseg_core.events import Event
from landseg_core.geo.window import PixelWindow
from landseg_core.raster.alpha import AUTO

LONGEST_SECONDS = 2.0
"""The most that a preview may take of a run's time."""
MOST_PIXELS = 2**22
"""The most pixels that are predicted, whatever the time allows: about those of a large screen."""
COARSEST = 1.4
"""The network sees the ground at most this many times coarser than it learnt it.

That is as far as chips are rescaled in training; beyond, a preview would look worse than the map to come.
"""
_LEAST_SIDE, _MOST_SIDE, _SIDE_STEP = 128, 1280, 64
_PIECES = 3
"""About how many pieces a preview is made of, so that it can end in time where it was taken for quicker."""


@dataclass(frozen=True)
class PreviewRequest:
    """The `window` (px) of the raster at `image` that somebody looks at, opened with `alpha` (see `raster.alpha`)."""

    image: Path
    window: PixelWindow
    alpha: str = AUTO


class PreviewSource(Protocol):
    """Knows what somebody looks at; asked in the thread of the run, after every validation."""

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


@dataclass(frozen=True)
class PreviewPlan:
    """How to predict `window` (px of the image) as `height` x `width` px for the network, in pieces of `side` px."""

    window: PixelWindow
    height: int
    width: int
    side: int

    def pieces(self) -> Iterator[PixelWindow]:
        """Yield the pieces, in px for the network: side by side, of about the same size, from the middle outwards."""
        parts = (
            PixelWindow(left, top, right - left, bottom - top)
            for top, bottom in _cuts(self.height, self.side)
            for left, right in _cuts(self.width, self.side)
        )
        yield from sorted(parts, key=self._from_the_middle)

    def _from_the_middle(self, piece: PixelWindow) -> float:
        return math.hypot(piece.x + (piece.width - self.width) / 2, piece.y + (piece.height - self.height) / 2)

    def around(self, piece: PixelWindow, margin: int) -> PixelWindow:
        """Return what the network sees of a piece: `margin` px more on every side, as far as the plan reaches.

        It is of the same size for all pieces, since preparing for another size takes as long as predicting.
        """
        width, height = (min(self.side + 2 * margin, length) for length in (self.width, self.height))
        x, y = max(0, piece.x - margin), max(0, piece.y - margin)
        return PixelWindow(min(x, self.width - width), min(y, self.height - height), width, height)

    def in_image(self, piece: PixelWindow) -> PixelWindow:
        """Return where a piece lies in the image, to the nearest pixel, one at least."""
        across, down = self.window.width / self.width, self.window.height / self.height
        x, right = (round(column * across) for column in (piece.x, piece.right))
        y, bottom = (round(row * down) for row in (piece.y, piece.bottom))
        return PixelWindow(self.window.x + x, self.window.y + y, max(1, right - x), max(1, bottom - y))


def plan_preview(window: PixelWindow, factor: float, pixels: float) -> PreviewPlan:
    """Return a plan for `window` that gives the network about `pixels` px at most.

    `factor` is how many px of the image are one of those that the network learnt on. A window that is too large is
    shown coarser, up to `COARSEST` times; where that is not enough, only its middle is shown.
    """
    room = max(_LEAST_SIDE**2, min(pixels, MOST_PIXELS))
    coarse = factor * min(COARSEST, max(1.0, math.sqrt(window.pixels / factor**2 / room)))
    shown = _middle(window, room * coarse**2)
    height, width = (max(1, round(length / coarse)) for length in (shown.height, shown.width))
    side = math.isqrt(round(room / _PIECES)) // _SIDE_STEP * _SIDE_STEP
    return PreviewPlan(shown, height, width, min(_MOST_SIDE, max(_LEAST_SIDE, side)))


def _cuts(length: int, longest: int) -> list[tuple[int, int]]:
    parts = -(-length // longest)
    return list(itertools.pairwise(length * part // parts for part in range(parts + 1)))


def _middle(window: PixelWindow, pixels: float) -> PixelWindow:
    """Return the middle of a window, of its shape and at most `pixels` px; no side is under a pixel."""
    share = math.sqrt(min(1.0, pixels / window.pixels))
    # Where one side cannot be shorter than a pixel, the other one is at most as many pixels long as there may be.
    width, height = (max(1, math.floor(min(length * share, pixels))) for length in (window.width, window.height))
    return PixelWindow(window.x + (window.width - width) // 2, window.y + (window.height - height) // 2, width, height)
