"""What the bands of a raster are called, and which bands a number or a name means."""

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
    """Return the name of each band by its number: what the file says, the colour it stands for, or `Band 4`."""
    told = zip(dataset.indexes, _descriptions(dataset), dataset.colorinterp, strict=True)
    return {band: words or _COLOUR_NAMES.get(colour, f"Band {band}") for band, words, colour in told}


def _descriptions(dataset: Any) -> Sequence[str | None]:
    """Return what the file says of its bands; nothing where that is not UTF-8, of which rasterio makes an error."""
    try:
        words: tuple[str | None, ...] = dataset.descriptions
    except UnicodeDecodeError:
        return [None] * dataset.count
    return words


def listed_bands(bands: Iterable[tuple[int, str | None]]) -> str:
    """Return numbers and names of bands for a sentence."""
    return ", ".join(f"{band} ({name})" if name else str(band) for band, name in bands)


_COLOURS = {"red", "green", "blue", "near infrared"}
_TELLS_NOTHING = {"grey", "palette"}
"""What GDAL calls the first band of files that say nothing of it."""


def telling_names(source: RasterSource, bands: Sequence[int]) -> tuple[str, ...]:
    """Return the names of `bands`, or nothing where one of them has none or two have the same."""
    names = [band_name(source, band) for band in bands]
    unique = {name.casefold() for name in names if name}
    return tuple(name for name in names if name) if len(unique) == len(bands) else ()


def band_name(source: RasterSource, band: int) -> str | None:
    """Return what a band shows, None where the raster does not say."""
    if band not in source.data_bands:
        return None
    name = source.band_names[source.data_bands.index(band)]
    return None if name.casefold() in {*_TELLS_NOTHING, f"band {band}"} else name


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
                "{path}: band {text} is taken as alpha, which tells where there is data; choose other bands, "
                "or the alpha 'none' if it is data",
                path=source.path,
                text=text,
            )
        )
    trouble = "several bands" if named else "no band"
    raise RasterError(
        N_(
            "{path} has {trouble} {text!r}; it has {told_bands}: choose by number or name",
            path=source.path,
            trouble=trouble,
            text=text,
            told_bands=told_bands(source),
        )
    )


def named_bands(source: RasterSource, name: str) -> list[int]:
    """Return the numbers of the data bands with this name, in any case."""
    named = zip(source.data_bands, source.band_names, strict=True)
    return [band for band, other in named if other.casefold() == name.casefold()]


def matching_bands(source: RasterSource, bands: Sequence[int], names: Sequence[str]) -> tuple[int, ...] | None:
    """Return the numbers of the bands with these names where the raster has one of each, else `bands`.

    None where it has not the numbers either, or says that one of them shows another colour.
    """
    by_name = [named_bands(source, name) for name in names]
    if by_name and all(len(found) == 1 for found in by_name):
        return tuple(found[0] for found in by_name)
    missing = any(band not in source.data_bands for band in bands)
    strange = any(other_colour(source, *band) for band in zip(bands, names, strict=False))
    return None if missing or strange else tuple(bands)


def other_colour(source: RasterSource, band: int, name: str) -> bool:
    """Tell whether the raster says that `band` shows another colour than `name`; both are well-known colours."""
    own = (band_name(source, band) or "").casefold()
    return own in _COLOURS and name.casefold() in _COLOURS and own != name.casefold()


def told_bands(source: RasterSource) -> str:
    """Return the raster's data bands for a sentence: `1 (Red), 2 (Green), 3`."""
    return listed_bands((band, band_name(source, band)) for band in source.data_bands)
