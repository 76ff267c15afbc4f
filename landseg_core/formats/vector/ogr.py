"""How this package calls pyogrio: its drivers, its exceptions, and no warnings about odd files."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import pyogrio
import pyogrio.core
from pyogrio.errors import CRSError, DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError

from landseg_core.raster.files.gdal import WARNINGS_LOCK
from landseg_core.raster.files.offline import keep_gdal_offline

READABLE_DRIVERS = ("GPKG", "GeoJSON", "GeoJSONSeq", "ESRIJSON", "TopoJSON", "ESRI Shapefile", "FlatGeobuf")
"""GDAL's names of the polygon formats that are read: each holds its own data, in local files."""

OGR_ERRORS = (CRSError, DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError, OSError)
"""What pyogrio raises when a file cannot be read or written."""


def _drop_other_drivers() -> None:
    """Remove all other drivers from pyogrio's own GDAL: pyogrio does not let its caller choose the drivers."""
    others = [name for name in pyogrio.list_drivers() if name not in (*READABLE_DRIVERS, "MEM", "Memory")]
    pyogrio.set_gdal_config_options({"OGR_SKIP": ",".join(others)})
    pyogrio.core._register_drivers()  # reads OGR_SKIP


keep_gdal_offline()
_drop_other_drivers()


@contextmanager
def quiet_ogr() -> Iterator[None]:
    """Suppress GDAL's warnings, which reach Python through pyogrio."""
    with WARNINGS_LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
