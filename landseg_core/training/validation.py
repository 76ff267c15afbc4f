"""Compares a network's maps with masks, window by window: any image size in bounded memory."""

from __future__ import annotations

import copy
import itertools
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from landseg_core.compute.device_names import DeviceError
from landseg_core.compute.memory import device_label, smaller_windows
from landseg_core.compute.prefetch import Prefetcher
from landseg_core.data.areas import LabelledArea
from landseg_core.data.label_coverage import LabelCoverage
from landseg_core.data.reader import AreaReader
from landseg_core.events import OnEvent, Progress, ignore_event
from landseg_core.geo.rectangles import padded
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED
from landseg_core.messages import N_
from landseg_core.metrics.blocks import BlockCounts, BlockTally, block_grid
from landseg_core.metrics.calibration import Calibration, CalibrationTally
from landseg_core.metrics.confusion import ConfusionMatrix
from landseg_core.metrics.map_estimate import MapEstimate
from landseg_core.metrics.rates import rates
from landseg_core.training.losses import cross_entropy_sum
from landseg_core.training.network import Network

WINDOW_SIDE = 1280
"""The longest side, in px, that is given to the network at once."""
WIDEST_MARGIN = 192
"""The most px that are read around what is counted: a pixel further away can change a logit, but not the metrics."""
MAP_STEP = 8
"""Of the map, every eighth row and column is enough for the sums of probabilities."""
MAP_MARGIN = 32
"""The px that are read around a window of the map."""
_AHEAD = 2


@dataclass(frozen=True)
class CountedWindow:
    """A part of an area: `counted` is evaluated, `read` also includes the surroundings that influence it."""

    area: LabelledArea
    read: PixelWindow
    counted: PixelWindow

    def halves(self, radius: int, stride: int) -> tuple[CountedWindow, ...]:
        """Return this window as two across its longer side, or as it is if it cannot be halved; see `counted_windows`.

        Counted together they are this window, and read so that each pixel's logits are the same.
        """
        read, counted, margin = self.read, self.counted, _margin(radius, stride)
        wide = read.width >= read.height
        ends = (
            (read.x, read.right, counted.x, counted.right) if wide else (read.y, read.bottom, counted.y, counted.bottom)
        )
        return tuple(
            CountedWindow(self.area, _part(read, start, end, wide=wide), _part(counted, first, last, wide=wide))
            for start, end, first, last in _halves(*ends, margin, stride)
        )


def counted_windows(area: LabelledArea, stride: int, radius: int, side: int) -> Iterator[CountedWindow]:
    """Yield windows that count each pixel of `area` exactly once, row by row.

    Where a window ends inside the area, it is read `radius` px further than it is counted, and it starts on the pooling
    grid of the area: its logits are those of the whole area at once. For a network of larger radius than
    `WIDEST_MARGIN` this is only nearly so: beyond that, the influence does not show in the metrics, and the margins
    would become most of the work. An area up to `side` px is one window.
    """
    margin = _margin(radius, stride)
    dx, dy = area.window.x, area.window.y
    columns = _spans(area.window.width, side, margin, stride)
    for top, bottom, upper, lower in _spans(area.window.height, side, margin, stride):
        for left, right, first, last in columns:
            read = PixelWindow(left, top, right - left, bottom - top)
            counted = PixelWindow(first, upper, last - first, lower - upper)
            yield CountedWindow(area, read.shifted(dx, dy), counted.shifted(dx, dy))


def _spans(length: int, side: int, margin: int, stride: int) -> list[tuple[int, int, int, int]]:
    """Return (read from, read to, counted from, counted to) along `length` px, read about `side` px at a time."""
    if length <= side:
        return [(0, length, 0, length)]
    units = -(-length // stride)
    parts = -(-units // max(1, (side - 2 * margin) // stride))
    cuts = [*(units * part // parts * stride for part in range(parts)), length]
    return [(max(0, start - margin), min(length, end + margin), start, end) for start, end in itertools.pairwise(cuts)]


def _margin(radius: int, stride: int) -> int:
    """Return `radius` px, `WIDEST_MARGIN` at most, rounded up to the pooling grid."""
    return -(-min(radius, WIDEST_MARGIN) // stride) * stride


def _part(window: PixelWindow, start: int, end: int, *, wide: bool) -> PixelWindow:
    """Return the columns (rows, unless `wide`) `start` to `end` of a window."""
    if wide:
        return PixelWindow(start, window.y, end - start, window.height)
    return PixelWindow(window.x, start, window.width, end - start)


def _halves(
    start: int, end: int, first: int, last: int, margin: int, stride: int
) -> tuple[tuple[int, int, int, int], ...]:
    """Return the halves of what is read from `start` to `end` and counted from `first` to `last`, in this order."""
    cut = start + ((first + last) // 2 - start) // stride * stride
    if not first < cut < last:
        return ((start, end, first, last),)
    return (start, min(end, cut + margin), first, cut), (max(start, cut - margin), end, cut, last)


@dataclass(frozen=True, eq=False)  # arrays do not compare as one
class ValidatedWindow:
    """What is counted of a `window` (px of the image `stem`): (C, H, W) pixels, (H, W) class indices of both sides."""

    stem: str
    window: PixelWindow
    pixels: npt.NDArray[Any]
    truth: npt.NDArray[np.uint8]
    prediction: npt.NDArray[np.uint8]


OnWindow = Callable[[ValidatedWindow], None]


def ignore_window(_window: ValidatedWindow) -> None:
    """Take a window and do nothing with it: the default callback."""


@dataclass(frozen=True)
class ValidationMetrics:
    """What a validation found: confusion matrices by block, and the mean cross-entropy of labelled pixels.

    Where labels are few there are also the `calibration` of the network, the `estimate` that follows from it, and the
    `coverage` of the labels.
    """

    blocks: BlockCounts
    loss: float
    calibration: Calibration | None = None
    estimate: MapEstimate | None = None
    coverage: LabelCoverage | None = None

    @property
    def matrix(self) -> ConfusionMatrix:
        """Return the confusion matrix of all blocks together."""
        return self.blocks.matrix

    @property
    def miou(self) -> float:
        """Return the mean IoU that is reported: of the labels, or the estimate for the whole images."""
        return self.matrix.miou if self.estimate is None else float(rates(self.estimate.confusion).miou)


class _Part(NamedTuple):
    """A window with its (C, H, W) native pixels, and the class indices of what is counted of it."""

    window: CountedWindow
    pixels: npt.NDArray[Any]
    truth: npt.NDArray[np.uint8]


class _MapPart(NamedTuple):
    """A window with its (C, H, W) native pixels, and (h, w) True where what is counted of it holds data."""

    window: CountedWindow
    pixels: npt.NDArray[Any]
    valid: npt.NDArray[np.bool_]


class Validator:
    """Measures a network on areas; every labelled pixel is counted exactly once.

    What lies in a window of `left_out`, by image and in its own px, does not count: such as areas that were trained on.
    Where labels are few, `map_sample` are windows spread over the whole images; the network's probabilities there are
    added up.
    """

    def __init__(
        self,
        network: Network,
        classes: int,
        areas: Sequence[LabelledArea],
        reader: AreaReader,
        left_out: Mapping[Path, Sequence[PixelWindow]] | None = None,
        map_sample: Sequence[tuple[LabelledArea, PixelWindow]] = (),
    ) -> None:
        self._map_windows = [_map_window(area, window) for area, window in map_sample]
        self._network, self._classes, self._reader = network, classes, reader
        self._left_out = left_out or {}
        self._blocks = block_grid(areas, classes)
        model = network.model
        self._windows = [
            window for area in areas for window in counted_windows(area, model.stride, model.radius, WINDOW_SIDE)
        ]

    @property
    def pixels(self) -> int:
        """Return the pixels that are counted if they are labelled."""
        return sum(window.counted.pixels for window in self._windows)

    def sampled(self, share: float) -> Validator:
        """Return a validator that counts only about `share` of the windows, spread evenly, some of them labelled."""
        total = len(self._windows)
        count = max(1, round(total * share))
        chosen = copy.copy(self)
        chosen._windows = [self._windows[index * total // count] for index in range(count)]
        chosen._map_windows = self._map_windows[:: max(1, round(1 / share))]
        if not chosen.any_labelled():
            chosen._windows.extend(itertools.islice(filter(self._labelled, self._windows), 1))
        return chosen

    @property
    def largest(self) -> PixelWindow:
        """Return the largest window that is given to the network."""
        return self._largest.read

    @property
    def _largest(self) -> CountedWindow:
        return max(self._windows, key=lambda window: window.read.pixels)

    def halved(self, on_event: OnEvent = ignore_event) -> Validator:
        """Return a validator of the same pixels in windows of about half the size; a `Notice` says so.

        Raises:
            DeviceError: they cannot be smaller.
        """
        radius, stride = self._network.model.radius, self._network.model.stride
        chosen, most = copy.copy(self), self.largest.pixels / 2
        chosen._windows = [
            part
            for window in self._windows
            for part in (window.halves(radius, stride) if window.read.pixels > most else (window,))
        ]
        before, after = self.largest, chosen.largest
        if after.pixels >= before.pixels:
            raise DeviceError(
                N_(
                    "{device} does not have enough memory to validate {width} x {height} px at once, as this network "
                    "needs; choose a smaller network, or close other programs",
                    device=device_label(self._network.device),
                    width=before.width,
                    height=before.height,
                )
            )
        on_event(smaller_windows(self._network.device, before, after))
        return chosen

    def any_labelled(self, checkpoint: Callable[[], None] = lambda: None) -> bool:
        """Return whether any pixel that is counted is labelled; `checkpoint` is called before every window."""
        for window in self._windows:
            checkpoint()
            if self._labelled(window):
                return True
        return False

    def _labelled(self, window: CountedWindow) -> bool:
        return bool((self._read(window).truth != UNLABELLED).any())

    def probe(self, seconds: float) -> float:
        """Return the seconds that `measure` will take about: from one window, tried until `seconds` are over.

        It is the largest, so that memory which suffices for it suffices for all.
        """
        largest = self._largest
        work = sum(window.read.pixels for window in (*self._windows, *self._map_windows)) / largest.read.pixels
        network = self._network.frozen()
        start, quickest = time.monotonic(), math.inf
        while time.monotonic() < start + seconds or quickest == math.inf:
            before = time.monotonic()
            self._count(network, self._tally(), self._read(largest))
            quickest = min(quickest, time.monotonic() - before)
        return quickest * work

    def measure(
        self, task: str, on_event: OnEvent, checkpoint: Callable[[], None], on_window: OnWindow = ignore_window
    ) -> ValidationMetrics:
        """Return the metrics of the network as it is; `checkpoint` is called before every window, `on_window` after it.

        Raises:
            RasterError: an image cannot be read.
            DatasetError: a mask cannot be used.
            JobStopped: `checkpoint` raised it.
        """
        network = self._network.frozen()
        start, done, total = time.monotonic(), 0, self.pixels
        tally, loss = self._tally(), 0.0
        scores = CalibrationTally(self._classes) if self._map_windows else None
        with Prefetcher(map(self._read, self._windows), _AHEAD) as parts:
            for part in parts:
                checkpoint()
                loss += self._count(network, tally, part, on_window, scores)
                done += part.window.counted.pixels
                on_event(Progress(task, done, total, time.monotonic() - start))
        if scores is not None:
            self._add_map(network, scores, checkpoint)
        counted = tally.counts()
        calibration = scores.calibration() if scores else None
        return ValidationMetrics(counted, loss / max(1, counted.matrix.pixels), calibration)

    def _tally(self) -> BlockTally:
        return BlockTally(self._blocks, self._classes)

    def _read(self, window: CountedWindow) -> _Part:
        pixels, labels = self._reader.read(window.area, window.read)
        for excluded in self._left_out.get(window.area.image, ()):
            inside = window.area.view.to_view(excluded).intersection(window.read)
            if inside is not None:
                labels[inside.shifted(-window.read.x, -window.read.y).slices()] = UNLABELLED
        return _Part(window, pixels, labels[_inner(window)])

    @torch.inference_mode()
    def _add_map(self, network: Network, scores: CalibrationTally, checkpoint: Callable[[], None]) -> None:
        """Add the scores of the windows that are spread over the images, where these hold data."""
        with Prefetcher(map(self._read_map, self._map_windows), _AHEAD) as parts:
            for part in parts:
                checkpoint()
                rows, columns = _inner(part.window)
                logits = network.logits(part.pixels[None])[0, :, rows, columns][:, ::MAP_STEP, ::MAP_STEP]
                scores.add_map(_rows_of(logits, part.valid[::MAP_STEP, ::MAP_STEP]))

    def _read_map(self, window: CountedWindow) -> _MapPart:
        pixels, valid = self._reader.read_image(window.area, window.read)
        return _MapPart(window, pixels, valid[_inner(window)])

    def _add_labels(self, scores: CalibrationTally, part: _Part, logits: torch.Tensor) -> None:
        """Add the (K, H, W) scores of labelled pixels, grouped by block."""
        counted = part.window.counted
        for key, block in self._blocks.parts(part.window.area, counted):
            inside = block.shifted(-counted.x, -counted.y).slices()
            labelled = part.truth[inside] != UNLABELLED
            if labelled.any():
                scores.add_labels(key, _rows_of(logits[:, *inside], labelled), part.truth[inside][labelled])

    @torch.inference_mode()
    def _count(
        self,
        network: Network,
        tally: BlockTally,
        part: _Part,
        on_window: OnWindow = ignore_window,
        scores: CalibrationTally | None = None,
    ) -> float:
        """Count the part's labelled pixels in `tally`, and in `scores`, and return their summed loss."""
        rows, columns = _inner(part.window)
        logits = network.logits(part.pixels[None])[..., rows, columns]
        prediction = logits[0].argmax(0).to(torch.uint8).cpu().numpy()
        tally.add(part.window.area, part.window.counted, part.truth, prediction)
        if scores is not None:
            self._add_labels(scores, part, logits[0])
        stem, counted = part.window.area.stem, part.window.counted
        on_window(ValidatedWindow(stem, counted, part.pixels[:, rows, columns], part.truth, prediction))
        return float(cross_entropy_sum(logits, network.on_device(part.truth[None])))


def _map_window(area: LabelledArea, counted: PixelWindow) -> CountedWindow:
    """Return a window of an area that is read with some of its surroundings."""
    read = padded(counted, MAP_MARGIN).intersection(area.window)
    return CountedWindow(area, read or counted, counted)


def _rows_of(logits: torch.Tensor, chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """Return the (N, K) scores of the pixels of (K, H, W) `logits` where (H, W) `chosen` is True."""
    scores: npt.NDArray[np.float32] = logits.float().cpu().numpy()[:, chosen].T
    return scores


def _inner(window: CountedWindow) -> tuple[slice, slice]:
    """Return the slices of what is counted in what is read."""
    return window.counted.shifted(-window.read.x, -window.read.y).slices()
