"""Where the tools get the cells (superpixels) of the image from, and which cell is under the cursor."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, SignalInstance
from PySide6.QtGui import QPainterPath, QTransform

from landseg_core.assistant.cells import CellTile
from landseg_core.geo.tiling import TileKey, TilePyramid
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.regions import CoarseRegion, Position
from landseg_gui.text import tr

if TYPE_CHECKING:
    from landseg_gui.tools.context import ToolContext


_ENLARGED = 2.0
"""From this many px of the screen per px of the image on, cells are the finer ones."""
_MOST = 96  # tiles, of about one MiB each: a view of more would drop the nearest for those further away


class CellSource(Protocol):
    """Cuts the cells of tiles in the background. `ready` brings a key; `emptied`: all cells have been dropped.

    Tiles have cells of two kinds: those of `SIZES`, and `finer` ones, half as large, for a view that is enlarged.
    """

    ready: SignalInstance
    emptied: SignalInstance

    def request(self, keys: Iterable[TileKey], by: str = "tool", *, finer: bool = False) -> None:
        """Ask for tiles, the most urgent first, instead of those asked for before."""

    def cells(self, key: TileKey, *, finer: bool = False) -> CellTile | None:
        """Return the cells of a tile, or None where they are not there yet."""

    def is_coming(self, key: TileKey, *, finer: bool = False) -> bool:
        """Return whether a tile has been asked for and is still to come."""


@dataclass(frozen=True)
class FoundCell:
    """A cell of a tile, by its number among those of a size; (`x`, `y`) is the tile's corner in raster px."""

    key: TileKey
    size: int
    number: int
    x: int
    y: int
    finer: bool
    tile: CellTile = field(compare=False, repr=False)

    def region(self) -> CoarseRegion:
        """Return its pixels."""
        mask = self.tile.mask(self.number, self.size)
        region = CoarseRegion(self.x, self.y, 1 << self.key.level, mask).trimmed()
        assert region is not None  # no cell is empty
        return region


class CellFinder:
    """Finds cells at raster positions, at the level that is on the screen: there they are always about as large."""

    def __init__(self, context: ToolContext) -> None:
        self._context = context
        self._requested: tuple[tuple[TileKey, ...], bool] = ((), False)
        context.cells.emptied.connect(self._forget)

    @property
    def pyramid(self) -> TilePyramid | None:
        """Return the geometry of the image's tiles, or None without an image."""
        image = self._context.viewport.image
        return image.reader.pyramid if image else None

    @property
    def level(self) -> int:
        """Return the level on the screen, 0 without an image."""
        pyramid = self.pyramid
        return pyramid.level_for_scale(self._context.viewport.scale_factor) if pyramid else 0

    @property
    def finer(self) -> bool:
        """Return whether the view is enlarged so much that it has the finer cells."""
        return self._context.viewport.scale_factor >= _ENLARGED

    def cells(self, key: TileKey) -> CellTile | None:
        """Return the cells of a tile that the view has, or None where they are not there yet."""
        return self._context.cells.cells(key, finer=self.finer)

    def tile_at(self, position: Position) -> TileKey | None:
        """Return the tile at a position, or None beyond the image."""
        pixel, pyramid = self._context.pixel(position), self.pyramid
        if pixel is None or pyramid is None:
            return None
        side = pyramid.tile << self.level
        return TileKey(self.level, pixel[1] // side, pixel[0] // side)

    def find(self, position: Position, size: int) -> FoundCell | None:
        """Return the cell at a position; None where there is no data, or the tile is not cut yet."""
        key, pixel, pyramid = self.tile_at(position), self._context.pixel(position), self.pyramid
        tile = self.cells(key) if key else None
        if key is None or pixel is None or pyramid is None or tile is None:
            return None
        corner = pyramid.source_window(key)
        row, column = (pixel[1] - corner.y) >> key.level, (pixel[0] - corner.x) >> key.level
        number = tile.cell_at(row, column, size)
        return FoundCell(key, size, number, corner.x, corner.y, self.finer, tile) if number >= 0 else None

    def is_coming(self, position: Position) -> bool:
        """Return whether the cells at a position are being cut."""
        key = self.tile_at(position)
        return key is not None and self.is_tile_coming(key)

    def is_tile_coming(self, key: TileKey) -> bool:
        """Return whether the cells of a tile are being cut."""
        return self._context.cells.is_coming(key, finer=self.finer)

    def explain(self) -> None:
        """Say why something that a gesture has passed is not painted."""
        self._context.notifier.info(tr("Some cells were not ready yet: paint there again."))

    def tiles_in(self, window: PixelWindow) -> list[tuple[TileKey, PixelWindow]]:
        """Return the tiles on the screen that touch a window (raster px), and what each covers."""
        pyramid = self.pyramid
        keys = pyramid.tiles_in(self.level, window) if pyramid else ()
        return [(key, pyramid.source_window(key)) for key in keys if pyramid]

    def request(self, position: Position) -> None:
        """Ask for the tiles in the view, the nearest to a position first, where others are wanted than before.

        Also where the one at the position has been dropped, since others have taken its memory.
        """
        view, at = self._context.viewport.view_window(), self.tile_at(position)
        tiles = self.tiles_in(view) if view and self._context.labels else []
        keys = tuple(sorted((key for key, _ in tiles), key=lambda key: _distance(key, at)))[:_MOST]
        lost = at in keys and self.cells(at) is None
        if (keys, self.finer) != self._requested or lost:
            self._requested = keys, self.finer
            self._context.cells.request(keys, finer=self.finer)

    def _forget(self) -> None:
        self._requested = (), False


def _distance(key: TileKey, other: TileKey | None) -> int:
    return 0 if other is None else (key.row - other.row) ** 2 + (key.column - other.column) ** 2


def outline(region: CoarseRegion) -> QPainterPath:
    """Return the outline of a region along the sides of its pixels, in raster px."""
    path = QPainterPath()
    path.setFillRule(Qt.FillRule.WindingFill)
    for row, line in enumerate(region.pixels):
        ends = np.flatnonzero(np.diff(line, prepend=False, append=False))
        for start, end in zip(ends[::2].tolist(), ends[1::2].tolist(), strict=True):
            path.addRect(QRectF(start, row, end - start, 1))
    corner = QTransform.fromTranslate(region.x, region.y).scale(region.scale, region.scale)
    return corner.map(path.simplified())


def along(start: Position, end: Position, step: float) -> list[Position]:
    """Return positions on the way from `start` to `end`, at most `step` apart, `end` included and `start` not."""
    way = QPointF(*end) - QPointF(*start)
    count = max(1, int(np.ceil(np.hypot(way.x(), way.y()) / step)))
    return [(start[0] + way.x() * part / count, start[1] + way.y() * part / count) for part in range(1, count + 1)]
