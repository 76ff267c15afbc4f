"""Runs a network over a raster of any size, window by window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

import numpy.typing as npt

from landseg_core.compute.prefetch import Prefetcher
from landseg_core.errors import ModelError
from landseg_core.geo.window import PixelWindow
from landseg_core.inference.blending import (
    ArgmaxAccumulator,
    BlendedRows,
    Gather,
    Rows,
    ScoreAccumulator,
    Scores,
    StripBlender,
    Valid,
)
from landseg_core.inference.layout import Strip, axis_windows, plan_strips
from landseg_core.inference.resampled_scores import ResampledGrid
from landseg_core.messages import N_
from landseg_core.raster.views import NativePixels, Size, resampled

if TYPE_CHECKING:
    from landseg_core.inference.backends.backend import Backend

_READ_AHEAD, _SCORED_AHEAD = 2, 1

ReadWindow = tuple[npt.NDArray[Any], Valid]
ScoredWindow = tuple[Scores | None, Valid]
"""Scores of the classes, None where nothing is valid."""


class Sink(Protocol):
    """Takes finished rows."""

    def strip(self, strip: Strip) -> AbstractContextManager[Callable[[BlendedRows], None]]:
        """Return the function that takes the rows of `strip`, from the top down."""


class TiledPredictor:
    """Predicts `target`, a window of `pixels`, in windows of up to `tile` px that overlap by `overlap` px or more.

    The default `overlap` is what the network needs, and half a tile at most.
    Each pixel gets the scores it has in the map of the whole raster. Memory depends on tile, overlap and classes only.
    With a `size` (width, height) the raster is resampled to that for the network, `tile` and `overlap` are in px of it,
    and scores are resampled back to the raster's own grid before the class with the highest score is taken.

    Raises:
        ModelError: the windows are too small for the model or for their overlap.
    """

    def __init__(
        self,
        backend: Backend,
        pixels: NativePixels,
        target: PixelWindow,
        *,
        tile: int,
        overlap: int | None = None,
        size: Size | None = None,
    ) -> None:
        self._backend, self._view = backend, resampled(pixels, size)
        field = backend.field
        side = tile // field.stride * field.stride
        if overlap is None:
            overlap = min(field.overlap, side // 2)
        if overlap < 0 or side < overlap + field.stride:
            raise ModelError(
                N_(
                    "windows of {tile} px are too small to overlap by {overlap} px; choose a tile of {smallest} px "
                    "or more, or another overlap",
                    tile=tile,
                    overlap=overlap,
                    smallest=overlap + 2 * field.stride,
                )
            )
        rows = axis_windows(self._view.grid.height, side, overlap, field)
        columns = axis_windows(self._view.grid.width, side, overlap, field)
        height = max(row.stop - row.start for row in rows)
        self._back = None if size is None else ResampledGrid(pixels, size, target)
        if self._back is None:
            max_width = ArgmaxAccumulator.max_width(backend.classes, height)
            self._strips = [(strip, strip) for strip in plan_strips(target, rows, columns, field, max_width)]
        else:
            self._strips = self._back.plan(rows, columns, field, ScoreAccumulator.max_width(backend.classes, height))

    @property
    def work(self) -> int:
        """Return the number of input pixels of the network, including overlaps."""
        return sum(window.pixels for window in self._windows())

    def run(self, sink: Sink, on_window: Callable[[PixelWindow], None]) -> None:
        """Predict all windows; `on_window` is called after each, and may end the work by raising an exception.

        Raises:
            RasterError: the raster cannot be read, or holds numbers that are not finite.
            ModelError: the device has too little memory.
        """
        # A thread reads, one runs the network, this one blends, and the sink's writes.
        with (
            Prefetcher(map(self._view.read, self._windows()), _READ_AHEAD) as read,
            Prefetcher(map(self._scored, read), _SCORED_AHEAD) as scored,
        ):
            windows = iter(scored)
            for seen, made in self._strips:
                with sink.strip(made) as write:
                    if self._back is None:
                        self._run_strip(seen, windows, ArgmaxAccumulator, write, on_window)
                    else:
                        self._run_strip(seen, windows, ScoreAccumulator, self._back.decide(made, write), on_window)

    def _windows(self) -> Iterator[PixelWindow]:
        for seen, _ in self._strips:
            yield from seen.windows()

    def _run_strip(
        self,
        strip: Strip,
        scored: Iterator[ScoredWindow],
        gather: Gather[Rows],
        take: Callable[[Rows], None],
        on_window: Callable[[PixelWindow], None],
    ) -> None:
        blender = StripBlender(self._backend.classes, strip, gather)
        windows = strip.windows()
        for row, end in strip.finished_rows():
            for column in strip.columns:
                blender.add(row, column, *next(scored))  # kept no longer than needed: it is large
                on_window(next(windows))
            for rows in blender.finished(end):
                take(rows)

    def _scored(self, window: ReadWindow) -> ScoredWindow:
        pixels, valid = window
        return self._backend.probabilities(pixels) if valid.any() else None, valid
