"""How this package calls pyogrio: which drivers it has, its failures, and no warnings about odd files."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import pyogrio
import pyogrio.core
from pyogrio.errors import CRSError, DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError

from landseg_core.offline import keep_gdal_offline
from landseg_core.raster.files.gdal import WARNINGS_LOCK

READABLE_DRIVERS = ("GPKG", "GeoJSON", "GeoJSONSeq", "ESRIJSON", "TopoJSON", "ESRI Shapefile", "FlatGeobuf")
"""GDAL's names of the formats of polygons that are read: each holds its own, in files of this computer."""

OGR_ERRORS = (CRSError, DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError, OSError)
"""What pyogrio raises when a file cannot be read or written."""


def _drop_other_drivers() -> None:
    """Take all other drivers from pyogrio's GDAL (its wheel brings its own): pyogrio cannot be told which to ask."""
    others = [name for name in pyogrio.list_drivers() if name not in (*READABLE_DRIVERS, "MEM", "Memory")]
    pyogrio.set_gdal_config_options({"OGR_SKIP": ",".join(others)})
    pyogrio.core._register_drivers()  # reads OGR_SKIP


keep_gdal_offline()
_drop_other_drivers()


@contextmanager
def quiet_ogr() -> Iterator[None]:
    """Keep GDAL's warnings, which reach Python through pyogrio, from the user."""
    with WARNINGS_LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
