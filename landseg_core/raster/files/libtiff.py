"""Keeps libtiff from writing to stderr."""

from __future__ import annotations

import ctypes
from contextlib import suppress
from functools import cache
from pathlib import Path

import rasterio


@cache
def quieten_libtiff() -> None:
    """Remove libtiff's own error handler, which prints lines such as `_tiffWriteProc: No space left on device.`

    GDAL raises exceptions for the same failures, and no setting of GDAL or rasterio turns the lines off. Wheels of
    rasterio contain their own libtiff; with any other build of rasterio this does nothing.
    """
    package = Path(rasterio.__file__).parent
    for folder in (package.with_name("rasterio.libs"), package / ".dylibs"):
        for library in folder.glob("*tiff*"):
            with suppress(OSError, AttributeError):
                ctypes.CDLL(str(library)).TIFFSetErrorHandler(None)
