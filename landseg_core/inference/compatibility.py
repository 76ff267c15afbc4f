"""How a raster is predicted with a model: at which ground resolution, and what the user should know about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from landseg_core.inference.options import Resolution
from landseg_core.labels.class_names import name_notices
from landseg_core.models.compatibility import needed_bands
from landseg_core.models.header import BundleHeader
from landseg_core.raster.source import RasterSource
from landseg_core.raster.views import Size, same_resolution, size_at


def input_size(model: BundleHeader, source: RasterSource, resolution: Resolution = "model") -> Size | None:
    """Return the (width, height) px that `source` is resampled to for the model; None where it is not resampled."""
    wanted = model.ground_resolution_m if resolution == "model" else None
    return size_at(source.grid, source.grid.ground_resolution(), wanted)


def compatibility_notices(model: BundleHeader, source: RasterSource, resolution: Resolution = "model") -> Iterator[str]:
    """Yield what a user should know about a model before a raster is predicted: class names, ground resolutions."""
    yield from name_notices(model.schema.names)
    trained, found = model.ground_resolution_m, source.grid.ground_resolution()
    if not trained or not found or same_resolution(trained, found):
        return
    shows = f"{source.path} shows {found:.3g} m of ground per pixel"
    if resolution == "model":
        yield f"{shows}: it is resampled to the model's {trained:.3g} m, and the map back to its own grid"
    else:
        yield f"{shows} and is seen as it is, but the model was trained at {trained:.3g} m; the map may be poor"


def band_notices(model: BundleHeader, source: RasterSource, numbers: Sequence[int]) -> Iterator[str]:
    """Yield what a user should know if the band `numbers` that `check_compatible` found are not those of the model."""
    if tuple(numbers) != model.bands:
        yield f"{source.path}: its bands {', '.join(map(str, numbers))} are the model's {needed_bands(model)}"
