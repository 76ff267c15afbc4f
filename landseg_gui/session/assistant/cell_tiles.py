"""The cells of the image in the view, cut tile by tile in threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from PySide6.QtCore import QMetaObject, QObject, Qt, Signal

from landseg_core.assistant.cells import CellTile, cut_cells
from landseg_core.assistant.tile_pixels import ImageScale, read_tile_image
from landseg_core.geo.tiling import TileKey
from landseg_core.raster.pyramid.overviews import PyramidReader
from landseg_core.raster.tiles import TileBudget, TileCache, TileLoader, TileThreads
from landseg_gui.viewer.layer import ImageLayer
from landseg_gui.viewer.layers import LayerStack

_BUDGET = 128 * 2**20  # bytes: a tile takes about one MiB
_THREADS = 2  # of which one cuts while the other waits to: cutting must not slow down what is drawn


class CellTiles(QObject):
    """Cuts the cells of the tiles that are asked for, the latest request first, and keeps those used last.

    `ready`: the key of a tile whose cells have been cut, or could not be. `emptied`: all have been dropped, because
    another image is shown, or its pixels are others.
    """

    ready = Signal(object)
    emptied = Signal()

    _arrived = Signal(object, object)
    _broken = Signal(object, object)

    def __init__(self, layers: LayerStack, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._layers = layers
        self._threads = TileThreads(_THREADS)
        self._budget = TileBudget(_BUDGET)
        self._wanted: dict[tuple[str, bool], tuple[TileKey, ...]] = {}
        self._image: ImageLayer | None = None
        self._cells: ImageCells | None = None
        self._finer: ImageCells | None = None
        self._reread: QMetaObject.Connection | None = None
        queued = Qt.ConnectionType.QueuedConnection  # emitted in the threads
        self._arrived.connect(self._take_arrival, queued)
        self._broken.connect(self._take_failure, queued)
        layers.changed.connect(self._follow_image)
        self._follow_image()

    @property
    def image_cells(self) -> ImageCells | None:
        """Return the cells of the image in the view, for work in threads; None without an image."""
        return self._cells

    def request(self, keys: Iterable[TileKey], by: str = "tool", *, finer: bool = False) -> None:
        """Ask for tiles, the most urgent first, instead of those that were asked for `by` the same part before.

        Those of the part that has asked last come first. `finer` ones have cells half as large.
        """
        others = {part: wanted for part, wanted in self._wanted.items() if part[0] != by}
        self._wanted = {(by, finer): tuple(keys), **others}
        if self._cells is not None and self._finer is not None:
            loaders = {False: self._cells.loader, True: self._finer.loader}
            wanted = self._wanted.items()
            self._threads.request((loaders[is_finer], key) for (_, is_finer), keys in wanted for key in keys)

    def cells(self, key: TileKey, *, finer: bool = False) -> CellTile | None:
        """Return the cells of a tile, or None where they are not there yet."""
        cells = self._finer if finer else self._cells
        return cells.cached(key) if cells is not None else None

    def is_coming(self, key: TileKey, *, finer: bool = False) -> bool:
        """Return whether a tile has been asked for and is still to come."""
        cells = self._finer if finer else self._cells
        wanted = any(key in keys for (_, is_finer), keys in self._wanted.items() if is_finer == finer)
        return wanted and cells is not None and cells.cached(key) is None and key not in cells.failed

    def close(self) -> None:
        """Stop, and wait for the tiles being cut."""
        self._cells = self._finer = None
        self._threads.close()

    def _follow_image(self) -> None:
        image = self._layers.image
        if image is not self._image:
            self._begin(image)

    def _begin(self, image: ImageLayer | None) -> None:
        """Forget the cells of the former image; what is being cut of it is dropped when it comes."""
        former = [cells for cells in (self._cells, self._finer) if cells is not None]
        self._image, self._wanted = image, {}
        if self._reread is not None:
            self.disconnect(self._reread)
        self._cells = self._cells_of(image, finer=1) if image else None
        self._finer = self._cells_of(image, finer=2) if image else None
        self._reread = image.reread.connect(self._renew) if image else None
        if former:
            # A tile of a raster without overviews may take long to read: wait for it elsewhere.
            threading.Thread(target=_close, args=former, name="cells-end").start()
            self.emptied.emit()

    def _cells_of(self, image: ImageLayer, finer: int) -> ImageCells:
        return ImageCells(image.reader, self._threads, self._budget, self._arrived.emit, self._broken.emit, finer)

    def _renew(self) -> None:
        """Cut anew: the image has better overviews now, or other pixels."""
        self._begin(self._image)

    def _take_arrival(self, cells: ImageCells, key: TileKey) -> None:
        if cells in (self._cells, self._finer):
            self.ready.emit(key)

    def _take_failure(self, cells: ImageCells, key: TileKey) -> None:
        if cells in (self._cells, self._finer):
            cells.failed.add(key)
            self.ready.emit(key)


def _close(*former: ImageCells) -> None:
    for cells in former:
        cells.loader.close()


Report = Callable[["ImageCells", TileKey], None]


class ImageCells:
    """The cells of one image: cached, or cut when they are asked for. Safe to use from any thread."""

    def __init__(
        self,
        reader: PyramidReader,
        threads: TileThreads,
        budget: TileBudget,
        on_cut: Report,
        on_failed: Report,
        finer: int = 1,
    ) -> None:
        """Call `on_cut(self, key)` in a thread for each tile that has been cut, `on_failed` where it cannot be read.

        `finer` says how many times smaller than usual the cells are.
        """
        self.reader, self._finer = reader, finer
        self.failed: set[TileKey] = set()
        self._scale: ImageScale | None = None
        self._scaling = threading.Lock()
        self._cache: TileCache[CellTile] = TileCache(budget, lambda tile: tile.nbytes)
        self.loader = TileLoader(
            threads,
            self._cut,
            self._cache,
            lambda key, _tile: on_cut(self, key),
            lambda key, _error: on_failed(self, key),
        )

    def cached(self, key: TileKey) -> CellTile | None:
        """Return the cells of a tile, or None where they have not been cut, or have been dropped."""
        return self._cache.get(key)

    def of(self, key: TileKey) -> CellTile:
        """Return the cells of a tile, cut now where they are not cached.

        Raises:
            RasterError: the image cannot be read.
        """
        tile = self._cache.get(key)
        if tile is None:
            tile = self._cut(key)
            self._cache.put(key, tile)
        return tile

    @property
    def scale(self) -> ImageScale:
        """Return how the image's values are scaled; the first call reads a sample of it.

        Raises:
            RasterError: the image cannot be read.
        """
        with self._scaling:
            if self._scale is None:
                self._scale = ImageScale.of(self.reader.source)
            return self._scale

    def _cut(self, key: TileKey) -> CellTile:
        pixels = read_tile_image(self.reader, key, self.scale)
        return cut_cells(pixels.rgb, pixels.valid, self._finer)
