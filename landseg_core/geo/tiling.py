"""Tiles of a pyramid, and sliding windows that cover a raster."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from landseg_core.geo.window import PixelWindow


@dataclass(frozen=True, order=True)
class TileKey:
    """A tile of a pyramid: `level` 0 is full resolution, each further level halves it."""

    level: int
    row: int
    column: int


@dataclass(frozen=True)
class TilePyramid:
    """The tiles of a `width` x `height` px raster at every level, `tile` px square except at the far edges."""

    width: int
    height: int
    tile: int = 512

    @property
    def levels(self) -> int:
        """Return the number of levels: the coarsest is the first that fits one tile."""
        return 1 + max(0, math.ceil(math.log2(max(self.width, self.height) / self.tile)))

    @property
    def quicklook_key(self) -> TileKey:
        """Return the tile above the coarsest level, which shows the whole of a raster whose coarse tiles take long."""
        return TileKey(self.levels, 0, 0)

    def level_size(self, level: int) -> tuple[int, int]:
        """Return (width, height) in px of `level`."""
        return -(-self.width >> level) or 1, -(-self.height >> level) or 1

    def tile_window(self, key: TileKey) -> PixelWindow:
        """Return the window of a tile in px of its own level."""
        width, height = self.level_size(key.level)
        x, y = key.column * self.tile, key.row * self.tile
        return PixelWindow(x, y, min(self.tile, width - x), min(self.tile, height - y))

    def source_window(self, key: TileKey) -> PixelWindow:
        """Return the full-resolution window that a tile shows, cut at the raster's edge."""
        own = self.tile_window(key)
        scale = 1 << key.level
        x, y = own.x * scale, own.y * scale
        return PixelWindow(x, y, min(own.width * scale, self.width - x), min(own.height * scale, self.height - y))

    def tiles_in(self, level: int, window: PixelWindow) -> Iterator[TileKey]:
        """Yield the tiles of `level` that touch `window` (in full-resolution px), row by row."""
        inside = window.intersection(PixelWindow(0, 0, self.width, self.height))
        if inside is None:
            return
        step = self.tile << level
        for row in range(inside.y // step, (inside.bottom - 1) // step + 1):
            for column in range(inside.x // step, (inside.right - 1) // step + 1):
                yield TileKey(level, row, column)

    def level_for_scale(self, scale: float) -> int:
        """Return the level to draw at `scale` device px per raster px: the coarsest that is still sharp."""
        if scale >= 1:
            return 0
        return min(self.levels - 1, math.floor(math.log2(1 / scale) + 1e-9))


def axis_origins(length: int, size: int, overlap: int, multiple: int = 1) -> list[int]:
    """Return the origins of windows `size` px long that cover `length` px and overlap by at least `overlap` px.

    Origins are multiples of `multiple` and the windows are spread evenly over the length, so the last one overhangs
    by less than `multiple`; a length that fits one window has the single origin 0.

    Raises:
        ValueError: `size` is no multiple of `multiple`, or the overlap leaves no room for a step.
    """
    if size % multiple or not 0 <= overlap <= size - multiple:
        raise ValueError(f"windows of {size} px cannot overlap by {overlap} px in steps of {multiple} px")
    if length <= size:
        return [0]
    longest = (size - overlap) // multiple * multiple
    last = -(-(length - size) // multiple) * multiple
    count = -(-last // longest) + 1
    return [last * index // (count - 1) // multiple * multiple for index in range(count)]


def fitted_size(length: int, size: int, overlap: int, multiple: int = 1) -> int:
    """Return the smallest window size that covers `length` px with no more windows than `size` px would take.

    Raises:
        ValueError: as `axis_origins`.
    """
    count = len(axis_origins(length, size, overlap, multiple))
    shared = -(-(length + (count - 1) * overlap) // count)
    smallest = max(-(-shared // multiple) * multiple, -(-overlap // multiple) * multiple + multiple)
    sizes = range(smallest, size, multiple)
    return next((fit for fit in sizes if len(axis_origins(length, fit, overlap, multiple)) <= count), size)


def pieces(window: PixelWindow, width: int, height: int) -> Iterator[PixelWindow]:
    """Yield windows of at most `width` x `height` px that lie side by side and make up `window`, row by row."""
    for y in range(window.y, window.bottom, height):
        for x in range(window.x, window.right, width):
            yield PixelWindow(x, y, min(width, window.right - x), min(height, window.bottom - y))


def sliding_windows(width: int, height: int, size: int, overlap: int, multiple: int = 1) -> list[PixelWindow]:
    """Return square windows that cover `width` x `height` px, row by row; see `axis_origins`."""
    columns = axis_origins(width, size, overlap, multiple)
    rows = axis_origins(height, size, overlap, multiple)
    return [PixelWindow(x, y, size, size) for y in rows for x in columns]
