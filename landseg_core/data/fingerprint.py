"""Knows an image again, whatever it is called and wherever it lies."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from landseg_core.geo.window import PixelWindow
from landseg_core.raster.source import RasterSource

_SAMPLES, _SIDE = 4, 32


def fingerprint(source: RasterSource, bands: Sequence[int]) -> str:
    """Return a hash of the size of a raster, the type of its pixels and 16 samples of 32 px of its `bands`.

    It is that of the decoded pixels, so that a copy in another format without loss has the same. Rasters that differ
    only between the samples, such as blank ones of one size, have the same as well.

    Raises:
        RasterError: the raster cannot be read.
    """
    told = hashlib.blake2b(digest_size=12)
    told.update(f"{source.grid.width} {source.grid.height} {source.dtype} {len(bands)}".encode())
    for window in _samples(source.grid.window):
        told.update(source.read(window, bands).tobytes())
    return told.hexdigest()


def _samples(whole: PixelWindow) -> Iterator[PixelWindow]:
    """Yield small windows spread evenly, from top to bottom: a format that is read in rows is read once."""
    width, height = min(_SIDE, whole.width), min(_SIDE, whole.height)
    for row in range(_SAMPLES):
        y = (whole.height - height) * (2 * row + 1) // (2 * _SAMPLES)
        for column in range(_SAMPLES):
            x = (whole.width - width) * (2 * column + 1) // (2 * _SAMPLES)
            yield PixelWindow(x, y, width, height)
