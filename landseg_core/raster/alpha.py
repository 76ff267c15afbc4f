"""Which bands of a raster are alpha: they mark where it holds data, and are not data themselves.

The choice is a string, so that settings, projects and model files can store it unchanged:

- `auto`: the bands that the file tags as alpha, at any position and of any type; none of them where the file declares
  nodata, since near infrared is often tagged so, and none where all bands are tagged;
- `none`: no band, so that one tagged as alpha is data;
- a band, by number from 1 or by name: that one and no other, whatever the tags say. Nodata counts as well.

A pixel holds data where all alpha bands are above 0; NaN is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rasterio.enums import ColorInterp

from landseg_core.errors import RasterError
from landseg_core.messages import N_
from landseg_core.raster.bands import band_names, listed_bands

AUTO = "auto"
NONE = "none"


def alpha_choice(text: str) -> str:
    """Return the choice in a text: `auto` and `none` in any case, else the band unchanged.

    Raises:
        RasterError: the text is empty.
    """
    wanted = text.strip()
    if not wanted:
        raise RasterError(N_("the alpha is auto, none, or a band by number or name; choose one of these"))
    return wanted.casefold() if wanted.casefold() in (AUTO, NONE) else wanted


def alpha_bands(dataset: Any, choice: str, path: Path) -> tuple[int, ...]:
    """Return the numbers of the alpha bands of `dataset`, opened from `path`, by a `choice` from `alpha_choice`.

    Raises:
        RasterError: the choice names no band or several, or the only one.
    """
    if choice == NONE:
        return ()
    return _tagged(dataset) if choice == AUTO else (_named(dataset, choice, path),)


def _tagged(dataset: Any) -> tuple[int, ...]:
    if any(nodata is not None for nodata in dataset.nodatavals):
        return ()
    tagged = tagged_as_alpha(dataset)
    return tagged if len(tagged) < dataset.count else ()


def tagged_as_alpha(dataset: Any) -> tuple[int, ...]:
    """Return the numbers of the bands that the file tags as alpha."""
    colours: Sequence[ColorInterp] = dataset.colorinterp
    return tuple(band for band, colour in zip(dataset.indexes, colours, strict=True) if colour == ColorInterp.alpha)


def _named(dataset: Any, wanted: str, path: Path) -> int:
    names = _names(dataset)
    found = [band for band, name in names.items() if name.casefold() == wanted.casefold()]
    if wanted.isdecimal() and int(wanted) in names:
        found = [int(wanted)]
    if len(found) > 1:
        raise RasterError(
            N_(
                "{path} has several bands {wanted!r} to use as alpha; it has {bands}: choose one by number, auto or "
                "none",
                path=path,
                wanted=wanted,
                bands=_listed(names),
            )
        )
    if not found:
        raise RasterError(
            N_(
                "{path} has no band {wanted!r} to use as alpha; it has {bands}: choose one by number or name, auto or "
                "none",
                path=path,
                wanted=wanted,
                bands=_listed(names),
            )
        )
    if dataset.count == 1:
        raise RasterError(N_("{path} has only one band, which cannot be its alpha; choose auto or none", path=path))
    return found[0]


def _names(dataset: Any) -> dict[int, str]:
    """Return the names of all bands; one that is tagged as alpha, and has no other name, is called `Alpha`."""
    names = band_names(dataset)
    return names | {band: "Alpha" for band in tagged_as_alpha(dataset) if names[band] == f"Band {band}"}


def _listed(names: Mapping[int, str]) -> str:
    return listed_bands((band, None if name == f"Band {band}" else name) for band, name in names.items())
