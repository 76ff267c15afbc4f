"""Builds the levels that a raster's file lacks: tile by tile, so that memory does not grow with the image."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import rasterio
from rasterio.windows import Window

from landseg_core.errors import OutputError
from landseg_core.events import JobControl, OnEvent, Progress, ignore_event
from landseg_core.geo.tiling import pieces
from landseg_core.geo.window import PixelWindow
from landseg_core.limits import WorkSize, require_agreed
from landseg_core.machine import cores
from landseg_core.messages import N_
from landseg_core.raster.files.gdal import BLOCK_CACHE_BYTES, GDAL_ERRORS, gdal_reason, open_dataset
from landseg_core.raster.pyramid.cache import holds_codes, level_path, prune, pyramid_path, unfinished
from landseg_core.raster.pyramid.levels import TILE, levels_in_file, missing_levels, pyramid_of
from landseg_core.raster.pyramid.reduction import Pixels, Valid, halve
from landseg_core.raster.source import RasterSource

Read = TypeVar("Read")

_PIXELS_AT_ONCE = 2**21
_LARGE_BLOCK = 2**16  # px
_THREADS = min(4, cores())  # that decode; with several that encode, GDAL would not report a full disk

_WRITING: dict[str, Any] = {
    "GDAL_PAM_ENABLED": "NO",
    "GDAL_TIFF_INTERNAL_MASK": "YES",
    "GDAL_CACHEMAX": BLOCK_CACHE_BYTES,
}
_LAYOUT: dict[str, Any] = {
    "driver": "GTiff",
    "tiled": True,
    "blockxsize": TILE,
    "blockysize": TILE,
    "bigtiff": "if_safer",
}
# The common Huffman tables (2) instead of those made for each tile: 20 % faster, and files are 3 % larger.
_JPEG = {"compress": "jpeg", "photometric": "ycbcr", "interleave": "pixel", "jpeg_quality": 85, "jpegtablesmode": 3}
# Without "minisblack" a fourth band would become alpha.
_DEFLATE = {"compress": "deflate", "zlevel": 1, "photometric": "minisblack"}


def build_pyramid(
    source: RasterSource,
    on_event: OnEvent = ignore_event,
    control: JobControl | None = None,
    *,
    categorical: bool | None = None,
) -> Path:
    """Build the missing levels of `source` into the cache folder and return their folder.

    Args:
        source: the raster; its own folder is not written to.
        on_event: receives the progress, in px of all levels.
        control: pauses and stops the work; a stop leaves no files behind.
        categorical: whether the values are class codes, which are not averaged; by default those of a palette are.

    Raises:
        LargeWorkError: the levels would be huge.
        RasterError: the source cannot be read.
        OutputError: the cache folder cannot be written to.
        JobStopped: the user has asked to stop.
    """
    codes = holds_codes(source, categorical)
    folder = pyramid_path(source, categorical=codes)
    if not folder.is_dir():
        require_agreed(_work(source), large=False)
        try:
            with unfinished(folder) as scratch:
                _PyramidBuilder(source, scratch, on_event, control or JobControl(), categorical=codes).build()
        except GDAL_ERRORS as error:
            raise OutputError(
                N_(
                    "overviews cannot be written to {parent} ({gdal_reason}); free some space there",
                    parent=folder.parent,
                    gdal_reason=gdal_reason(error),
                )
            ) from error
        prune(keep=folder)
    return folder


def _work(source: RasterSource) -> WorkSize:
    pyramid = pyramid_of(source)
    pixels = sum(_area(pyramid.level_size(level)) for level in missing_levels(source))
    return WorkSize(N_("overviews of {path}", path=source.path), pixels)


class _PyramidBuilder:
    """Reads each block of the raster once: the levels after the first one are halved in memory."""

    def __init__(
        self, source: RasterSource, folder: Path, on_event: OnEvent, control: JobControl, *, categorical: bool
    ) -> None:
        self._source, self._folder, self._categorical = source, folder, categorical
        self._on_event, self._control = on_event, control
        self._pyramid = pyramid_of(source)
        self._levels = missing_levels(source)
        self._in_file = levels_in_file(source)
        self._total = sum(_area(self._pyramid.level_size(level)) for level in self._levels)
        self._done = 0
        self._start = time.monotonic()

    def build(self) -> None:
        for levels in _runs(self._levels):
            finer = max((known for known in self._in_file if known < levels[0]), default=levels[0])
            with self._source.reopened(overview=self._in_file.get(finer), threads=_threads(self._source)) as raster:
                self._build_run(levels, raster, steps=levels[0] - finer)

    def _build_run(self, levels: Sequence[int], finer: RasterSource, steps: int) -> None:
        """Build consecutive `levels`; the first is `steps` coarser than `finer`."""
        width, height = self._pyramid.level_size(levels[0])
        across, down = _work_size(width, finer, steps)
        windows = pieces(PixelWindow(0, 0, width, height), across, down)
        gathered = list(self._gathered(levels[1:], down))
        with ExitStack() as stack:
            stack.enter_context(rasterio.Env(**_WRITING))
            files = [stack.enter_context(self._create(level)) for level in levels]
            reader = stack.enter_context(ThreadPoolExecutor(1))
            for window, read in _one_ahead(windows, lambda part: reader.submit(self._reduced, finer, part, steps)):
                self._put(files, gathered, window, *read.result())

    def _gathered(self, levels: Sequence[int], down: int) -> Iterator[_Rows]:
        """Yield a collector of rows for each of `levels`, the first for rows of windows `down` px high."""
        for level in levels:
            down = math.lcm(down // 2, TILE)
            yield _Rows(*self._pyramid.level_size(level), down)

    def _create(self, level: int) -> Any:
        width, height = self._pyramid.level_size(level)
        return open_dataset(level_path(self._folder, level), mode="w", **self._profile(width, height))

    def _profile(self, width: int, height: int) -> dict[str, Any]:
        return {
            **_LAYOUT,
            "width": width,
            "height": height,
            "count": len(self._source.data_bands),
            "dtype": self._source.dtype,
            **(_JPEG if _is_rgb(self._source) else _DEFLATE),
        }

    def _reduced(self, finer: RasterSource, window: PixelWindow, steps: int) -> tuple[Pixels, Valid]:
        """Return pixels and validity of a window of the new level, which is `steps` coarser than `finer`."""
        parts = [self._read(finer, strip, steps) for strip in _strips(window, steps)]
        return np.concatenate([p for p, _ in parts], axis=1), np.concatenate([v for _, v in parts])

    def _read(self, finer: RasterSource, window: PixelWindow, steps: int) -> tuple[Pixels, Valid]:
        pixels, valid = finer.read(window, self._source.data_bands), finer.read_valid(window)
        for _ in range(steps):
            pixels, valid = halve(pixels, valid, categorical=self._categorical)
        return pixels, valid

    def _put(
        self, files: Sequence[Any], gathered: Sequence[_Rows], window: PixelWindow, pixels: Pixels, valid: Valid
    ) -> None:
        """Write a window of the first level, and the rows that it completes in the next levels."""
        self._write(files[0], window, pixels, valid)
        for file, rows in zip(files[1:], gathered, strict=True):
            whole = rows.add(window, *halve(pixels, valid, categorical=self._categorical))
            if whole is None:
                return
            window, pixels, valid = whole
            self._write(file, window, pixels, valid)

    def _write(self, target: Any, window: PixelWindow, pixels: Pixels, valid: Valid) -> None:
        self._control.checkpoint()
        written = Window(window.x, window.y, window.width, window.height)
        target.write(pixels, window=written)
        if not self._source.all_valid:
            target.write_mask(valid, window=written)
        self._report(window.pixels)

    def _report(self, pixels: int) -> None:
        self._done += pixels
        seconds = time.monotonic() - self._start
        task = N_("Overviews of {name}", name=self._source.path.name)
        self._on_event(Progress(task, self._done, self._total, seconds))


class _Rows:
    """Collects the halved windows of a level, which arrive row by row, until they fill `rows` px of the next level."""

    def __init__(self, width: int, height: int, rows: int) -> None:
        self._width, self._height, self._rows = width, height, rows
        self._top = self._filled = 0
        self._held: tuple[Pixels, Valid] | None = None

    def add(self, finer: PixelWindow, pixels: Pixels, valid: Valid) -> tuple[PixelWindow, Pixels, Valid] | None:
        """Add the halved window `finer`; return the rows that it completes and their window, None if there are none."""
        held_pixels, held_valid = self._held = self._held or self._begin(pixels)
        x, y = finer.x // 2, finer.y // 2 - self._top
        part = slice(y, y + valid.shape[0]), slice(x, x + valid.shape[1])
        held_pixels[:, *part], held_valid[part] = pixels, valid
        self._filled += valid.size
        if self._filled < held_valid.size:
            return None
        window = PixelWindow(0, self._top, self._width, len(held_valid))
        self._top, self._filled, self._held = window.bottom, 0, None
        return window, held_pixels, held_valid

    def _begin(self, pixels: Pixels) -> tuple[Pixels, Valid]:
        size = min(self._rows, self._height - self._top), self._width
        return np.empty((len(pixels), *size), pixels.dtype), np.empty(size, np.bool_)


def _runs(levels: Sequence[int]) -> list[list[int]]:
    """Return the ascending `levels` as runs of consecutive levels."""
    runs: list[list[int]] = []
    for level in levels:
        if runs and runs[-1][-1] == level - 1:
            runs[-1].append(level)
        else:
            runs.append([level])
    return runs


def _one_ahead(
    windows: Iterable[PixelWindow], begin: Callable[[PixelWindow], Read]
) -> Iterator[tuple[PixelWindow, Read]]:
    """Yield each window and the result of `begin` for it, once `begin` has been called for the next one too."""
    waiting: tuple[PixelWindow, Read] | None = None
    for window in windows:
        begun = window, begin(window)
        if waiting is not None:
            yield waiting
        waiting = begun
    if waiting is not None:
        yield waiting


def _area(size: tuple[int, int]) -> int:
    return size[0] * size[1]


def _is_rgb(source: RasterSource) -> bool:
    return source.dtype == np.uint8 and len(source.data_bands) == 3


def _threads(source: RasterSource) -> int:
    """Return how many threads decode: one where blocks are so small that more would be slower."""
    return _THREADS if math.prod(source.block_shape) >= _LARGE_BLOCK else 1


def _work_size(width: int, finer: RasterSource, steps: int) -> tuple[int, int]:
    """Return width and height of windows of whole tiles that decode each block of the finer level only once."""
    block_height, block_width = finer.block_shape
    if block_width >= finer.grid.width and block_height < TILE:  # strips
        return width, TILE
    side = TILE * min(4, -(-max(finer.block_shape) // (TILE << steps)))
    return side, side


def _strips(window: PixelWindow, steps: int) -> Iterator[PixelWindow]:
    """Yield strips, from top to bottom, of the area of `window` in a level `steps` finer."""
    x, width = window.x << steps, window.width << steps
    top, bottom = window.y << steps, window.bottom << steps
    rows = max(1, _PIXELS_AT_ONCE // width >> steps) << steps
    for y in range(top, bottom, rows):
        yield PixelWindow(x, y, width, min(rows, bottom - y))
