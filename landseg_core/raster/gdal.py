"""How this package calls GDAL: never writing beside a source, in little memory, with one handle per caller."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rasterio
from rasterio._err import CPLE_BaseError
from rasterio.errors import NotGeoreferencedWarning, RasterioError

BLOCK_CACHE_BYTES = 64 * 2**20
"""GDAL's block cache; rasterio takes GDAL_CACHEMAX in bytes, so that "64" would be no cache at all."""

GDAL_ERRORS = (RasterioError, CPLE_BaseError, OSError)
"""What GDAL's failures are in Python: they come through rasterio in two families, and from the system."""

# `warnings.catch_warnings` changes state of the whole process, so only one thread at a time may be inside it.
WARNINGS_LOCK = threading.Lock()


def reading_options(path: Path, threads: int | None = None) -> dict[str, Any]:
    """Return the options of the `rasterio.Env` under which `path` is opened and read.

    GDAL keeps statistics and the like in an `.aux.xml` beside the raster; without one, nothing may create it. One that
    is there can hold the CRS or nodata and is read. Sidecars are looked for by name, without listing the folder.
    """
    has_aux = path.with_name(path.name + ".aux.xml").exists()
    return {
        "GDAL_PAM_ENABLED": "YES" if has_aux else "NO",
        "GDAL_DISABLE_READDIR_ON_OPEN": "TRUE",
        "GDAL_CACHEMAX": BLOCK_CACHE_BYTES,
        "VRT_SHARED_SOURCE": "0",  # the handles of two callers must not meet in one handle of a VRT's part
        **({} if threads is None else {"GDAL_NUM_THREADS": threads}),
    }


def open_dataset(path: Path, **options: Any) -> Any:
    """Open `path` for reading in the environment of the caller, taking a raster without georeference as it is.

    Raises:
        rasterio.errors.RasterioError: GDAL cannot open it.
    """
    with WARNINGS_LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        return rasterio.open(path, **options)


def gdal_reason(error: BaseException) -> str:
    """Return GDAL's own words about a failure: rasterio's errors often just point to the one that caused them."""
    while error.__cause__ is not None:
        error = error.__cause__
    return " ".join(str(error).split()).rstrip(".")


class HandlePool:
    """Dataset handles, each lent to one thread at a time: there are never more than threads that read at once."""

    def __init__(self, open_handle: Callable[[], Any]) -> None:
        self._open = open_handle
        self._lock = threading.Lock()
        self._idle: list[Any] = []
        self._closed = False

    @property
    def closed(self) -> bool:
        """Tell whether no more handles are lent."""
        return self._closed

    @contextmanager
    def lease(self) -> Iterator[Any]:
        """Lend a handle for the length of a `with` block."""
        handle = self._take()
        try:
            yield handle
        finally:
            self._give_back(handle)

    def close(self) -> None:
        """Close all handles: idle ones now, lent ones as they come back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for handle in idle:
            handle.close()

    def _take(self) -> Any:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return self._open()

    def _give_back(self, handle: Any) -> None:
        with self._lock:
            if not self._closed:
                self._idle.append(handle)
                return
        handle.close()
