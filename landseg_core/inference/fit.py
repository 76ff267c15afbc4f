"""Whether a model and a raster go together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from landseg_core.errors import ModelError
from landseg_core.models.header import BundleHeader
from landseg_core.raster.source import RasterSource

_RESOLUTION_TOLERANCE = 1.25


def require_fit(model: BundleHeader, source: RasterSource) -> None:
    """Raise unless `source` has the bands of the model, in the kind of number that it was trained on.

    Raises:
        ModelError: it has not.
    """
    missing = [band for band in model.bands if band not in source.data_bands]
    if missing:
        needed = ", ".join(map(str, model.bands))
        found = ", ".join(map(str, source.data_bands))
        raise ModelError(
            f"the model needs the bands {needed}, but {source.path} has only {found};"
            " choose a raster like those it was trained on"
        )
    if _kind(source.dtype) != _kind(np.dtype(model.dtype)):
        raise ModelError(
            f"{source.path} holds {source.dtype} pixels, but the model was trained on {model.dtype};"
            " convert the raster, or train on rasters like it"
        )


def _kind(dtype: np.dtype[np.generic]) -> str:
    """Return what a type's numbers mean: floats mean the same at any precision, integers span their range."""
    return "float" if dtype.kind == "f" else dtype.name


def fit_notices(model: BundleHeader, source: RasterSource) -> Iterator[str]:
    """Yield what a user should know of a pair that goes together but may do badly."""
    trained, found = model.ground_resolution_m, source.grid.ground_resolution()
    if trained and found and max(trained / found, found / trained) > _RESOLUTION_TOLERANCE:
        yield (
            f"{source.path} shows {found:.2f} m of ground per pixel, but the model was trained at {trained:.2f} m;"
            " the map may be poor"
        )
