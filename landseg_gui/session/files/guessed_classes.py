"""The classes of a mask that does not define them: one for each value that occurs."""

from __future__ import annotations

import colorsys
from collections.abc import Collection, Iterator, Sequence

import numpy as np

from landseg_core.errors import RasterError
from landseg_core.events import JobControl
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED, ClassSchema, LandClass
from landseg_core.messages import N_
from landseg_core.raster.source import RasterSource
from landseg_gui.text import tr

# Okabe and Ito's palette ("Color Universal Design", 2008) without black: the colour-blind can distinguish it, too.
_DISTINCT_COLOURS = ("#d55e00", "#009e73", "#0072b2", "#f0e442", "#cc79a7", "#56b4e9", "#e69f00")
_GOLDEN_RATIO = 0.618034
_MOST_CLASSES = 250
_STRIP_PIXELS = 4_000_000


def guessed_schema(source: RasterSource, found: Collection[int]) -> ClassSchema:
    """Return a class for each value `found` in a mask, in the colours of its palette or else in distinct ones.

    Raises:
        RasterError: none of them can be a class.
    """
    values = sorted(set(found) - {UNLABELLED, source.nodata})
    if not values:
        raise RasterError(
            N_(
                "{mask} holds no class: every pixel is nodata or 255, which counts as unlabelled; to make 255 a class, "
                "import the mask as labels",
                mask=source.path.name,
            )
        )
    colours = _palette_colours(source, values) or [_distinct_colour(number) for number in range(len(values))]
    classes = [
        LandClass(value=value, name=tr("class {value}", value=value), colour=colour)
        for value, colour in zip(values, colours, strict=True)
    ]
    return ClassSchema(classes=tuple(classes[:_MOST_CLASSES]))


def _palette_colours(source: RasterSource, values: Sequence[int]) -> list[str] | None:
    """Return the file's own colour of each value, or None where it has no palette."""
    if source.colour_table is None:
        return None
    return ["#" + bytes(source.colour_table[value, :3]).hex() for value in values]


def _distinct_colour(number: int) -> str:
    if number < len(_DISTINCT_COLOURS):
        return _DISTINCT_COLOURS[number]
    rgb = colorsys.hsv_to_rgb(number * _GOLDEN_RATIO % 1, 0.65, 0.85)
    return "#" + "".join(f"{round(part * 255):02x}" for part in rgb)


def declared_empty(source: RasterSource) -> set[float]:
    """Return the values that a mask itself declares as nodata or as transparent."""
    table = source.colour_table
    transparent = [] if table is None else np.flatnonzero(table[:, 3] == 0).tolist()
    return {*transparent, *([] if source.nodata is None else [source.nodata])}


def value_counts(source: RasterSource, control: JobControl) -> dict[int, int]:
    """Return how many px hold each value that occurs in a mask.

    Raises:
        RasterError: the mask cannot be read.
    """
    counts = np.zeros(256, np.int64)
    for window in _strips(source):
        control.checkpoint()
        counts += np.bincount(source.read(window).ravel(), minlength=256)
    return {int(value): int(counts[value]) for value in np.flatnonzero(counts)}


def _strips(source: RasterSource) -> Iterator[PixelWindow]:
    """Yield windows of whole block rows that cover a raster, a few million pixels each."""
    grid, block = source.grid, source.block_shape[0]
    height = max(1, _STRIP_PIXELS // grid.width // block) * block
    for top in range(0, grid.height, height):
        yield PixelWindow(0, top, grid.width, min(height, grid.height - top))
