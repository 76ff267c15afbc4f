"""Labelled areas as a model reads them: its bands, at its ground resolution."""

from __future__ import annotations

from collections.abc import Sequence

from landseg_core.data.areas import LabelledArea
from landseg_core.messages import N_
from landseg_core.models.compatibility import check_compatible
from landseg_core.models.header import BundleHeader
from landseg_core.raster.source import RasterSource
from landseg_core.raster.views import AS_IT_IS, RasterView, size_at


def areas_for_model(
    model: BundleHeader, areas: Sequence[LabelledArea]
) -> tuple[tuple[LabelledArea, ...], tuple[str, ...]]:
    """Return `areas` as the model reads them, and what the user should know about that.

    Areas in px of their images are resampled to the model's ground resolution; areas of a data set that is already
    read at one resolution stay as they are.

    Raises:
        ModelError: an image lacks the bands that the model needs, or has another data type.
        RasterError: an image cannot be opened.
    """
    views = {area.image: _view(model, area) for area in areas if not _is_fitted(area)}
    fitted = tuple(area if _is_fitted(area) else area.with_view(views[area.image]) for area in areas)
    resampled = sum(view.size is not None for view in views.values())
    if not resampled or model.ground_resolution_m is None:
        return fitted, ()
    notice = N_(
        "%n of {images} images are resampled to the model's {resolution:.3g} m per pixel, at which accuracy is "
        "measured",
        n=resampled,
        one="one of {images} images is resampled to the model's {resolution:.3g} m per pixel, at which accuracy is "
        "measured",
        images=len(views),
        resolution=model.ground_resolution_m,
    )
    return fitted, (notice,)


def _is_fitted(area: LabelledArea) -> bool:
    return area.view != AS_IT_IS


def _view(model: BundleHeader, area: LabelledArea) -> RasterView:
    with RasterSource(area.image, alpha=area.alpha) as source:
        bands = check_compatible(model, source)
        size = size_at(source.grid, source.grid.ground_resolution(), model.ground_resolution_m)
        native_size = source.grid.width, source.grid.height
    chosen = () if bands == model.bands else bands
    return RasterView(chosen, size, native_size) if size else RasterView(chosen)
