"""The tiles of one layer, ready to draw: loaded and turned into images by threads, coloured on demand."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRect
from PySide6.QtGui import QGuiApplication, QImage

from landseg_core.errors import LandsegError
from landseg_core.geo.tiling import TileKey
from landseg_core.raster.tiles import TileCache, TileLoader
from landseg_gui.viewer.layer import ImageLayer, Layer, MaskLayer
from landseg_gui.viewer.tile_painter import coloured, index_image, picture_image

_THREADS = max(1, min(4, (os.cpu_count() or 2) - 1))  # one processor is left to the window
_FEWEST_DRAWN, _MOST_DRAWN = 96 * 2**20, 192 * 2**20
_PIXEL_BYTES = 32 * 2**20
_INDEX_BYTES = 64 * 2**20

Pixels = tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]
Found = tuple[QImage, QRect | None]
"""An image, and the part of it that shows what was asked for; None for all of it."""
OnArrival = Callable[["TileFeed[Any]", TileKey], None]
OnError = Callable[["TileFeed[Any]", LandsegError], None]
Loaded = TypeVar("Loaded")


def drawn_bytes() -> int:
    """Return how many bytes of images ready to draw to keep: for two times what the largest screen shows.

    A tile has 512 x 512 px of 4 bytes, and is drawn at 256 px or more.
    """
    sizes = [screen.size() * screen.devicePixelRatio() for screen in QGuiApplication.screens()]
    most = max(((size.width() // 256 + 2) * (size.height() // 256 + 2) for size in sizes), default=0)
    return min(max(2 * most * 2**20, _FEWEST_DRAWN), _MOST_DRAWN)


class TileFeed(Generic[Loaded]):
    """Brings the tiles of `layer`. `on_arrival(feed, key)` and `on_error(feed, error)` are called in loading threads.

    A plain object, not a QObject: the last reference to it may go in any thread. `Loaded` is what a thread brings.
    """

    def __init__(
        self,
        layer: Layer,
        on_arrival: OnArrival,
        on_error: OnError,
        max_bytes: int,
        size_of: Callable[[Loaded], int],
    ) -> None:
        self.layer = layer
        self._wanted: list[TileKey] = []
        self._former: dict[TileKey, Loaded] = {}
        self._loaded: TileCache[Loaded] = TileCache(max_bytes, size_of)
        self._loader = TileLoader(
            self._read,
            self._loaded,
            on_loaded=lambda key, _tile: on_arrival(self, key),
            on_error=lambda _key, error: on_error(self, error),
            threads=_THREADS,
        )

    def __len__(self) -> int:
        return len(self._loaded)

    def _read(self, key: TileKey) -> Loaded:
        """Load a tile; runs in a loading thread."""
        raise NotImplementedError

    def _held(self, key: TileKey) -> Loaded | None:
        """Return a tile as loaded, or as it was before it was to be loaded anew, or None."""
        loaded = self._loaded.get(key)
        if loaded is None:
            return self._former.get(key)
        self._former.pop(key, None)  # or it would be seen again when the newer one has made room for others
        return loaded

    def _image(self, key: TileKey) -> QImage | None:
        """Return the image to draw for a tile, or None where there is none yet; a null image is a transparent tile."""
        raise NotImplementedError

    def want(self, keys: Iterable[TileKey]) -> None:
        """Load these tiles, the most urgent first, and none of those asked for before."""
        self._wanted = list(keys)
        self._loader.request(self._wanted)

    def best(self, key: TileKey) -> Found | None:
        """Return what shows the place of a tile best: itself, or the part of a coarser one; None where nothing can."""
        for level in range(key.level, self.layer.reader.pyramid.sketch_key.level + 1):
            steps = level - key.level
            coarser = TileKey(level, key.row >> steps, key.column >> steps)
            image = self._image(coarser)
            if image is not None:
                return image, self._part(image, key, coarser) if steps else None
        return None

    def _part(self, image: QImage, key: TileKey, coarser: TileKey) -> QRect:
        """Return the pixels of a coarser tile's image that show `key`: at the raster's edge to the nearest pixel."""
        pyramid = self.layer.reader.pyramid
        inner, outer = pyramid.source_window(key), pyramid.source_window(coarser)
        x, right = (round((x - outer.x) * image.width() / outer.width) for x in (inner.x, inner.right))
        y, bottom = (round((y - outer.y) * image.height() / outer.height) for y in (inner.y, inner.bottom))
        x, y = min(x, image.width() - 1), min(y, image.height() - 1)
        return QRect(x, y, max(1, right - x), max(1, bottom - y))

    def value_at(self, _column: float, _row: float, _level: int) -> int | None:
        """Return the class value at a raster place, as far as a tile there has come; pictures have none."""
        return None

    def _places(self, column: float, row: float, level: int) -> Iterator[tuple[TileKey, int, int]]:
        """Yield the tiles that hold a raster place, from `level` on, and the (x, y) of its pixel in each."""
        pyramid = self.layer.reader.pyramid
        if 0 <= column < pyramid.width and 0 <= row < pyramid.height:
            for known in range(level, pyramid.levels):
                x, y = int(column) >> known, int(row) >> known
                yield TileKey(known, y // pyramid.tile, x // pyramid.tile), x % pyramid.tile, y % pyramid.tile

    def restyle(self) -> None:
        """Make the images anew; the former ones stay in sight until then."""
        self._renew()

    def reread(self) -> None:
        """Read the pixels anew."""
        self._renew()

    def _renew(self) -> None:
        kept = {key: self._loaded.get(key) for key in self._wanted}
        self._former = {key: image for key, image in kept.items() if image is not None}
        self._loader.clear()
        self._loader.request(self._wanted)

    def close(self) -> None:
        """Stop, and wait for the tiles being read."""
        self._loader.close()
        self.layer.reader.close()


class PictureFeed(TileFeed[QImage]):
    """The tiles of the orthophoto; their pixels are kept too, so that another contrast needs no reading."""

    def __init__(self, layer: ImageLayer, on_arrival: OnArrival, on_error: OnError) -> None:
        self._picture = layer
        self._pixels: TileCache[Pixels] = TileCache(_PIXEL_BYTES, lambda pair: pair[0].nbytes + pair[1].nbytes)
        self._bands = layer.rendering.bands
        super().__init__(layer, on_arrival, on_error, drawn_bytes(), QImage.sizeInBytes)

    def _image(self, key: TileKey) -> QImage | None:
        return self._held(key)

    def _read(self, key: TileKey) -> QImage:
        rendering = self._picture.rendering
        pair = self._pixels.get(key) if rendering.bands == self._bands else None
        if pair is None:
            pair = self.layer.reader.read_tile(key, rendering.bands)
            self._pixels.put(key, pair)
        return picture_image(*pair, rendering)

    def restyle(self) -> None:
        """Show other bands or another contrast."""
        if self._bands != self._picture.rendering.bands:
            self._bands = self._picture.rendering.bands
            self._pixels.clear()
        super().restyle()

    def reread(self) -> None:
        """Read the pixels anew."""
        self._pixels.clear()
        super().reread()


class MaskFeed(TileFeed[QImage]):
    """The tiles of a mask: loaded as indices, coloured when they are drawn, so that colours change at once."""

    def __init__(self, layer: MaskLayer, on_arrival: OnArrival, on_error: OnError) -> None:
        self._mask = layer
        self._colours = layer.colour_table()
        self._coloured: TileCache[tuple[QImage, QImage]] = TileCache(drawn_bytes(), lambda pair: pair[1].sizeInBytes())
        super().__init__(layer, on_arrival, on_error, _INDEX_BYTES, QImage.sizeInBytes)

    def _read(self, key: TileKey) -> QImage:
        pixels, valid = self.layer.reader.read_tile(key)
        return index_image(pixels[0], valid) if valid.any() else QImage()  # around a map of a part there is nothing

    def _image(self, key: TileKey) -> QImage | None:
        indices = self._held(key)
        if indices is None or indices.isNull():
            return indices
        pair = self._coloured.get(key)
        if pair is None or pair[0] is not indices:
            pair = indices, coloured(indices, self._colours)
            self._coloured.put(key, pair)
        return pair[1]

    def restyle(self) -> None:
        """Colour the tiles anew, without reading one."""
        self._colours = self._mask.colour_table()
        self._coloured.clear()

    def reread(self) -> None:
        """Read the indices anew."""
        self._coloured.clear()
        super().reread()

    def value_at(self, column: float, row: float, level: int) -> int | None:
        """Return the value at a raster place from the sharpest tile at hand, from `level` on."""
        for key, x, y in self._places(column, row, level):
            indices = self._loaded.get(key)
            if indices is not None:
                return None if indices.isNull() else indices.pixelIndex(x, y)
        return None
