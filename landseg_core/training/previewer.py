"""Predicts what somebody looks at while a network learns, within a second or two."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from rasterio.enums import Resampling

from landseg_core.data.lists import shortened
from landseg_core.errors import LandsegError, RasterError
from landseg_core.events import OnEvent
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED
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
    from landseg_core.data.chips import TrainingData

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
            return self._made(request, epoch, pace, seconds)
        except LandsegError as error:
            return PreviewRefused(request, str(error))

    def _made(self, request: PreviewRequest, epoch: int, pace: float, seconds: float) -> PreviewMade:
        deadline = time.monotonic() + seconds
        with RasterSource(request.image) as source:
            _require_bands(source, self._data)
            window = request.window.intersection(source.grid.window)
            if window is None:
                raise RasterError(f"{source.path.name} has no pixel in the part that is looked at")
            plan = plan_preview(window, _factor(source, self._data), _AIM * seconds / max(pace, 1e-12))
            return PreviewMade(epoch, request, plan.window, self._predicted(source, plan, deadline))

    def _predicted(self, source: RasterSource, plan: PreviewPlan, deadline: float) -> npt.NDArray[np.uint8]:
        """Return the (H, W) class values of a plan; what there is no time for is 255."""
        values = np.full((plan.height, plan.width), UNLABELLED, np.uint8)
        times: list[float] = []
        for piece in plan.pieces():
            start = time.monotonic()
            if times and start >= deadline:
                break
            values[piece.slices()] = self._piece(source, plan, piece)
            times.append((time.monotonic() - start) / piece.pixels)
        self._pace = statistics.median(times)  # the first piece prepares, and takes longer
        return values

    @torch.inference_mode()
    def _piece(self, source: RasterSource, plan: PreviewPlan, piece: PixelWindow) -> npt.NDArray[np.uint8]:
        seen = plan.around(piece, _MARGIN)
        place, size = plan.in_image(seen), (seen.height, seen.width)
        valid = source.read_valid(place, size)
        pixels = source.read(place, self._data.bands, size, Resampling.average)
        pixels[:, ~valid] = 0  # NaN would spread; the reader of training areas does the same
        logits = self._network.logits(pixels[None])
        indices = logits[0].argmax(0).to(torch.uint8).cpu().numpy()
        values: npt.NDArray[np.uint8] = self._data.schema.value_table()[indices]
        values[~valid] = UNLABELLED
        return values[piece.shifted(-seen.x, -seen.y).slices()]


def _require_bands(source: RasterSource, data: TrainingData) -> None:
    """Check that an image has what the network learns from.

    Raises:
        RasterError: it has not.
    """
    missing = [str(band) for band in data.bands if band not in source.data_bands]
    if missing:
        raise RasterError(f"{source.path.name} has no band {shortened(missing)}, which the network learns from")
    if source.dtype != np.dtype(data.dtype):
        raise RasterError(f"{source.path.name} has {source.dtype} pixels, the network learns from {data.dtype}")


def _factor(source: RasterSource, data: TrainingData) -> float:
    """Return how many px of the image are as wide as one that the network learnt on; 1 where that is not known."""
    own, learnt = source.grid.ground_resolution(), data.ground_resolution_m
    return learnt / own if own and learnt else 1.0
