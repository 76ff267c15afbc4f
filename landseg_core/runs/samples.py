"""Samples of a validation: where the model does best, where it does worst, and some windows that stay the same."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import cv2
import numpy as np
import numpy.typing as npt

from landseg_core.events import Event
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED
from landseg_core.metrics.confusion import ConfusionMatrix
from landseg_core.raster.stretch import Stretch, identity_stretch, render_rgba

CELL = 512
"""The longest side, in px, of the window that a sample shows."""
SAMPLE_SIDE = 384
"""The longest side of a sample in its own px: small enough that nine of them take hardly any memory."""
MOST_SAMPLES = 3
"""How many samples there are of the best, of the worst, and of the fixed windows."""
LEAST_LABELLED = 0.25
"""The labelled share of the window that a sample shows, at least: a score of few pixels says little."""

SAMPLE, BEST, WORST = "sample", "best", "worst"
_PERCENTILES = (2.0, 98.0)

Rgb = npt.NDArray[np.uint8]
Indices = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)  # arrays do not compare as one
class ValidationSample:
    """`window` (px of the image `stem`): (H, W, 3) image, and (H, W) class indices of truth and prediction.

    255 in the truth is unlabelled. `accuracy` and `miou` (0-1) are those of the labelled pixels of the window.
    """

    stem: str
    window: PixelWindow
    image: Rgb
    truth: Indices
    prediction: Indices
    accuracy: float
    miou: float


@dataclass(frozen=True)
class ValidationSamples(Event):
    """The samples of an epoch's validation by role: `sample` (the same windows each time), `best`, `worst`."""

    event: ClassVar[str] = "samples"
    logged: ClassVar[bool] = False
    epoch: int
    samples: dict[str, tuple[ValidationSample, ...]]


@dataclass(frozen=True)
class _Cell:
    """A part of a validated window, not rendered yet."""

    stem: str
    window: PixelWindow
    pixels: npt.NDArray[Any]
    truth: Indices
    prediction: Indices

    @property
    def accuracy(self) -> float:
        """Return the share of the labelled pixels that is right, NaN where too few are labelled."""
        labelled = self.truth != UNLABELLED
        count = int(np.count_nonzero(labelled))
        if count < LEAST_LABELLED * self.truth.size:
            return math.nan
        return int(np.count_nonzero(self.truth == self.prediction)) / count

    def sample(self, classes: int) -> ValidationSample:
        """Return it as a sample to show."""
        matrix = ConfusionMatrix(classes)
        matrix.add(self.truth, self.prediction)
        return ValidationSample(
            self.stem,
            self.window,
            image=_shrunk(_rgb(self.pixels), cv2.INTER_AREA),
            truth=_shrunk(self.truth, cv2.INTER_NEAREST),
            prediction=_shrunk(self.prediction, cv2.INTER_NEAREST),
            accuracy=matrix.accuracy,
            miou=matrix.miou,
        )


class SampleChooser:
    """Chooses a few samples while areas of `pixels` px together are validated.

    Best and worst go by accuracy, and each shows as many images as there are: of one image only one window is chosen.
    The fixed ones are the first labelled ones of the first, the middle and the last third of all areas.
    """

    def __init__(self, classes: int, pixels: int) -> None:
        self._classes, self._pixels, self._seen = classes, pixels, 0
        self._samples: dict[int, ValidationSample] = {}
        self._best, self._worst = _Ranking(sign=1.0), _Ranking(sign=-1.0)

    def add(
        self, stem: str, window: PixelWindow, pixels: npt.NDArray[Any], truth: Indices, prediction: Indices
    ) -> None:
        """Consider a validated window: (C, H, W) pixels, (H, W) class indices of both sides."""
        for part in _cells(window.width, window.height):
            rows, columns = part.slices()
            here = part.shifted(window.x, window.y)
            self._add(_Cell(stem, here, pixels[:, rows, columns], truth[rows, columns], prediction[rows, columns]))

    def _add(self, cell: _Cell) -> None:
        part = min(MOST_SAMPLES - 1, self._seen * MOST_SAMPLES // max(1, self._pixels))
        self._seen += cell.window.pixels
        accuracy = cell.accuracy
        if math.isnan(accuracy):
            return
        for ranking in (self._best, self._worst):
            if ranking.wants(cell.stem, accuracy):
                ranking.put(cell.sample(self._classes))
        if part not in self._samples:
            self._samples[part] = cell.sample(self._classes)

    def chosen(self) -> dict[str, tuple[ValidationSample, ...]]:
        """Return the samples by role; one that is both among the best and the worst counts as the better."""
        best = self._best.ranked()
        worst = tuple(sample for sample in self._worst.ranked() if sample.window not in _windows(best, sample))
        return {SAMPLE: tuple(self._samples.values()), BEST: best, WORST: worst}


def _windows(samples: tuple[ValidationSample, ...], like: ValidationSample) -> set[PixelWindow]:
    return {sample.window for sample in samples if sample.stem == like.stem}


class _Ranking:
    """The `MOST_SAMPLES` highest (`sign` 1) or lowest (-1) accuracies, of different images."""

    def __init__(self, *, sign: float) -> None:
        self._sign = sign
        self._samples: dict[str, ValidationSample] = {}

    def wants(self, stem: str, accuracy: float) -> bool:
        """Return whether a sample of `stem` would be among them."""
        if stem in self._samples:
            return self._sign * accuracy > self._score(stem)
        return len(self._samples) < MOST_SAMPLES or self._sign * accuracy > self._score(self._last())

    def put(self, sample: ValidationSample) -> None:
        """Add a sample; the last one is dropped where there are too many."""
        self._samples[sample.stem] = sample
        if len(self._samples) > MOST_SAMPLES:
            del self._samples[self._last()]

    def ranked(self) -> tuple[ValidationSample, ...]:
        """Return the samples, the most extreme first."""
        return tuple(self._samples[stem] for stem in sorted(self._samples, key=self._score, reverse=True))

    def _score(self, stem: str) -> float:
        return self._sign * self._samples[stem].accuracy

    def _last(self) -> str:
        return min(self._samples, key=self._score)


def _cells(width: int, height: int) -> Iterator[PixelWindow]:
    """Yield parts of about the same size, up to `CELL` px a side, that cover `width` x `height` px."""
    for (top, bottom), (left, right) in itertools.product(_cuts(height), _cuts(width)):
        yield PixelWindow(left, top, right - left, bottom - top)


def _cuts(length: int) -> list[tuple[int, int]]:
    parts = -(-length // CELL)
    return list(itertools.pairwise(length * part // parts for part in range(parts + 1)))


def _rgb(pixels: npt.NDArray[Any]) -> Rgb:
    """Return (C, H, W) pixels as (H, W, 3) to look at: the first three bands, or the first as grey.

    Three bands of 8 bits are shown as they are, all else between percentiles of what is not 0, which stands for nodata.
    """
    shown = pixels[: 3 if len(pixels) >= 3 else 1]
    plain = shown.dtype == np.uint8 and len(shown) == 3
    stretch = identity_stretch(3) if plain else _stretch(shown)
    return render_rgba(shown, np.ones(shown.shape[1:], np.bool_), stretch)[..., :3].copy()


def _stretch(pixels: npt.NDArray[Any]) -> Stretch:
    filled = pixels.any(axis=0)
    if not filled.any():
        return Stretch((0.0,) * len(pixels), (1.0,) * len(pixels))
    low, high = np.percentile(pixels[:, filled].astype(np.float64), _PERCENTILES, axis=1)
    return Stretch(tuple(low.tolist()), tuple(high.tolist()))


def _shrunk(pixels: npt.NDArray[np.uint8], how: int) -> npt.NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    factor = SAMPLE_SIDE / max(height, width)
    if factor >= 1:
        return pixels.copy()  # a view would keep the whole window in memory
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return np.asarray(cv2.resize(pixels, size, interpolation=how), np.uint8)
