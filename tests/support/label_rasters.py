"""A store of label tiles in memory, and what a whole label raster holds."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np

from landseg_core.geo.tiling import TileKey, TilePyramid
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.edit import FinishedEdit
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.labels.pyramid import Tile, build_parent


class DictStore:
    """Keeps tiles as a project does: what is saved is what is loaded from then on."""

    def __init__(self) -> None:
        self.tiles: dict[TileKey, Tile] = {}
        self.loads: list[TileKey] = []
        self.before_load: Callable[[TileKey], None] = lambda key: None
        self.after_load: Callable[[TileKey], None] = lambda key: None
        self._lock = threading.Lock()

    def load(self, key: TileKey) -> Tile | None:
        self.before_load(key)
        with self._lock:
            self.loads.append(key)
            tile = self.tiles.get(key)
        self.after_load(key)
        return None if tile is None else tile.copy()

    def save(self, edit: FinishedEdit) -> None:
        with self._lock:
            self.tiles.update(edit.tiles)


def read_all(labels: LabelRaster, level: int = 0) -> Tile:
    """Return all labels of a level."""
    width, height = labels.pyramid.level_size(level)
    return labels.read(PixelWindow(0, 0, width, height), level)


def check_pyramid(labels: LabelRaster) -> None:
    """Check that all coarser levels are what building them from level 0 gives."""
    pyramid = labels.pyramid
    whole = PixelWindow(0, 0, pyramid.width, pyramid.height)
    for level in range(1, pyramid.levels):
        for key in pyramid.tiles_in(level, whole):
            built = _built_tile(labels, pyramid, key)
            expected = np.full((512, 512), 255, np.uint8) if built is None else built
            np.testing.assert_array_equal(labels.tile(key), expected, err_msg=str(key))


def _built_tile(labels: LabelRaster, pyramid: TilePyramid, key: TileKey) -> Tile | None:
    """Return a tile built anew from level 0."""
    if key.level == 0:
        return labels.tile(key)
    places = [TileKey(key.level - 1, 2 * key.row + row, 2 * key.column + column) for row in (0, 1) for column in (0, 1)]
    width, height = pyramid.level_size(key.level - 1)
    inside = [place.column * 512 < width and place.row * 512 < height for place in places]
    return build_parent(
        [_built_tile(labels, pyramid, place) if seen else None for place, seen in zip(places, inside, strict=True)]
    )
