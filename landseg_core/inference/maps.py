"""From blended scores to the maps' files, in a thread of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt
from rasterio.enums import Resampling

from landseg_core.geo.window import PixelWindow
from landseg_core.inference.blending import BlendedRows
from landseg_core.inference.layout import Strip
from landseg_core.raster.writer import MAP_BLOCK, MAP_NODATA, MapInfo, MapWriter

Values = npt.NDArray[np.uint8]
Layer = tuple[MapWriter, Callable[[BlendedRows], Values]]
"""A map and the function that makes its values."""

CONFIDENCE_INFO = MapInfo(title="confidence (%)", overviews=Resampling.average)


def class_values(rows: BlendedRows, table: Values) -> Values:
    """Return the class values of (H, W) rows by the (256,) `table` of class indices; 255 where there is no data."""
    return np.where(rows.valid, table[rows.index], np.uint8(MAP_NODATA))


def confidences(rows: BlendedRows) -> Values:
    """Return the probability of the class shown in %, 0-100; 255 where there is no data."""
    percent = np.rint(rows.score * 100).clip(0, 100).astype(np.uint8)
    return np.where(rows.valid, percent, np.uint8(MAP_NODATA))


class MapSink:
    """Takes blended rows, strip by strip, and writes `layers` of them in a thread while the network works on.

    At most one batch of rows waits. A context manager: an error in the thread is raised here, at the end of the
    `with` block at the latest.
    """

    def __init__(self, target: PixelWindow, layers: Sequence[Layer]) -> None:
        self._target, self._layers = target, layers
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="landseg-write")
        self._waiting: Future[None] | None = None

    @contextmanager
    def strip(self, strip: Strip) -> Iterator[Callable[[BlendedRows], None]]:
        """Return the function that takes the rows of `strip`, from the top down."""
        window = PixelWindow(strip.first - self._target.x, 0, strip.width, self._target.height)
        parts = [(_BlockRows(writer, window), values) for writer, values in self._layers]

        def write(rows: BlendedRows) -> None:
            for part, values in parts:
                part.add(values(rows))

        yield lambda rows: self._hand_over(lambda: write(rows))

    def _hand_over(self, work: Callable[[], None]) -> None:
        self._wait()
        self._waiting = self._thread.submit(work)

    def _wait(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(wait=True)
        if kind is None:
            self._wait()


class _BlockRows:
    """Writes the rows of one strip in whole blocks of the file; an incomplete block waits for more rows."""

    def __init__(self, writer: MapWriter, window: PixelWindow) -> None:
        self._writer, self._window = writer, window
        self._written = 0
        self._held: Values = np.empty((0, window.width), np.uint8)

    def add(self, values: Values) -> None:
        """Take the next (H, W) values."""
        held = np.concatenate([self._held, values])
        is_end = self._written + len(held) == self._window.height
        ready = len(held) if is_end else len(held) // MAP_BLOCK * MAP_BLOCK
        if ready:
            block = PixelWindow(self._window.x, self._written, self._window.width, ready)
            self._writer.write(block, held[:ready])
        self._written += ready
        self._held = held[ready:]
