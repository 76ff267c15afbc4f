"""What a model says of the tiles of an image: the scores of every pixel, and what goes into its last layer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from landseg_core.assistant.cell_graph import Ids
from landseg_core.assistant.feature_maps import FeatureMap
from landseg_core.assistant.features import cell_means
from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_core.models.compatibility import check_compatible
from landseg_core.raster.pyramid.overviews import PyramidReader
from landseg_core.raster.resampling import GridScale
from landseg_core.raster.tiles import TileBudget, TileCache
from landseg_core.raster.views import same_resolution, size_at

if TYPE_CHECKING:
    from landseg_core.assistant.last_layer import LastLayerMaps
    from landseg_core.models.header import BundleHeader

CONTEXT = 64
"""Px around a tile that the network sees as well: half of what windows of a prediction overlap by at most (ADR 24)."""
_STRIDE = 2
"""The side in px of the squares that features are sampled on."""

Scores = npt.NDArray[np.float16]


class Network(Protocol):
    """A model as `LastLayer` runs it."""

    stride: int

    def maps(self, pixels: npt.NDArray[Any]) -> LastLayerMaps:
        """Return what goes into and comes out of its last layer, of (C, H, W) native pixels."""
        ...


@dataclass(frozen=True, eq=False)
class ModelTile:
    """What a model says of a tile.

    Attributes:
        pixels: (K, H, W) logarithms of the probabilities of its classes, but for a number that all classes of a pixel
            share.
        scores: (n, K) their means over each cell.
        features: (n, F) the means of what goes into the last layer.
    """

    pixels: Scores
    scores: npt.NDArray[np.float32]
    features: npt.NDArray[np.float32]

    @property
    def nbytes(self) -> int:
        """Return the bytes that it takes in memory."""
        return self.pixels.nbytes + self.scores.nbytes + self.features.nbytes


class ModelTiles:
    """Runs a model on the tiles of a raster; those used last are cached within a budget. Safe from any thread.

    At full resolution the network sees the image as in a prediction, at its own ground resolution where it has one.
    Coarser levels are never seen finer than they are: what is on screen takes the same time at any level.

    Raises:
        ModelError: the model cannot be used on the raster.
    """

    def __init__(
        self,
        network: Network,
        header: BundleHeader,
        reader: PyramidReader,
        cells: Callable[[TileKey], Ids],
        budget: TileBudget,
    ) -> None:
        """Run `network` on what `reader` reads, and average over what `cells` returns of a tile."""
        self._network, self._reader, self._cells = network, reader, cells
        self._bands = check_compatible(header, reader.source)
        self._resolution_m = header.ground_resolution_m
        self._running = threading.Lock()  # networks use several threads themselves
        self._cache: TileCache[ModelTile] = TileCache(budget, lambda tile: tile.nbytes)

    def cached(self, key: TileKey) -> ModelTile | None:
        """Return what the model says of a tile if that has been computed and not been evicted."""
        return self._cache.get(key)

    def of(self, key: TileKey) -> ModelTile:
        """Return what the model says of a tile, computed if needed.

        Raises:
            RasterError: the raster cannot be read, or holds numbers that are not finite.
        """
        found = self._cache.get(key)
        if found is not None:
            return found
        with self._running:
            found = self._cache.get(key) or self._computed(key)
            self._cache.put(key, found)
            return found

    def hold(self, keys: Iterable[TileKey]) -> None:
        """Keep these tiles, which do not count in the budget, until others are held."""
        self._cache.hold(keys)

    def clear(self) -> None:
        """Release all tiles."""
        self._cache.clear()

    def _computed(self, key: TileKey) -> ModelTile:
        tile, ids = self._reader.pyramid.tile_window(key), self._cells(key)
        level = self._reader.pyramid.level_size(key.level)
        size = self._size(key.level) or level
        seen = _seen(GridScale.between(size, level).needed(tile), size, self._network.stride)
        maps = self._network.maps(self._read(key.level, seen, size))
        ratio = size[0] / level[0], size[1] / level[1]
        placed = _Placed(tile, ratio, seen, maps)
        pixels = placed.sampled(maps.scores, 1)
        means = cell_means([FeatureMap(1, pixels), FeatureMap(_STRIDE, placed.sampled(maps.features, _STRIDE))], ids)
        count = len(pixels)
        return ModelTile(pixels.astype(np.float16), means[:, :count].copy(), means[:, count:].copy())

    def _size(self, level: int) -> tuple[int, int] | None:
        """Return the (width, height) px of the whole image as the network sees it at a level; None for that level's."""
        native, wanted = self._reader.grid.ground_resolution(), self._resolution_m
        if native is None or wanted is None:
            return None
        shown = native * 2**level
        if same_resolution(shown, wanted) or (level and wanted < shown):
            return None
        return size_at(self._reader.grid, native, wanted)

    def _read(self, level: int, window: PixelWindow, size: tuple[int, int]) -> npt.NDArray[Any]:
        """Return (C, H, W) pixels of a window of the image of `size`, 0 where there is no data."""
        shown = self._reader.pyramid.level_size(level)
        if size == shown:
            return self._pixels(level, window)[0]
        return GridScale.between(shown, size).mean(window, lambda part: self._pixels(level, part))[0]

    def _pixels(self, level: int, window: PixelWindow) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
        pixels, valid = self._reader.read_window(level, window, self._bands)
        if pixels.dtype.kind == "f":
            valid = valid & np.isfinite(pixels).all(axis=0)
        pixels = np.where(valid, pixels, pixels.dtype.type(0))
        return pixels, valid


def _seen(window: PixelWindow, size: tuple[int, int], stride: int) -> PixelWindow:
    """Return a window with `CONTEXT` around it inside an image of `size`; it begins on the network's pooling grid."""
    left, top = (max(0, (first - CONTEXT) // stride * stride) for first in (window.x, window.y))
    right, bottom = min(size[0], window.right + CONTEXT), min(size[1], window.bottom + CONTEXT)
    return PixelWindow(left, top, right - left, bottom - top)


@dataclass(frozen=True)
class _Placed:
    """Where the maps of a network are in a tile.

    Attributes:
        tile: in px of its level.
        ratio: px of the image that the network sees, across and down, per px of the level.
        seen: the window of that image.
        maps: those of the network.
    """

    tile: PixelWindow
    ratio: tuple[float, float]
    seen: PixelWindow
    maps: LastLayerMaps

    def sampled(self, planes: npt.NDArray[np.float32], stride: int) -> npt.NDArray[np.float32]:
        """Return the values in the middles of the tile's squares of `stride` px, bilinear."""
        across = self._axis(self.tile.x, self.ratio[0], self.seen.x, stride)
        down = self._axis(self.tile.y, self.ratio[1], self.seen.y, stride)
        matrix = np.array([[across[0], 0, across[1]], [0, down[0], down[1]]])
        size = -(-self.tile.width // stride), -(-self.tile.height // stride)
        flags, border = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, cv2.BORDER_REPLICATE
        return np.stack([cv2.warpAffine(plane, matrix, size, flags=flags, borderMode=border) for plane in planes])

    def _axis(self, tile: int, ratio: float, seen: int, stride: int) -> tuple[float, float]:
        """Return factor and offset from the number of a square to that of a value."""
        scale = self.maps.stride
        return stride * ratio / scale, ((tile + stride / 2) * ratio - seen) / scale - 0.5
