"""Keeps libtiff from writing to stderr by itself."""

from __future__ import annotations

import ctypes
from contextlib import suppress
from functools import cache
from pathlib import Path

import rasterio


@cache
def quieten_libtiff() -> None:
    """Take away libtiff's own error handler, which prints such lines as `_tiffWriteProc: No space left on device.`

    They come on top of the exceptions that GDAL raises for the same failures, and no setting of GDAL or rasterio turns
    them off. Wheels of rasterio bring a libtiff of their own; with any other build of rasterio this does nothing.
    """
    package = Path(rasterio.__file__).parent
    for folder in (package.with_name("rasterio.libs"), package / ".dylibs"):
        for library in folder.glob("*tiff*"):
            with suppress(OSError, AttributeError):
                ctypes.CDLL(str(library)).TIFFSetErrorHandler(None)
