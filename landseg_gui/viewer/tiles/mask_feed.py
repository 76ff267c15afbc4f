"""The tiles of a mask, ready to draw: loaded as indices by threads, coloured where the window lives."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Sequence

from PySide6.QtGui import QImage

from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_gui.viewer.layer import ClassLayer
from landseg_gui.viewer.tiles.feed import OnArrival, OnError, TileFeed, TileSupply
from landseg_gui.viewer.tiles.painter import coloured, index_image, occurring, unlabelled_where_invalid

_EMPTY_BYTES = 256
_OPAQUE = 0xFF

ColourTable = Sequence[int]
"""256 colours 0xAARRGGBB by mask value."""


class IndexTile:
    """A tile of a mask: an image of indices, null where there are none, and in colours for as long as that is shown.

    `values` are those that occur, `inner` those in the pixels that are wholly of the mask.
    """

    def __init__(self, indices: QImage, values: frozenset[int], inner: frozenset[int]) -> None:
        self.indices = indices
        self._values, self._inner = values, inner
        self._colours: ColourTable = ()
        self._image: Callable[[], QImage | None] = lambda: None

    @property
    def size(self) -> int:
        """Return what it takes in memory, in bytes."""
        return max(_EMPTY_BYTES, self.indices.sizeInBytes())

    def covers(self, colours: ColourTable) -> bool:
        """Return whether all pixels that are wholly of the mask are opaque in these 256 colours."""
        return bool(self._inner) and _all_opaque(self._inner, colours)

    def value_at(self, x: int, y: int) -> int | None:
        """Return the value at a pixel of its image; None beyond it."""
        return self.indices.pixelIndex(x, y) if self.indices.valid(x, y) else None

    def image(self, colours: ColourTable) -> QImage:
        """Return it in colours: the same image as before, where that is still shown and has these colours."""
        if self.indices.isNull():
            return self.indices
        image = self._image() if self._colours is colours else None
        if image is None:
            image = coloured(self.indices, colours, opaque=_all_opaque(self._values, colours))
            self._colours, self._image = colours, weakref.ref(image)
        return image


def _all_opaque(values: Iterable[int], colours: ColourTable) -> bool:
    return all(colours[value] >> 24 == _OPAQUE for value in values)


class MaskFeed(TileFeed[IndexTile]):
    """The tiles of a mask: loaded as indices, coloured when they are drawn, so that colours change at once."""

    def __init__(self, layer: ClassLayer, supply: TileSupply, on_arrival: OnArrival, on_error: OnError) -> None:
        self._mask = layer
        self._colours: ColourTable = layer.colour_table()
        super().__init__(layer, supply, on_arrival, on_error, lambda tile: tile.size)

    def _read(self, key: TileKey) -> IndexTile:
        pixels, valid = self.layer.reader.read_tile(key)
        if not valid.any():
            return IndexTile(QImage(), frozenset(), frozenset())
        values = unlabelled_where_invalid(pixels[0], valid)
        part, inner = self._part_of_mask(key).slices(), self._inner(key)
        found = occurring(values[part])
        return IndexTile(index_image(values[part]), found, found if inner == part else occurring(values[inner]))

    def window(self, key: TileKey) -> PixelWindow:
        """Return where the image of a tile lies, in raster px: no further than the mask, in whole px of its level."""
        tile, part, scale = self.layer.reader.pyramid.tile_window(key), self._part_of_mask(key), 1 << key.level
        x, y = (tile.x + part.x) * scale, (tile.y + part.y) * scale
        whole = self.layer.reader.pyramid.source_window(key)
        lies = PixelWindow(x, y, part.width * scale, part.height * scale).intersection(whole)
        return lies or whole

    def _part_of_mask(self, key: TileKey) -> PixelWindow:
        """Return the pixels of a tile that are of the mask, be it in part; all where none is, which are transparent."""
        pyramid, extent, scale = self.layer.reader.pyramid, self._mask.extent(key), 1 << key.level
        tile = pyramid.tile_window(key)
        if extent is None:
            return PixelWindow(0, 0, tile.width, tile.height)
        x, y = extent.x // scale - tile.x, extent.y // scale - tile.y
        return PixelWindow(x, y, -(-extent.right // scale) - tile.x - x, -(-extent.bottom // scale) - tile.y - y)

    def _inner(self, key: TileKey) -> tuple[slice, slice]:
        """Return the rows and columns of a tile that are wholly of the mask."""
        pyramid, extent = self.layer.reader.pyramid, self._mask.extent(key)
        if extent is None:
            return slice(0), slice(0)
        tile, whole, scale = pyramid.tile_window(key), pyramid.source_window(key), 1 << key.level
        right = tile.right if extent.right == whole.right else extent.right // scale
        bottom = tile.bottom if extent.bottom == whole.bottom else extent.bottom // scale
        x, y = -(-extent.x // scale), -(-extent.y // scale)
        return slice(y - tile.y, max(y, bottom) - tile.y), slice(x - tile.x, max(x, right) - tile.x)

    def _image(self, key: TileKey) -> QImage | None:
        tile = self._held(key)
        return None if tile is None else tile.image(self._colours)

    def covered_area(self, key: TileKey) -> PixelWindow | None:
        """Return all of a tile that is of the mask, where each pixel shows a class; None where one does not."""
        tile = self._held(key)
        return self._mask.extent(key) if tile is not None and tile.covers(self._colours) else None

    def restyle(self) -> None:
        """Colour the tiles again, without reading any."""
        self._colours = self._mask.colour_table()

    def value_at(self, column: float, row: float, level: int) -> int | None:
        """Return the value at a raster position from the sharpest tile loaded, from `level` on."""
        for key, x, y in self._pixels_at(column, row, level):
            tile = self._loaded.get(key)
            if tile is not None:
                part = self._part_of_mask(key)
                return tile.value_at(x - part.x, y - part.y)
        return None
