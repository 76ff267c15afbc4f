"""How this package calls GDAL: never writing next to a source, and in little memory."""

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
from landseg_core.messages import N_, Text
from landseg_core.raster.files.offline import keep_gdal_offline

READABLE_DRIVERS = (
    *("GTiff", "COG", "VRT", "PNG", "JPEG", "JP2OpenJPEG", "JP2KAK", "JPEGXL", "WEBP", "GIF", "BIGGIF", "BMP", "HFA"),
    *("ENVI", "EHdr", "NITF", "RMF", "RST", "SAGA", "PNM", "TGA", "SGI", "XPM", "GPKG", "MBTiles", "LAN", "CALS"),
    *("netCDF", "HDF5", "HDF5Image", "GRIB", "PCRaster", "AAIGrid", "GRASSASCIIGrid", "XYZ", "USGSDEM", "DTED"),
    *("SRTMHGT", "GSAG", "GSBG", "GS7BG", "BT", "ROI_PAC", "Terragen", "Leveller", "HF2", "ZMap", "GTX", "FIT"),
)
"""GDAL's names of the drivers that may open a file.

Left out are those that fetch pixels from an address or through a file that names others (WMS, WCS, WMTS, GTI, MRF,
STACIT ...): whoever sends such a file would learn who opens it. A VRT names others too; `vrt` checks each.
"""

PIXEL_MARKS = (
    *(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"\xff\x4f\xff\x51"),
    *(b"\x00\x00\x00\x0cjP  \r\n\x87\n", b"EHFA_HEADER_TAG", b"GIF8"),
)
"""The first bytes of formats that hold pixels: GDAL opens a file that begins so as nothing else."""

SIDE_MARKS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"EHFA_HEADER_TAG")
"""The first bytes of overviews and masks in a file of their own."""


keep_gdal_offline()

BLOCK_CACHE_BYTES = 64 * 2**20
"""GDAL's block cache; rasterio takes GDAL_CACHEMAX in bytes, so that "64" would be no cache at all."""

GDAL_ERRORS = (RasterioError, CPLE_BaseError, OSError, UnicodeDecodeError)
"""GDAL's failures in Python: two families of errors from rasterio, those of the system, and those of decoding text."""

# `warnings.catch_warnings` changes state of the whole process, so only one thread at a time may be inside it.
WARNINGS_LOCK = threading.Lock()


def reading_options(path: Path, threads: int | None = None) -> dict[str, Any]:
    """Return the options of the `rasterio.Env` under which `path` is opened and read.

    GDAL keeps statistics and the like in an `.aux.xml` next to the raster; nothing may create one. One that exists can
    hold the CRS or nodata and is read. Sidecars are looked for by name, without listing the folder.
    """
    aux = path.name + ".aux.xml"
    has_aux = may_be_a_name(aux) and path.with_name(aux).exists()
    return {
        "GDAL_PAM_ENABLED": "YES" if has_aux else "NO",
        "GDAL_DISABLE_READDIR_ON_OPEN": "TRUE",
        "GDAL_CACHEMAX": BLOCK_CACHE_BYTES,
        "VRT_SHARED_SOURCE": "0",  # two callers must not share one handle of a VRT's part
        **({} if threads is None else {"GDAL_NUM_THREADS": threads}),
    }


def open_dataset(path: Path, mode: str = "r", **options: Any) -> Any:
    """Open `path` in the environment of the caller, without a warning for a raster without georeference.

    Any file on this computer that holds its own pixels can be read, whatever its suffix; see `READABLE_DRIVERS`.

    Raises:
        rasterio.errors.RasterioError: GDAL cannot open it, or must not, because it is a project that is open.
    """
    if path in HELD_FILES:
        raise RasterioError(N_("it is a project that is open"))
    with WARNINGS_LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        if mode == "r":
            return open_with(READABLE_DRIVERS, path, **options)
        return rasterio.open(path, mode, **options)


def open_with(drivers: Sequence[str], path: str | Path, **options: Any) -> Any:
    """Open `path`, a file or a name that GDAL understands, for reading with one of `drivers`.

    `rasterio.open` 1.4 documents a list of them, but does not accept one.

    Raises:
        rasterio.errors.RasterioError: none of them can open it.
    """
    # For GDAL, an absolute path is that of a file and nothing else.
    name = path if isinstance(path, str) else str(path.absolute())
    with env_ctx_if_needed():
        return DatasetReader(name, driver=list(drivers), **options)


def gdal_reason(error: BaseException) -> str:
    """Return GDAL's own message about a failure: rasterio's errors often only point to the one that caused them."""
    while error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, UnicodeDecodeError):  # such as the name of a CRS, which rasterio reads with the rest
        return N_("a text in it is not UTF-8")
    message = str(error)
    return message if isinstance(message, Text) else " ".join(message.split()).rstrip(".")
