"""Keeps GDAL and PROJ off the network: landseg only reads files on this computer.

Files are opened with the drivers of local formats alone (`raster.files.gdal`, `formats.vector.ogr`), and what they
refer to is checked. This is a second line of defence behind that, for what an allowed driver may read on its way.
"""

from __future__ import annotations

import os

_NOWHERE = "http://127.0.0.1:9"  # the port "discard": a connection is refused at once

GDAL_OFFLINE = {
    "CPL_VSIL_CURL_ALLOWED_FILENAME": "none",
    "GDAL_HTTP_PROXY": _NOWHERE,
    "GDAL_HTTPS_PROXY": _NOWHERE,
    "GDAL_HTTP_MAX_RETRY": "0",
    "GDAL_VRT_ENABLE_PYTHON": "NO",
    "PROJ_NETWORK": "OFF",
}
"""The variables that GDAL and PROJ read, whichever wheel they came in: no remote file, and a dead proxy."""


def keep_gdal_offline() -> None:
    """Set GDAL's and PROJ's variables for this process and its children."""
    os.environ.update(GDAL_OFFLINE)


def keep_program_offline() -> None:
    """Do the same for a program that is landseg's own: no address is exempt from the dead proxy."""
    keep_gdal_offline()
    for name in ("no_proxy", "NO_PROXY"):
        os.environ.pop(name, None)
