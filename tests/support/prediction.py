"""Networks whose answer is known, and what collects it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from landseg_core.geo.window import PixelWindow
from landseg_core.inference.blending import BlendedRows
from landseg_core.inference.layout import ReceptiveField, Strip


class CollectedRows:
    """Keeps the rows of a prediction as whole arrays of the target's size."""

    def __init__(self, target: PixelWindow) -> None:
        shape = (target.height, target.width)
        self._target = target
        self.index, self.score = np.full(shape, 99), np.full(shape, np.nan)
        self.valid, self.times = np.zeros(shape, np.bool_), np.zeros(shape, int)

    @contextmanager
    def strip(self, strip: Strip) -> Iterator[Callable[[BlendedRows], None]]:
        left = strip.first - self._target.x

        def take(rows: BlendedRows) -> None:
            top = rows.top - self._target.y
            place = slice(top, top + len(rows.index)), slice(left, left + strip.width)
            self.index[place], self.score[place], self.valid[place] = rows.index, rows.score, rows.valid
            self.times[place] += 1

        yield take


class FunctionBackend:
    """A network made of a function of pixels; it remembers the shapes it has seen."""

    def __init__(self, scores: Callable[[Any], Any], classes: int, field: ReceptiveField) -> None:
        self._scores, self.classes, self.field = scores, classes, field
        self.shapes: list[tuple[int, ...]] = []

    def probabilities(self, pixels: np.ndarray) -> np.ndarray:
        self.shapes.append(pixels.shape)
        return np.array(self._scores(pixels), np.float32)
