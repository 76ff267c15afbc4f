"""The ways of stretching values to what a screen shows, for the user to choose from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from landseg_core.geo.tiling import TileKey
from landseg_core.messages import N_
from landseg_core.raster.pyramid.overviews import PyramidReader
from landseg_core.raster.stretch import Rendering, Stretch, default_rendering

Bands = Sequence[int]


def _sampled(low: float, high: float, reader: PyramidReader, bands: Bands) -> Stretch:
    """Return the stretch between two percentiles of the valid pixels in the coarsest tile of the raster."""
    pixels, valid = reader.read_tile(TileKey(reader.pyramid.levels - 1, 0, 0), bands)
    limits = [_percentiles(band[valid], low, high) for band in pixels]
    return Stretch(tuple(dark for dark, _ in limits), tuple(bright for _, bright in limits))


def _percentiles(values: np.ndarray, low: float, high: float) -> tuple[float, float]:
    finite = values[np.isfinite(values)].astype(np.float64)
    if finite.size == 0:
        return 0.0, 1.0
    dark, bright = np.percentile(finite, (low, high))
    return float(dark), float(bright)


def _whole_range(reader: PyramidReader, bands: Bands) -> Stretch:
    """Return the stretch over all values of the type; floats have no such range and count as 0 to 1."""
    dtype = reader.source.dtype
    low, high = (np.iinfo(dtype).min, np.iinfo(dtype).max) if dtype.kind in "iu" else (0.0, 1.0)
    return Stretch((float(low),) * len(bands), (float(high),) * len(bands))


CONTRASTS: dict[str, Callable[[PyramidReader, Bands], Stretch]] = {
    N_("As in the file"): _whole_range,
    N_("2 to 98 % of the values"): partial(_sampled, 2, 98),
    N_("Minimum to maximum"): partial(_sampled, 0, 100),
}
"""Title and method of each contrast."""


def chosen_rendering(reader: PyramidReader, bands: Bands, contrast: str) -> Rendering:
    """Return the rendering of `bands` with a contrast of `CONTRASTS`; a palette as in the file keeps its colours.

    Raises:
        RasterError: the sample cannot be read.
    """
    if reader.source.colour_table is not None and CONTRASTS[contrast] is _whole_range:
        return default_rendering(reader.source)
    return Rendering(tuple(bands), CONTRASTS[contrast](reader, bands))


def contrast_of(reader: PyramidReader, rendering: Rendering) -> str:
    """Return the name of the contrast that a rendering shows; one from a sample counts as 2 to 98 %."""
    names = list(CONTRASTS)
    whole = rendering.palette is not None or rendering.stretch == _whole_range(reader, rendering.bands)
    return names[0] if whole else names[1]
