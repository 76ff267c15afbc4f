"""The tiles of painted labels, ready to draw: coloured where the window lives, and always as they are now."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QImage

from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.edit import TileChanges
from landseg_core.labels.pyramid import EMPTY_TILE, Tile
from landseg_core.raster.tiles import TileCache
from landseg_gui.viewer.label_layer import LabelLayer
from landseg_gui.viewer.tiles.feed import OnArrival, OnError, TileFeed, TileSupply

_EMPTY_BYTES = 256

ColourTable = npt.NDArray[np.int32]
"""(256,) colours 0xAARRGGBB by class value."""


@dataclass(frozen=True, eq=False)
class KnownTile:
    """A tile of labels, and how many changes of it have been heard of when it was asked for."""

    stamp: int
    tile: Tile

    @property
    def size(self) -> int:
        """Return what it takes in memory, in bytes; all empty tiles are one."""
        return _EMPTY_BYTES if self.tile is EMPTY_TILE else self.tile.nbytes


class LabelImage:
    """A tile of labels in colours; nothing at all where nothing is painted."""

    def __init__(self, known: KnownTile, width: int, height: int, colours: ColourTable) -> None:
        self.known = known
        self.image = QImage()
        if known.tile is not EMPTY_TILE:
            self.image = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
            # The pixmaps made of this image share its pixels: they see later writes at once, and without a copy.
            self._pixels = np.frombuffer(self.image.bits(), np.int32).reshape(height, width)
            self.update(known, PixelWindow(0, 0, width, height), colours)

    @property
    def size(self) -> int:
        """Return what it takes in memory, in bytes."""
        return max(_EMPTY_BYTES, self.image.sizeInBytes())

    def update(self, known: KnownTile, box: PixelWindow, colours: ColourTable) -> None:
        """Show `known`, which differs from what is shown in `box` only, in px of the tile."""
        self.known = known
        height, width = self._pixels.shape
        values = known.tile[:height, :width][box.slices()]
        self._pixels[box.slices()] = cv2.LUT(values, colours)


class LabelFeed(TileFeed[KnownTile]):
    """The tiles of a label layer. Threads load them; they are coloured in the window's thread, after every change.

    Each change of a tile is a stamp on it. A tile that a thread has read before a change, and brings after it, bears
    an older stamp and is asked for again: it has just been changed, so that the labels hold it in memory.
    """

    def __init__(self, layer: LabelLayer, supply: TileSupply, on_arrival: OnArrival, on_error: OnError) -> None:
        self._labels = layer
        self._colours = _colour_table(layer)
        self._stamps: dict[TileKey, int] = {}
        super().__init__(layer, supply, on_arrival, on_error, lambda known: known.size)
        self._drawn: TileCache[LabelImage] = TileCache(supply.spare, lambda drawn: drawn.size)

    def _read(self, key: TileKey) -> KnownTile:
        stamp = self._stamps.get(key, 0)  # before the tile: it may be newer than its stamp, never older
        return KnownTile(stamp, self._labels.raster.tile(key))

    def _known(self, key: TileKey) -> KnownTile | None:
        """Return a tile as it is now, or None before it has come."""
        known = self._held(key)
        if known is None or known.stamp == self._stamps.get(key, 0):
            return known
        return self._known_anew(key)

    def _known_anew(self, key: TileKey) -> KnownTile:
        known = self._read(key)
        self._loaded.put(key, known)
        return known

    def _image(self, key: TileKey) -> QImage | None:
        known = self._known(key)
        if known is None:
            return None
        drawn = self._drawn.get(key)
        if drawn is None or drawn.known is not known:
            drawn = self._draw(key, known)
        return drawn.image

    def _draw(self, key: TileKey, known: KnownTile) -> LabelImage:
        window = self._labels.raster.pyramid.tile_window(key)
        drawn = LabelImage(known, window.width, window.height, self._colours)
        self._drawn.put(key, drawn)
        return drawn

    def _hold(self, keys: Sequence[TileKey]) -> None:
        super()._hold(keys)
        self._drawn.hold(keys)

    def _yield_room(self) -> None:
        super()._yield_room()
        self._drawn.yield_room()

    def close(self) -> None:
        """Stop, wait for the tiles being read, and hold nothing."""
        super().close()
        self._drawn.clear()

    def follow(self, changes: TileChanges, shown: Container[TileKey]) -> None:
        """Follow changed labels: draw the changed boxes of tiles that are `shown`; the others can wait."""
        for key, box in changes.items():
            before = self._held(key)
            self._stamps[key] = self._stamps.get(key, 0) + 1
            if key in shown:
                self._redraw(key, box, before)

    def _redraw(self, key: TileKey, box: PixelWindow, before: KnownTile | None) -> None:
        known, drawn = self._known_anew(key), self._drawn.get(key)
        is_next = before is not None and before.stamp == known.stamp - 1 and before.tile is not EMPTY_TILE
        if is_next and drawn is not None and drawn.known is before and known.tile is not EMPTY_TILE:
            drawn.update(known, box, self._colours)
        else:
            self._draw(key, known)

    def restyle(self) -> None:
        """Colour the tiles again, without reading any."""
        self._colours = _colour_table(self._labels)
        self._drawn.clear()

    def value_at(self, column: float, row: float, level: int) -> int | None:
        """Return the value at a raster position from the sharpest tile loaded, from `level` on."""
        for key, x, y in self._pixels_at(column, row, level):
            known = self._known(key)
            if known is not None:
                return int(known.tile[y, x])
        return None


def _colour_table(layer: LabelLayer) -> ColourTable:
    return np.array(layer.colour_table(), np.uint32).view(np.int32)
