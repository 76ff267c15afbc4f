"""A project's labels of one image, strip by strip from the top, empty parts included."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

import numpy as np
import numpy.typing as npt

from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.tiling import TileKey, TilePyramid
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED

Values = npt.NDArray[np.uint8]
KeyedTiles = Iterable[tuple[TileKey, Values]]
"""Tiles of level 0, row by row, those without labels left out."""


def label_strips(grid: RasterGrid, tiles: KeyedTiles) -> Iterator[tuple[PixelWindow, Values]]:
    """Yield each row of tiles as its window and (H, W) class values, 255 where unlabelled."""
    pyramid = TilePyramid(grid.width, grid.height)
    rows = groupby(tiles, lambda item: item[0].row)
    painted = next(rows, None)
    for row, y in enumerate(range(0, grid.height, pyramid.tile)):
        window = PixelWindow(0, y, grid.width, min(pyramid.tile, grid.height - y))
        strip = np.full((window.height, window.width), UNLABELLED, np.uint8)
        if painted is not None and painted[0] == row:
            for key, tile in painted[1]:
                place = pyramid.tile_window(key)
                strip[:, place.x : place.right] = tile[: place.height, : place.width]
            painted = next(rows, None)
        yield window, strip
