"""The tiles of one layer, ready to draw: loaded and turned into images by threads, coloured on demand."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterator, Sequence
from typing import Any, Generic, NamedTuple, Self, TypeVar

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRect
from PySide6.QtGui import QGuiApplication, QImage

from landseg_core.errors import LandsegError
from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.edit import TileChanges
from landseg_core.raster.tiles import TileBudget, TileCache, TileLoader, TileThreads
from landseg_gui.viewer.layer import ImageLayer, Layer
from landseg_gui.viewer.tiles.painter import rendered_image

_THREADS = max(1, min(4, (os.cpu_count() or 2) - 1))  # one processor is left to the window
_FEWEST_STRETCHED, _MOST_STRETCHED = 96 * 2**20, 192 * 2**20
_FEWEST_SPARE, _MOST_SPARE = 32 * 2**20, 64 * 2**20

Pixels = tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]
Found = tuple[QImage, QRect | None]
"""An image, and the part of it that shows what was asked for; None for all of it."""
OnArrival = Callable[["TileFeed[Any]", TileKey], None]
OnError = Callable[["TileFeed[Any]", LandsegError], None]
Loaded = TypeVar("Loaded")


def stretched_bytes() -> int:
    """Return how many bytes of stretched tiles Qt may keep: two times what the largest screen shows."""
    return min(max(2 * _screen_bytes(), _FEWEST_STRETCHED), _MOST_STRETCHED)


def _screen_bytes() -> int:
    """Return what a layer takes on the largest screen: a tile has 512 x 512 px of 4 bytes, drawn at 256 px or more."""
    sizes = [screen.size() * screen.devicePixelRatio() for screen in QGuiApplication.screens()]
    return max(((size.width() // 256 + 2) * (size.height() // 256 + 2) for size in sizes), default=0) * 2**20


class TileSupply(NamedTuple):
    """What the feeds of a window share: the bytes for tiles that are not visible, and the threads that load."""

    spare: TileBudget
    threads: TileThreads

    @classmethod
    def for_screen(cls) -> Self:
        """Return what the largest screen asks for."""
        spare = min(max(_screen_bytes(), _FEWEST_SPARE), _MOST_SPARE)
        return cls(TileBudget(spare), TileThreads(_THREADS + 1))  # one besides those that a single layer may keep busy


class TileFeed(Generic[Loaded]):
    """Brings the tiles of `layer`. `on_arrival(feed, key)` and `on_error(feed, error)` are called in loading threads.

    It holds the tiles that are wanted, and lets the others take their share of what is spare.

    A plain object, not a QObject: the last reference to it may go in any thread. `Loaded` is what a thread brings.
    """

    def __init__(
        self,
        layer: Layer,
        supply: TileSupply,
        on_arrival: OnArrival,
        on_error: OnError,
        size_of: Callable[[Loaded], int],
    ) -> None:
        self.layer = layer
        self._wanted: Sequence[TileKey] = ()
        self._former: dict[TileKey, Loaded] = {}
        self._loaded: TileCache[Loaded] = TileCache(supply.spare, size_of)
        self.loader = TileLoader(
            supply.threads,
            self._read,
            self._loaded,
            on_loaded=lambda key, _tile: on_arrival(self, key),
            on_error=lambda _key, error: on_error(self, error),
        )

    def _read(self, key: TileKey) -> Loaded:
        """Load a tile; runs in a loading thread."""
        raise NotImplementedError

    def _held(self, key: TileKey) -> Loaded | None:
        """Return a tile as loaded, or as it was before it was to be loaded again, or None."""
        loaded = self._loaded.get(key)
        if loaded is None:
            return self._former.get(key)
        self._former.pop(key, None)  # or it would be seen again when the newer one has made room for others
        return loaded

    def _image(self, key: TileKey) -> QImage | None:
        """Return the image to draw for a tile, or None where there is none yet; a null image is a transparent tile."""
        raise NotImplementedError

    def want(self, keys: Sequence[TileKey]) -> None:
        """Hold these tiles, those still to be loaded included, and none of those wanted before."""
        if keys != self._wanted:
            self._wanted = keys
            self._hold(keys)

    def _hold(self, keys: Sequence[TileKey]) -> None:
        """Hold what there is of these tiles."""
        self._loaded.hold(keys)

    def leave_sight(self) -> None:
        """Want nothing: what is here may go before all that other layers have."""
        if self._wanted:
            self.want(())
            self._former.clear()
            self._yield_room()

    def _yield_room(self) -> None:
        """Let what is here be the first to make room."""
        self._loaded.yield_room()

    def covered_area(self, _key: TileKey) -> PixelWindow | None:
        """Return the part of a tile, in raster px, that is coloured everywhere; None before it is loaded."""
        return None

    def best(self, key: TileKey) -> Found | None:
        """Return the best image for a tile: its own, or the part of a coarser one; None without either."""
        for level in range(key.level, self.layer.reader.pyramid.quicklook_key.level + 1):
            steps = level - key.level
            coarser = TileKey(level, key.row >> steps, key.column >> steps)
            image = self._image(coarser)
            if image is not None:
                return image, self._part(image, key, coarser) if steps else None
        return None

    def window(self, key: TileKey) -> PixelWindow:
        """Return where the image of a tile lies, in raster px."""
        return self.layer.reader.pyramid.source_window(key)

    def _part(self, image: QImage, key: TileKey, coarser: TileKey) -> QRect:
        """Return the pixels of a coarser tile's image that show `key`: at the raster's edge to the nearest pixel."""
        inner, outer = self.window(key), self.window(coarser)
        x, right = (round((x - outer.x) * image.width() / outer.width) for x in (inner.x, inner.right))
        y, bottom = (round((y - outer.y) * image.height() / outer.height) for y in (inner.y, inner.bottom))
        x, y = min(x, image.width() - 1), min(y, image.height() - 1)
        return QRect(x, y, max(1, right - x), max(1, bottom - y))

    def value_at(self, _column: float, _row: float, _level: int) -> int | None:
        """Return the class value at a raster position, as far as a tile there is loaded; images have none."""
        return None

    def _pixels_at(self, column: float, row: float, level: int) -> Iterator[tuple[TileKey, int, int]]:
        """Yield the tiles that contain a raster position, from `level` on, and the (x, y) of its pixel in each."""
        pyramid = self.layer.reader.pyramid
        if 0 <= column < pyramid.width and 0 <= row < pyramid.height:
            for known in range(level, pyramid.levels):
                x, y = int(column) >> known, int(row) >> known
                yield TileKey(known, y // pyramid.tile, x // pyramid.tile), x % pyramid.tile, y % pyramid.tile

    def follow(self, _changes: TileChanges, _shown: Container[TileKey]) -> None:
        """Follow changed pixels: draw the changed boxes of tiles that are `shown`; here, read everything again."""
        self.reread()

    def restyle(self) -> None:
        """Make the images again with the next request; the former ones stay visible until then."""
        self._renew()

    def reread(self) -> None:
        """Read the pixels again with the next request."""
        self._renew()

    def _renew(self) -> None:
        kept = {key: self._loaded.get(key) for key in self._wanted}
        self._former = {key: image for key, image in kept.items() if image is not None}
        self.loader.clear()

    def close(self) -> None:
        """Stop, wait for the tiles being read, and hold nothing."""
        self.loader.close()
        self._former.clear()
        self._hold(())
        self.layer.reader.close()


class ImageFeed(TileFeed[QImage]):
    """The tiles of the image; the pixels of those wanted are held too, so that another contrast reads nothing."""

    def __init__(self, layer: ImageLayer, supply: TileSupply, on_arrival: OnArrival, on_error: OnError) -> None:
        self._image_layer = layer
        self._pixels: TileCache[Pixels] = TileCache(TileBudget(0), lambda pair: pair[0].nbytes + pair[1].nbytes)
        self._bands = layer.rendering.bands
        super().__init__(layer, supply, on_arrival, on_error, QImage.sizeInBytes)

    def _image(self, key: TileKey) -> QImage | None:
        return self._held(key)

    def _read(self, key: TileKey) -> QImage:
        rendering = self._image_layer.rendering
        pair = self._pixels.get(key) if rendering.bands == self._bands else None
        if pair is None:
            pair = self.layer.reader.read_tile(key, rendering.bands)
            self._pixels.put(key, pair)
        return rendered_image(*pair, rendering)

    def _hold(self, keys: Sequence[TileKey]) -> None:
        super()._hold(keys)
        self._pixels.hold(keys)

    def restyle(self) -> None:
        """Show other bands or another contrast."""
        if self._bands != self._image_layer.rendering.bands:
            self._bands = self._image_layer.rendering.bands
            self._pixels.clear()
        super().restyle()

    def reread(self) -> None:
        """Read the pixels again."""
        self._pixels.clear()
        super().reread()
