"""The names of a raster's bands, and the bands that a number or a name refers to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rasterio.enums import ColorInterp

from landseg_core.errors import RasterError
from landseg_core.messages import N_

if TYPE_CHECKING:
    from landseg_core.raster.source import RasterSource

_COLOUR_NAMES = {
    ColorInterp.red: "Red",
    ColorInterp.green: "Green",
    ColorInterp.blue: "Blue",
    ColorInterp.nir: "Near infrared",
    ColorInterp.gray: "Grey",
    ColorInterp.palette: "Palette",
}


def band_names(dataset: Any) -> dict[int, str]:
    """Return the name of each band by its number: its description in the file, its colour, or `Band 4`."""
    bands = zip(dataset.indexes, _descriptions(dataset), dataset.colorinterp, strict=True)
    return {band: description or _COLOUR_NAMES.get(colour, f"Band {band}") for band, description, colour in bands}


def _descriptions(dataset: Any) -> Sequence[str | None]:
    """Return the descriptions of the bands in the file; none where one is not UTF-8, for which rasterio raises."""
    try:
        descriptions: tuple[str | None, ...] = dataset.descriptions
    except UnicodeDecodeError:
        return [None] * dataset.count
    return descriptions


def listed_bands(bands: Iterable[tuple[int, str | None]]) -> str:
    """Return numbers and names of bands for a sentence."""
    return ", ".join(f"{band} ({name})" if name else str(band) for band, name in bands)


_COLOURS = {"red", "green", "blue", "near infrared"}
_UNSPECIFIC = {"grey", "palette"}
"""GDAL's names for the first band of files that do not describe it."""


def distinct_names(source: RasterSource, bands: Sequence[int]) -> tuple[str, ...]:
    """Return the names of `bands`; nothing where one of them has none or two have the same."""
    names = [band_name(source, band) for band in bands]
    unique = {name.casefold() for name in names if name}
    return tuple(name for name in names if name) if len(unique) == len(bands) else ()


def band_name(source: RasterSource, band: int) -> str | None:
    """Return the name of a data band; None where the raster gives it none."""
    if band not in source.data_bands:
        return None
    name = source.band_names[source.data_bands.index(band)]
    return None if name.casefold() in {*_UNSPECIFIC, f"band {band}"} else name


def band_numbers(source: RasterSource, wanted: Sequence[str]) -> tuple[int, ...]:
    """Return the numbers of the bands that `wanted` names, by number from 1 or by name in any case.

    Raises:
        RasterError: there is no such band, or several have that name.
    """
    return tuple(_band_number(source, band) for band in wanted)


def _band_number(source: RasterSource, wanted: str) -> int:
    text = wanted.strip()
    if text.isdecimal() and int(text) in source.data_bands:
        return int(text)
    named = named_bands(source, text)
    if len(named) == 1:
        return named[0]
    if text.isdecimal() and int(text) in source.alpha_bands:
        raise RasterError(
            N_(
                "{path}: band {band} is used as alpha, which marks where there is data; choose other bands, or the "
                "alpha 'none' if it is data",
                path=source.path,
                band=text,
            )
        )
    if named:
        raise RasterError(
            N_(
                "{path} has several bands {wanted!r}; it has {bands}: choose by number",
                path=source.path,
                wanted=text,
                bands=band_list(source),
            )
        )
    raise RasterError(
        N_(
            "{path} has no band {wanted!r}; it has {bands}: choose by number or name",
            path=source.path,
            wanted=text,
            bands=band_list(source),
        )
    )


def named_bands(source: RasterSource, name: str) -> list[int]:
    """Return the numbers of the data bands with this name, in any case."""
    named = zip(source.data_bands, source.band_names, strict=True)
    return [band for band, other in named if other.casefold() == name.casefold()]


def matching_bands(source: RasterSource, bands: Sequence[int], names: Sequence[str]) -> tuple[int, ...] | None:
    """Return the numbers of the bands with these names where the raster has one of each, else `bands`.

    None where it does not have these numbers either, or names one of them as another colour.
    """
    by_name = [named_bands(source, name) for name in names]
    if by_name and all(len(found) == 1 for found in by_name):
        return tuple(found[0] for found in by_name)
    missing = any(band not in source.data_bands for band in bands)
    other = any(other_colour(source, *band) for band in zip(bands, names, strict=False))
    return None if missing or other else tuple(bands)


def other_colour(source: RasterSource, band: int, name: str) -> bool:
    """Return whether the raster names `band` as another well-known colour than `name`."""
    own = (band_name(source, band) or "").casefold()
    return own in _COLOURS and name.casefold() in _COLOURS and own != name.casefold()


def band_list(source: RasterSource) -> str:
    """Return the raster's data bands for a sentence: `1 (Red), 2 (Green), 3`."""
    return listed_bands((band, band_name(source, band)) for band in source.data_bands)
