"""Knows an image again, whatever it is called and wherever it lies."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from landseg_core.raster.files.content import sample_windows
from landseg_core.raster.source import RasterSource


def fingerprint(source: RasterSource, bands: Sequence[int]) -> str:
    """Return a hash of the size of a raster, the type of its pixels and 16 samples of 32 px of its `bands`.

    It is that of the decoded pixels, so that a copy in another format without loss has the same. Rasters that differ
    only between the samples, such as blank ones of one size, have the same as well.

    Raises:
        RasterError: the raster cannot be read.
    """
    told = hashlib.blake2b(digest_size=12)
    told.update(f"{source.grid.width} {source.grid.height} {source.dtype} {len(bands)}".encode())
    for window in sample_windows(source.grid.window):
        told.update(source.read(window, bands).tobytes())
    return told.hexdigest()
