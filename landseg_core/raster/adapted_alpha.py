"""Applies the alpha choice of a model's images to another raster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from landseg_core.errors import RasterError
from landseg_core.raster.alpha import AUTO, NONE
from landseg_core.raster.source import RasterSource


def adapted_alpha(
    path: Path, choice: str, needed: Callable[[RasterSource], Sequence[int]], *, many_bands: bool = False
) -> str:
    """Return the alpha of the raster at `path` for a model whose images had `choice`.

    `needed` returns the numbers of the bands that the model uses, none where the raster lacks one of them. These are
    data. So `none` is for rasters where a band tagged as alpha is one of them; elsewhere such a band is alpha. A chosen
    band is alpha where the raster has it and the model does not use it; otherwise the raster's own tags count.
    `many_bands` is that of `RasterSource`.

    Raises:
        RasterError: the raster cannot be opened.
    """
    if choice == AUTO:
        return AUTO
    with RasterSource(path, alpha=NONE, many_bands=many_bands) as source:
        used = set(needed(source))
    if choice == NONE:
        with RasterSource(path, many_bands=many_bands) as source:
            return NONE if not source.alpha_bands or used.intersection(source.alpha_bands) else AUTO
    return choice if _is_unused(path, choice, used, many_bands=many_bands) else AUTO


def _is_unused(path: Path, band: str, used: set[int], *, many_bands: bool) -> bool:
    try:
        with RasterSource(path, alpha=band, many_bands=many_bands) as source:
            return not used.intersection(source.alpha_bands)
    except RasterError:  # it has no such band
        return False


def common_alpha(choices: Iterable[str]) -> str:
    """Return the alpha choice of a model whose images had `choices`: `none` if one of them had it."""
    every = set(choices)
    if NONE in every:
        return NONE
    return every.pop() if len(every) == 1 else AUTO
