"""Which levels of a raster's pyramid its own file contains, and which have to be built."""

from __future__ import annotations

from landseg_core.geo.tiling import TilePyramid
from landseg_core.raster.source import RasterSource

TILE = 512
"""The side of a tile in px."""

CLOSE_ENOUGH = 2
"""A tile can be computed from a level this much finer while the user waits: the pixels of 16 tiles are read."""

SEQUENTIAL_DRIVERS = frozenset({"PNG", "JPEG", "GIF", "WEBP"})
"""These are decoded from the top down: to reach a block, everything above it is decoded first, also for overviews."""


def pyramid_of(source: RasterSource) -> TilePyramid:
    """Return the geometry of a raster's pyramid."""
    return TilePyramid(source.grid.width, source.grid.height, TILE)


def levels_in_file(source: RasterSource) -> dict[int, int | None]:
    """Return the levels that the file contains, each with the index of its overview, None for the raster itself.

    Where the raster's size is not a multiple, some writers round that of an overview up, as a pyramid does, some down.
    """
    if source.driver in SEQUENTIAL_DRIVERS:
        return {}
    coarser = {_level_of(factor): index for index, factor in enumerate(source.overviews) if factor > 1}
    levels = range(pyramid_of(source).levels)
    return {0: None, **{level: coarser[level] for level in levels if level in coarser}}


def _level_of(factor: int) -> int | None:
    """Return the level whose pixels are `factor` times larger, or None if that is not a power of two."""
    return factor.bit_length() - 1 if factor.bit_count() == 1 else None


def missing_levels(source: RasterSource) -> list[int]:
    """Return the levels to build, the finest first: none for a small raster, or one whose overviews are enough.

    Level 1 is left out where it is quickly computed from the raster itself: it would be three quarters of the pyramid.
    """
    in_file = levels_in_file(source)
    levels = range(pyramid_of(source).levels)
    distances = [level - max((known for known in in_file if known <= level), default=0) for level in levels]
    if max(distances) <= CLOSE_ENOUGH:
        return []
    quick = {1} if 0 in in_file and max(source.block_shape) <= 2 * TILE else set()
    return [level for level in levels if level not in in_file and level not in quick]
