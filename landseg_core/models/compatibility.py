"""Whether a model and a raster are compatible, and how the raster is read for the model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path

import numpy as np

from landseg_core.errors import ModelError, RasterError
from landseg_core.input_files import AnyPath
from landseg_core.limits import MOST_TIMES_OFF, is_far_off
from landseg_core.messages import N_, Text
from landseg_core.models.header import BundleHeader
from landseg_core.raster.adapted_alpha import adapted_alpha
from landseg_core.raster.alpha import AUTO, NONE
from landseg_core.raster.bands import band_list, band_name, band_numbers, listed_bands, matching_bands
from landseg_core.raster.near_infrared import near_infrared_notice
from landseg_core.raster.source import RasterSource


def check_compatible(model: BundleHeader, source: RasterSource, bands: Sequence[str] = ()) -> tuple[int, ...]:
    """Return the numbers of the bands of `source` that the model uses, in its order.

    `bands` names them by number or name. By default they are those with the names of the model's bands if the raster
    has one of each, otherwise those with their numbers.

    Raises:
        ModelError: the raster lacks the bands, its pixels have another type than those trained on, or its ground
            resolution is far from the model's.
    """
    numbers = _chosen(model, source, bands) if bands else _matching(model, source)
    if pixel_kind(source.dtype) != pixel_kind(np.dtype(model.dtype)):
        raise ModelError(
            N_(
                "{path} has {dtype} pixels, but the model was trained on {trained_dtype}; convert the raster, or train "
                "on rasters like it",
                path=source.path,
                dtype=source.dtype,
                trained_dtype=model.dtype,
            )
        )
    _require_near_resolution(model, source)
    return numbers


def _require_near_resolution(model: BundleHeader, source: RasterSource) -> None:
    trained, found = model.ground_resolution_m, source.grid.ground_resolution()
    if trained is not None and found is not None and is_far_off((trained, found)):
        raise ModelError(
            N_(
                "{path} has a ground resolution of {found:.3g} m, but the model was trained at {trained:.3g} m, and a "
                "factor of more than {most} is not supported; choose images near {trained:.3g} m, or another model",
                path=source.path,
                found=found,
                trained=trained,
                most=MOST_TIMES_OFF,
            )
        )


def _chosen(model: BundleHeader, source: RasterSource, bands: Sequence[str]) -> tuple[int, ...]:
    if len(bands) != len(model.bands):
        raise ModelError(
            N_(
                "%n bands are chosen, but the model needs {needed_count}: {needed}; choose one for each, in this order",
                n=len(bands),
                one="one band is chosen, but the model needs {needed_count}: {needed}; choose one for each, in this "
                "order",
                needed_count=len(model.bands),
                needed=needed_bands(model),
            )
        )
    try:
        return band_numbers(source, bands)
    except RasterError as error:
        raise ModelError(
            N_("{error}; the model needs the bands {needed}", error=error, needed=needed_bands(model))
        ) from error


def _matching(model: BundleHeader, source: RasterSource) -> tuple[int, ...]:
    found = matching_bands(source, model.bands, model.band_names)
    if found is None:
        raise ModelError(
            N_(
                "the model needs the bands {needed}, but {path} has only {bands}; choose a raster like those it was "
                "trained on",
                needed=needed_bands(model),
                path=source.path,
                bands=band_list(source),
            )
        )
    return found


def band_differences(model: BundleHeader, source: RasterSource, numbers: Sequence[int]) -> Iterator[Text]:
    """Yield what a user should know if the bands of a raster are not those that the model was trained on.

    `numbers` are those returned by `check_compatible`.
    """
    if tuple(numbers) != model.bands:
        yield N_(
            "{name}: its bands {bands} are the model's {needed}",
            name=source.path.name,
            bands=", ".join(map(str, numbers)),
            needed=needed_bands(model),
        )
    for number, name in zip(numbers, model.band_names, strict=False):
        own = band_name(source, number)
        if own and own.casefold() != name.casefold():
            yield N_(
                "band {number} of {image} is {name}, but the model was trained with {trained_name} as this band",
                number=number,
                image=source.path.name,
                name=own,
                trained_name=name,
            )
    unused = [band for band in source.data_bands if band not in numbers]
    if unused:
        yield N_(
            "the model does not use these bands of {image}: {bands}",
            image=source.path.name,
            bands=listed_bands((band, band_name(source, band)) for band in unused),
        )


def needed_bands(model: BundleHeader) -> str:
    """Return numbers and names of the model's bands for a sentence: `1 (Red), 2 (Green), 4 (Near infrared)`."""
    return listed_bands(zip_longest(model.bands, model.band_names))


def open_for(
    model: BundleHeader, path: AnyPath, alpha: str | None = None, bands: Sequence[str] = (), *, many_bands: bool = False
) -> RasterSource:
    """Open a raster for a model: with `alpha`, or by default with the model's, adapted to the raster.

    `bands` are those of `check_compatible`, `many_bands` is that of `RasterSource`.

    Raises:
        RasterError: it cannot be opened.
    """
    path = Path(path)
    return RasterSource(
        path, alpha=alpha or alpha_for(model, path, bands, many_bands=many_bands), many_bands=many_bands
    )


def alpha_for(model: BundleHeader, path: Path, bands: Sequence[str] = (), *, many_bands: bool = False) -> str:
    """Return the alpha that a raster is opened with for a model; see `adapted_alpha`.

    Raises:
        RasterError: the raster cannot be opened.
    """

    def needed(source: RasterSource) -> tuple[int, ...]:
        try:
            return _chosen(model, source, bands) if bands else _matching(model, source)
        except ModelError:  # reported by the prediction itself
            return ()

    return adapted_alpha(path, model.alpha, needed, many_bands=many_bands)


def alpha_notices(model: BundleHeader, source: RasterSource) -> Iterator[Text]:
    """Yield what a user should know about the alpha of a raster that is opened for a model."""
    if doubt := near_infrared_notice(source):
        yield doubt
    if source.alpha == AUTO and model.alpha not in (AUTO, NONE):
        yield N_(
            "{path} has no band {alpha} to use as alpha, as the images of the model have; the file's own alpha is used",
            path=source.path,
            alpha=model.alpha,
        )


def pixel_kind(dtype: np.dtype[np.generic]) -> str:
    """Return the kind of a pixel type: floats are the same at any precision, integers depend on their range."""
    return "float" if dtype.kind == "f" else dtype.name
