"""Resamples the scores of a resampled raster back to its own grid."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from landseg_core.geo.window import PixelWindow
from landseg_core.inference.blending import BlendedRows, ScoredRows, strongest
from landseg_core.inference.layout import AxisWindow, ReceptiveField, Strip, plan_strips
from landseg_core.raster.resampling import GridScale, ResampleKernel, valid_means
from landseg_core.raster.views import NativePixels

_BATCH_VALUES = 1 << 24
"""Number of scores of the raster's own grid that are computed at once."""


class ResampledGrid:
    """The native grid of a raster, and that of `size` (width, height) px which is the network's input.

    Scores are resampled by the mean of those that a pixel covers, or between the two nearest; then the class with the
    highest score is taken. So each pixel of the map depends only on the scores below it, not on window, tile or strip.
    """

    def __init__(self, native: NativePixels, size: tuple[int, int], target: PixelWindow) -> None:
        self._native, self._target = native, target
        self.scale = GridScale.between(size, (native.grid.width, native.grid.height))
        self.seen = self.scale.needed(target)

    def plan(
        self, rows: Sequence[AxisWindow], columns: Sequence[AxisWindow], field: ReceptiveField, max_width: int
    ) -> list[tuple[Strip, Strip]]:
        """Return strips of the input, each with the strip of the map that it gives: only their positions differ."""
        cuts = [strip.last for strip in plan_strips(self.seen, rows, columns, field, max_width)[:-1]]
        own_cuts = [self.scale.columns.placed(cut, cut)[0] for cut in cuts]
        inside = sorted({cut for cut in own_cuts if self._target.x < cut < self._target.right})
        return [
            self._strip(first, last, rows, columns, field)
            for first, last in pairwise([self._target.x, *inside, self._target.right])
        ]

    def _strip(
        self, first: int, last: int, rows: Sequence[AxisWindow], columns: Sequence[AxisWindow], field: ReceptiveField
    ) -> tuple[Strip, Strip]:
        seen = self.scale.needed(PixelWindow(first, self._target.y, last - first, self._target.height))
        (strip,) = plan_strips(seen, rows, columns, field, seen.width)
        return strip, replace(strip, first=first, last=last)

    def decide(self, made: Strip, write: Callable[[BlendedRows], None]) -> Callable[[ScoredRows], None]:
        """Return what takes the scores of the strip seen with `made`, and writes the rows of that."""
        native = NativeRows(
            self._native, self.scale, PixelWindow(made.first, self._target.y, made.width, self._target.height)
        )

        def take(rows: ScoredRows) -> None:
            for ready in native.add(rows):
                write(ready)

        return take


class NativeRows:
    """Takes scores of all that `native` is made of, from the top down, and gives the rows of it that are ready."""

    def __init__(self, pixels: NativePixels, scale: GridScale, native: PixelWindow) -> None:
        self._pixels, self._scale, self._native = pixels, scale, native
        self._columns = scale.columns.kernel(native.x, native.right)
        self._next = native.y
        self._held: ScoredRows | None = None

    def add(self, rows: ScoredRows) -> Iterator[BlendedRows]:
        """Take rows that follow on those before, and yield the rows of the map that are ready."""
        held = rows if self._held is None else self._held.followed_by(rows)
        while self._next < self._native.bottom:
            kernel = self._ready(held.bottom, held.classes)
            if kernel is None:
                break
            yield self._made(held, kernel)
        self._held = self._still_needed(held)

    def _ready(self, bottom: int, classes: int) -> ResampleKernel | None:
        """Return the kernel of the next rows, as many as are ready and made at once; None where none is."""
        most = max(1, _BATCH_VALUES // (classes * self._native.width))
        kernel = self._scale.rows.kernel(self._next, min(self._next + most, self._native.bottom))
        count = int(np.searchsorted(kernel.indices[-1] + 1, bottom, side="right"))
        return ResampleKernel(kernel.indices[:, :count], kernel.weights[:, :count]) if count else None

    def _made(self, held: ScoredRows, kernel: ResampleKernel) -> BlendedRows:
        below = slice(kernel.first - held.top, kernel.last - held.top)
        valid = held.valid[below]
        means, _ = valid_means(held.scores[:, below] * valid, valid, kernel, self._columns)
        index, score = strongest(means.astype(np.float32, copy=False))
        top, count = self._next, kernel.indices.shape[1]
        self._next += count
        there = self._pixels.read_valid(PixelWindow(self._native.x, top, self._native.width, count))
        return BlendedRows(top, index, score, there)

    def _still_needed(self, held: ScoredRows) -> ScoredRows | None:
        if self._next >= self._native.bottom:
            return None
        return held.from_row(min(self._scale.rows.kernel(self._next, self._next + 1).first, held.bottom))
