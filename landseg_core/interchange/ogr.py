"""How this package calls pyogrio: its failures, and no warnings about odd files."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from pyogrio.errors import CRSError, DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError

from landseg_core.raster.gdal import WARNINGS_LOCK

OGR_ERRORS = (CRSError, DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError, OSError)
"""What pyogrio raises when a file cannot be read or written."""


@contextmanager
def quiet_ogr() -> Iterator[None]:
    """Keep GDAL's warnings, which reach Python through pyogrio, from the user."""
    with WARNINGS_LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
