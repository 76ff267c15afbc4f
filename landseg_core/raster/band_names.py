"""What the bands of a raster are called."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rasterio.enums import ColorInterp

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
