"""Recognises an image, whatever its name and folder."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from landseg_core.raster.files.content import sample_windows
from landseg_core.raster.source import RasterSource


def fingerprint(source: RasterSource, bands: Sequence[int]) -> str:
    """Return a hash of the size of a raster, the type of its pixels and 16 samples of 32 px of its `bands`.

    It is a hash of decoded pixels, so that a copy in another lossless format has the same. Rasters that differ only
    outside the samples, such as blank ones of one size, have the same as well.

    Raises:
        RasterError: the raster cannot be read.
    """
    digest = hashlib.blake2b(digest_size=12)
    digest.update(f"{source.grid.width} {source.grid.height} {source.dtype} {len(bands)}".encode())
    for window in sample_windows(source.grid.window):
        digest.update(source.read(window, bands).tobytes())
    return digest.hexdigest()
