"""Builds the levels that a raster's file lacks: tile by tile, so that memory does not grow with the image."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import rasterio
from rasterio.windows import Window

from landseg_core.errors import OutputError
from landseg_core.events import JobControl, OnEvent, Progress, ignore_event
from landseg_core.geo.window import PixelWindow
from landseg_core.machine import cores
from landseg_core.raster.gdal import BLOCK_CACHE_BYTES, GDAL_ERRORS, gdal_reason, open_dataset
from landseg_core.raster.pyramid_cache import holds_codes, level_path, prune, pyramid_path, unfinished
from landseg_core.raster.pyramid_levels import TILE, levels_in_file, missing_levels, pyramid_of
from landseg_core.raster.reduction import Pixels, Valid, halve
from landseg_core.raster.source import RasterSource

Read = TypeVar("Read")

_PIXELS_AT_ONCE = 2**21
_THREADS = min(4, cores())  # that decode; with more than one to encode, GDAL would not tell of a full disk

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
# The common Huffman tables (2) instead of those made for each tile: a fifth quicker, and files are 3 % larger.
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
        on_event: is told the progress, in px of all levels.
        control: pauses and stops; after a stop nothing is left behind.
        categorical: whether the values are class codes, which are not averaged; by default those of a palette are.

    Raises:
        RasterError: the source cannot be read.
        OutputError: the cache folder cannot be written to.
        JobStopped: the user has asked to stop.
    """
    codes = holds_codes(source, categorical)
    folder = pyramid_path(source, categorical=codes)
    if not folder.is_dir():
        try:
            with unfinished(folder) as scratch:
                _PyramidBuilder(source, scratch, on_event, control or JobControl(), categorical=codes).build()
        except GDAL_ERRORS as error:
            raise OutputError(
                f"overviews cannot be written to {folder.parent} ({gdal_reason(error)}); free some space there"
            ) from error
        prune(keep=folder)
    return folder


class _PyramidBuilder:
    """Makes each missing level from the next finer one that is there."""

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
        there = set(self._in_file)
        for level in self._levels:
            finer = max((known for known in there if known < level), default=level)
            with self._open_level(finer) as raster:
                self._build_level(level, raster, steps=level - finer)
            there.add(level)

    def _open_level(self, level: int) -> RasterSource:
        """Open the raster, a level in its file, or one built before."""
        if level == 0 or level in self._in_file:
            return self._source.reopened(overview=self._in_file.get(level), threads=_THREADS)
        return RasterSource(level_path(self._folder, level), threads=_THREADS)

    def _build_level(self, level: int, finer: RasterSource, steps: int) -> None:
        path = level_path(self._folder, level)
        width, height = self._pyramid.level_size(level)
        windows = _work_windows(width, height, finer, steps)
        with (
            rasterio.Env(**_WRITING),
            open_dataset(path, mode="w", **self._profile(width, height)) as target,
            ThreadPoolExecutor(1) as reader,
        ):
            for window, read in _one_ahead(windows, lambda part: reader.submit(self._reduced, finer, part, steps)):
                self._control.checkpoint()
                self._write(target, window, *read.result())
                self._tell(window.pixels)

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
        is_built = finer.path.parent == self._folder
        bands = range(1, len(self._source.data_bands) + 1) if is_built else self._source.data_bands
        pixels, valid = finer.read(window, bands), finer.read_valid(window)
        for _ in range(steps):
            pixels, valid = halve(pixels, valid, categorical=self._categorical)
        return pixels, valid

    def _write(self, target: Any, window: PixelWindow, pixels: Pixels, valid: Valid) -> None:
        place = Window(window.x, window.y, window.width, window.height)
        target.write(pixels, window=place)
        if not self._source.all_valid:
            target.write_mask(valid, window=place)

    def _tell(self, pixels: int) -> None:
        self._done += pixels
        seconds = time.monotonic() - self._start
        self._on_event(Progress(f"Overviews of {self._source.path.name}", self._done, self._total, seconds))


def _one_ahead(
    windows: Iterable[PixelWindow], begin: Callable[[PixelWindow], Read]
) -> Iterator[tuple[PixelWindow, Read]]:
    """Yield each window and what `begin` gives for it, once it has been called for the next one too."""
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


def _work_windows(width: int, height: int, finer: RasterSource, steps: int) -> Iterator[PixelWindow]:
    """Yield windows of whole tiles that cover a level, so shaped that each block of the finer one is decoded once."""
    block_height, block_width = finer.block_shape
    is_striped = block_width >= finer.grid.width and block_height < TILE
    side = TILE * min(4, -(-max(finer.block_shape) // (TILE << steps)))
    across, down = (width, TILE) if is_striped else (side, side)
    for y in range(0, height, down):
        for x in range(0, width, across):
            yield PixelWindow(x, y, min(across, width - x), min(down, height - y))


def _strips(window: PixelWindow, steps: int) -> Iterator[PixelWindow]:
    """Yield parts, one below the other, of what `window` covers in a level `steps` finer."""
    x, width = window.x << steps, window.width << steps
    top, bottom = window.y << steps, window.bottom << steps
    rows = max(1, _PIXELS_AT_ONCE // width >> steps) << steps
    for y in range(top, bottom, rows):
        yield PixelWindow(x, y, width, min(rows, bottom - y))
