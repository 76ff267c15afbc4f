"""How this package calls GDAL: never writing beside a source, in little memory."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import rasterio
from rasterio._err import CPLE_BaseError
from rasterio.env import env_ctx_if_needed
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader

from landseg_core.file_identity import HELD_FILES
from landseg_core.leftovers import may_be_a_name
from landseg_core.messages import N_
from landseg_core.offline import keep_gdal_offline

READABLE_DRIVERS = (
    *("GTiff", "COG", "VRT", "PNG", "JPEG", "JP2OpenJPEG", "JP2KAK", "JPEGXL", "WEBP", "GIF", "BIGGIF", "BMP", "HFA"),
    *("ENVI", "EHdr", "NITF", "RMF", "RST", "SAGA", "PNM", "TGA", "SGI", "XPM", "GPKG", "MBTiles", "LAN", "CALS"),
    *("netCDF", "HDF5", "HDF5Image", "GRIB", "PCRaster", "AAIGrid", "GRASSASCIIGrid", "XYZ", "USGSDEM", "DTED"),
    *("SRTMHGT", "GSAG", "GSBG", "GS7BG", "BT", "ROI_PAC", "Terragen", "Leveller", "HF2", "ZMap", "GTX", "FIT"),
)
"""GDAL's names of the drivers that may open a file.

Left out is what fetches its pixels from an address or through a file that names others (WMS, WCS, WMTS, GTI, MRF,
STACIT ...): whoever sends such a file would learn who opens it. A VRT is one too; `vrt` checks each.
"""

PIXEL_MARKS = (
    *(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"\xff\x4f\xff\x51"),
    *(b"\x00\x00\x00\x0cjP  \r\n\x87\n", b"EHFA_HEADER_TAG", b"GIF8"),
)
"""The first bytes of formats that hold pixels: GDAL takes a file that begins so for nothing else."""

SIDE_MARKS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"EHFA_HEADER_TAG")
"""The first bytes of overviews and masks in a file of their own."""


keep_gdal_offline()

BLOCK_CACHE_BYTES = 64 * 2**20
"""GDAL's block cache; rasterio takes GDAL_CACHEMAX in bytes, so that "64" would be no cache at all."""

GDAL_ERRORS = (RasterioError, CPLE_BaseError, OSError, UnicodeDecodeError)
"""What GDAL's failures are in Python: they come through rasterio in two families, from the system, and from texts."""

# `warnings.catch_warnings` changes state of the whole process, so only one thread at a time may be inside it.
WARNINGS_LOCK = threading.Lock()


def reading_options(path: Path, threads: int | None = None) -> dict[str, Any]:
    """Return the options of the `rasterio.Env` under which `path` is opened and read.

    GDAL keeps statistics and the like in an `.aux.xml` beside the raster; without one, nothing may create it. One that
    is there can hold the CRS or nodata and is read. Sidecars are looked for by name, without listing the folder.
    """
    aux = path.name + ".aux.xml"
    has_aux = may_be_a_name(aux) and path.with_name(aux).exists()
    return {
        "GDAL_PAM_ENABLED": "YES" if has_aux else "NO",
        "GDAL_DISABLE_READDIR_ON_OPEN": "TRUE",
        "GDAL_CACHEMAX": BLOCK_CACHE_BYTES,
        "VRT_SHARED_SOURCE": "0",  # the handles of two callers must not meet in one handle of a VRT's part
        **({} if threads is None else {"GDAL_NUM_THREADS": threads}),
    }


def open_dataset(path: Path, mode: str = "r", **options: Any) -> Any:
    """Open `path` in the environment of the caller, taking a raster without georeference as it is.

    Read is what holds its own pixels in files of this computer, whatever its suffix; see `READABLE_DRIVERS`.

    Raises:
        rasterio.errors.RasterioError: GDAL cannot open it, or must not, because it is the project that is open.
    """
    if path in HELD_FILES:
        raise RasterioError(N_("it is a project that is open"))
    with WARNINGS_LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        if mode == "r":
            return open_with(READABLE_DRIVERS, path, **options)
        return rasterio.open(path, mode, **options)


def open_with(drivers: Sequence[str], path: str | Path, **options: Any) -> Any:
    """Open `path`, or what GDAL knows by that text, for reading with one of `drivers`.

    `rasterio.open` 1.4 documents a list of them, but takes none.

    Raises:
        rasterio.errors.RasterioError: none of them can open it.
    """
    # An absolute name is that of a file for GDAL, and nothing else.
    name = path if isinstance(path, str) else str(path.absolute())
    with env_ctx_if_needed():
        return DatasetReader(name, driver=list(drivers), **options)


def gdal_reason(error: BaseException) -> str:
    """Return GDAL's own words about a failure: rasterio's errors often just point to the one that caused them."""
    while error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, UnicodeDecodeError):  # such as the name of a CRS, which rasterio reads with the rest
        return "a text in it is not UTF-8"
    return " ".join(str(error).split()).rstrip(".")
