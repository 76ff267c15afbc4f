"""Predicts the view on screen while a network is trained, within a second or two."""

from __future__ import annotations

import itertools
import math
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from rasterio.enums import Resampling

from landseg_core.compute.memory import NotEnoughMemoryError, device_label, free_cache, memory_errors
from landseg_core.errors import LandsegError, RasterError
from landseg_core.events import OnEvent
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED
from landseg_core.messages import N_
from landseg_core.raster.adapted_alpha import adapted_alpha
from landseg_core.raster.alpha import AUTO
from landseg_core.raster.bands import band_list, listed_bands, matching_bands
from landseg_core.raster.source import RasterSource
from landseg_core.runs.preview import PreviewMade, PreviewRefused, PreviewRequest, PreviewSource
from landseg_core.training.loop import EpochValidated
from landseg_core.training.network import Network

if TYPE_CHECKING:
    from landseg_core.data.training_data import TrainingData

LONGEST_SECONDS = 2.0
"""The most that a preview may take of a run's time."""
MOST_PIXELS = 2**22
"""The most pixels that are predicted, whatever the time allows: about those of a large screen."""
COARSEST = 1.4
"""The network gets images at most this many times coarser than those it is trained on.

That is as far as chips are rescaled in training; beyond, a preview would look worse than the map to come.
"""
_LEAST_SIDE, _MOST_SIDE, _SIDE_STEP = 128, 1280, 64
_PIECES = 3
"""About how many pieces a preview is made of, so that it ends in time even if it is slower than expected."""
PREVIEW_SHARE = 0.5
"""A preview takes no more than this share of the training time of its epoch."""
_MARGIN = 32
"""How many px around a piece the network gets: not all that it could use, for time is short."""
_AIM = 0.5
"""The share of the time that is planned for: pieces overlap, and the machine does other things, too."""


class Previewer:
    """Listens to the loop: asks `source` what to show and predicts it with the network as it is then."""

    def __init__(self, network: Network, data: TrainingData, source: PreviewSource | None, on_event: OnEvent) -> None:
        self._network, self._data, self._source, self._on_event = network, data, source, on_event
        self._seconds_per_pixel: float | None = None

    @property
    def longest_seconds(self) -> float:
        """Return the most that a preview takes, 0 where there is no view."""
        return LONGEST_SECONDS if self._source else 0.0

    def show_epoch(self, event: EpochValidated) -> None:
        """Show a preview after a validation; it may take a share of the training time of the epoch."""
        self.show(event.epoch, event.seconds_per_pixel, PREVIEW_SHARE * event.train_seconds)

    def show(self, epoch: int, seconds_per_pixel: float, seconds: float = LONGEST_SECONDS) -> None:
        """Predict what is wanted, if anything is, and emit it.

        At most `seconds` are spent, and never more than `LONGEST_SECONDS`, but for one small piece.

        `seconds_per_pixel` is an estimate; after the first preview, measured values are used. An image that does not
        fit the network, or cannot be read, is refused by an event: it must not end the run.
        """
        request = self._source.wanted() if self._source else None
        if request is None:
            return
        self._on_event(
            self._answer(request, epoch, self._seconds_per_pixel or seconds_per_pixel, min(seconds, LONGEST_SECONDS))
        )

    def _answer(
        self, request: PreviewRequest, epoch: int, expected: float, seconds: float
    ) -> PreviewMade | PreviewRefused:
        try:
            with memory_errors():
                return self._made(request, epoch, expected, seconds)
        except LandsegError as error:
            return PreviewRefused(request, str(error))
        except NotEnoughMemoryError:
            who = device_label(self._network.device)
        free_cache()
        return PreviewRefused(
            request, N_("{device} does not have enough memory for a preview during training; zoom in", device=who)
        )

    def _made(self, request: PreviewRequest, epoch: int, expected: float, seconds: float) -> PreviewMade:
        deadline = time.monotonic() + seconds
        with RasterSource(request.image, alpha=_alpha(request, self._data)) as source:
            bands = _fitting_bands(source, self._data)
            window = request.window.intersection(source.grid.window)
            if window is None:
                raise RasterError(N_("{path} has no pixel in this view", path=source.path.name))
            plan = plan_preview(window, _factor(source, self._data), _AIM * seconds / max(expected, 1e-12))
            return PreviewMade(epoch, request, plan.window, self._predicted(source, bands, plan, deadline))

    def _predicted(
        self, source: RasterSource, bands: tuple[int, ...], plan: PreviewPlan, deadline: float
    ) -> npt.NDArray[np.uint8]:
        """Return the (H, W) class values of a plan; what there is no time for is 255."""
        values = np.full((plan.height, plan.width), UNLABELLED, np.uint8)
        network, times = self._network.frozen(), list[float]()
        for piece in plan.pieces():
            start = time.monotonic()
            if times and start >= deadline:
                break
            values[piece.slices()] = self._piece(network, source, bands, plan, piece)
            times.append((time.monotonic() - start) / piece.pixels)
        self._seconds_per_pixel = statistics.median(times)  # the first piece takes longer, for warm-up
        return values

    @torch.inference_mode()
    def _piece(
        self, network: Network, source: RasterSource, bands: tuple[int, ...], plan: PreviewPlan, piece: PixelWindow
    ) -> npt.NDArray[np.uint8]:
        padded = plan.around(piece, _MARGIN)
        window, size = plan.in_image(padded), (padded.height, padded.width)
        pixels = source.read(window, bands, size, Resampling.average)
        valid = source.read_valid(window, size) & np.isfinite(pixels).all(axis=0)
        pixels[:, ~valid] = 0  # NaN would spread; the reader of training areas does the same
        logits = network.logits(pixels[None])
        indices = logits[0].argmax(0).to(torch.uint8).cpu().numpy()
        values: npt.NDArray[np.uint8] = self._data.schema.value_table()[indices]
        values[~valid] = UNLABELLED
        return values[piece.shifted(-padded.x, -padded.y).slices()]


def _alpha(request: PreviewRequest, data: TrainingData) -> str:
    """Return the alpha that an image is opened with: the one chosen for it, or that of the data, adapted to it."""
    if request.alpha != AUTO:
        return request.alpha

    def needed(image: RasterSource) -> tuple[int, ...]:
        return matching_bands(image, data.bands, data.band_names) or ()

    return adapted_alpha(request.image, data.alpha, needed)


def _fitting_bands(source: RasterSource, data: TrainingData) -> tuple[int, ...]:
    """Return the numbers of the bands of an image that the network is trained on, matched by name first.

    Raises:
        RasterError: it lacks them, or has another pixel type.
    """
    bands = matching_bands(source, data.bands, data.band_names)
    if bands is None:
        needed = listed_bands(zip_longest(data.bands, data.band_names))
        raise RasterError(
            N_(
                "{path} has {bands}, the network is trained on the bands {needed}",
                path=source.path.name,
                bands=band_list(source),
                needed=needed,
            )
        )
    if source.dtype != np.dtype(data.dtype):
        raise RasterError(
            N_(
                "{path} has {own} pixels, the network is trained on {wanted}",
                path=source.path.name,
                own=source.dtype,
                wanted=data.dtype,
            )
        )
    return bands


def _factor(source: RasterSource, data: TrainingData) -> float:
    """Return how many px of the image are as wide as one that the network is trained on; 1 where that is not known."""
    native, trained = source.grid.ground_resolution(), data.ground_resolution_m
    return trained / native if native and trained else 1.0


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
        """Return what the network gets of a piece: `margin` px more on every side, as far as the plan reaches.

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

    `factor` is how many px of the image are one of those that the network is trained on. A window that is too large is
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
