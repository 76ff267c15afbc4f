"""Predicts what somebody looks at while a network learns, within a second or two."""

from __future__ import annotations

import statistics
import time
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
from landseg_core.raster.adapted_alpha import adapted_alpha
from landseg_core.raster.alpha import AUTO
from landseg_core.raster.bands import listed_bands, matching_bands, told_bands
from landseg_core.raster.source import RasterSource
from landseg_core.training.network import Network
from landseg_core.training.preview import (
    LONGEST_SECONDS,
    PreviewMade,
    PreviewPlan,
    PreviewRefused,
    PreviewRequest,
    PreviewSource,
    plan_preview,
)

if TYPE_CHECKING:
    from landseg_core.data.training_data import TrainingData

_MARGIN = 32
"""How many px around a piece the network sees: not all that it could use, for time is short."""
_AIM = 0.5
"""The share of the time that is planned for: pieces overlap, and the machine does other things, too."""


class Previewer:
    """Asks `source` what to show and predicts it with the network as it is when `show` is called."""

    def __init__(self, network: Network, data: TrainingData, source: PreviewSource | None, on_event: OnEvent) -> None:
        self._network, self._data, self._source, self._on_event = network, data, source, on_event
        self._pace: float | None = None

    @property
    def longest_seconds(self) -> float:
        """Return the most that a preview takes, 0 where nobody can look on."""
        return LONGEST_SECONDS if self._source else 0.0

    def show(self, epoch: int, pace: float, seconds: float = LONGEST_SECONDS) -> None:
        """Predict what is wanted, if anything is, and tell it.

        At most `seconds` are spent, and never more than `LONGEST_SECONDS`, but for one small piece.

        `pace` is what a pixel is expected to take, in seconds; after the first time, it goes by its own measure. An
        image that does not suit the network, or cannot be read, is refused by an event: it must not end the run.
        """
        request = self._source.wanted() if self._source else None
        if request is None:
            return
        self._on_event(self._answer(request, epoch, self._pace or pace, min(seconds, LONGEST_SECONDS)))

    def _answer(self, request: PreviewRequest, epoch: int, pace: float, seconds: float) -> PreviewMade | PreviewRefused:
        try:
            with memory_errors():
                return self._made(request, epoch, pace, seconds)
        except LandsegError as error:
            return PreviewRefused(request, str(error))
        except NotEnoughMemoryError:
            who = device_label(self._network.device)
        free_cache()
        return PreviewRefused(request, f"{who} has no memory for a preview beside the training; look at a smaller part")

    def _made(self, request: PreviewRequest, epoch: int, pace: float, seconds: float) -> PreviewMade:
        deadline = time.monotonic() + seconds
        with RasterSource(request.image, alpha=_alpha(request, self._data)) as source:
            bands = _fitting_bands(source, self._data)
            window = request.window.intersection(source.grid.window)
            if window is None:
                raise RasterError(f"{source.path.name} has no pixel in the part that is looked at")
            plan = plan_preview(window, _factor(source, self._data), _AIM * seconds / max(pace, 1e-12))
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
        self._pace = statistics.median(times)  # the first piece prepares, and takes longer
        return values

    @torch.inference_mode()
    def _piece(
        self, network: Network, source: RasterSource, bands: tuple[int, ...], plan: PreviewPlan, piece: PixelWindow
    ) -> npt.NDArray[np.uint8]:
        seen = plan.around(piece, _MARGIN)
        place, size = plan.in_image(seen), (seen.height, seen.width)
        pixels = source.read(place, bands, size, Resampling.average)
        valid = source.read_valid(place, size) & np.isfinite(pixels).all(axis=0)
        pixels[:, ~valid] = 0  # NaN would spread; the reader of training areas does the same
        logits = network.logits(pixels[None])
        indices = logits[0].argmax(0).to(torch.uint8).cpu().numpy()
        values: npt.NDArray[np.uint8] = self._data.schema.value_table()[indices]
        values[~valid] = UNLABELLED
        return values[piece.shifted(-seen.x, -seen.y).slices()]


def _alpha(request: PreviewRequest, data: TrainingData) -> str:
    """Return the alpha that an image is opened with: the one chosen for it, or that of the data, adapted to it."""
    if request.alpha != AUTO:
        return request.alpha

    def needed(image: RasterSource) -> tuple[int, ...]:
        return matching_bands(image, data.bands, data.band_names) or ()

    return adapted_alpha(request.image, data.alpha, needed)


def _fitting_bands(source: RasterSource, data: TrainingData) -> tuple[int, ...]:
    """Return the numbers of the bands of an image that the network learns from, as a model finds them: by name first.

    Raises:
        RasterError: it has them not, or other numbers in its pixels.
    """
    bands = matching_bands(source, data.bands, data.band_names)
    if bands is None:
        needed = listed_bands(zip_longest(data.bands, data.band_names))
        raise RasterError(f"{source.path.name} has {told_bands(source)}, the network learns from the bands {needed}")
    if source.dtype != np.dtype(data.dtype):
        raise RasterError(f"{source.path.name} has {source.dtype} pixels, the network learns from {data.dtype}")
    return bands


def _factor(source: RasterSource, data: TrainingData) -> float:
    """Return how many px of the image are as wide as one that the network learnt on; 1 where that is not known."""
    own, learnt = source.grid.ground_resolution(), data.ground_resolution_m
    return learnt / own if own and learnt else 1.0
