"""Labels moved to a grid that is shifted by whole pixels against the one on which they were made."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.tiling import TileKey, TilePyramid
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED
from landseg_core.labels.pyramid import EMPTY_TILE, TILE, Tile
from landseg_core.project.state import Polygon
from landseg_core.project.storage.tiles import load_tile, painted_keys, pyramid_of


@dataclass(frozen=True)
class Shift:
    """How many px something goes right and down."""

    right: int
    down: int

    @classmethod
    def on_ground(cls, former: RasterGrid, now: RasterGrid) -> Self | None:
        """Return the shift that keeps map coordinates from one grid to another; None unless it is whole pixels."""
        if not (former.is_georeferenced and now.is_georeferenced):
            return None
        column, row = now.to_pixel(*former.to_crs(0, 0))
        if not (math.isfinite(column) and math.isfinite(row)):
            return None
        shift = cls(round(column), round(row))
        window = PixelWindow(shift.right, shift.down, former.width, former.height)
        return shift if now.crop(window).is_same(former) else None


@dataclass(frozen=True)
class LabelShift:
    """The labels of an image, moved from the grid `former` to the grid `now` by a `shift`."""

    former: RasterGrid
    now: RasterGrid
    shift: Shift

    @cached_property
    def _before(self) -> TilePyramid:
        return pyramid_of(self.former)

    @cached_property
    def _after(self) -> TilePyramid:
        return pyramid_of(self.now)

    def outside(self, connection: sqlite3.Connection, image_id: int) -> int:
        """Return how many labelled px would lie outside the new grid.

        Raises:
            DamageError: a tile is damaged.
        """
        return sum(self._outside(connection, image_id, key) for key in painted_keys(connection, image_id, self._before))

    def _outside(self, connection: sqlite3.Connection, image_id: int, key: TileKey) -> int:
        window = self._before.tile_window(key)
        inside = self._moved(window).intersection(self.now.window)
        if inside is not None and inside.pixels == window.pixels:
            return 0
        labelled = _load(connection, image_id, key)[: window.height, : window.width] != UNLABELLED
        if inside is not None:
            back = inside.shifted(-self.shift.right - window.x, -self.shift.down - window.y)
            labelled = labelled.copy()
            labelled[back.slices()] = False
        return int(np.count_nonzero(labelled))

    def target_keys(self, connection: sqlite3.Connection, image_id: int) -> list[TileKey]:
        """Return the tiles of the new grid that labels move to, row by row."""
        moved = (self._moved(self._before.tile_window(key)) for key in painted_keys(connection, image_id, self._before))
        return sorted({key for window in moved for key in self._after.tiles_in(0, window)})

    def tile(self, connection: sqlite3.Connection, image_id: int, key: TileKey) -> Tile:
        """Return a (512, 512) tile of the new grid with the labels that move to it.

        Raises:
            DamageError: a tile is damaged.
        """
        target = self._after.tile_window(key)
        wanted = target.shifted(-self.shift.right, -self.shift.down)
        tile = np.full((TILE, TILE), UNLABELLED, np.uint8)
        for source in self._before.tiles_in(0, wanted):
            window = self._before.tile_window(source)
            common = window.intersection(wanted)
            if common is not None:
                values = _load(connection, image_id, source)[common.shifted(-window.x, -window.y).slices()]
                tile[common.shifted(-wanted.x, -wanted.y).slices()] = values
        return tile

    def _moved(self, window: PixelWindow) -> PixelWindow:
        return window.shifted(self.shift.right, self.shift.down)


def _load(connection: sqlite3.Connection, image_id: int, key: TileKey) -> Tile:
    tile = load_tile(connection, image_id, key)
    return EMPTY_TILE if tile is None else tile


def shifted_rings(rings: Iterable[Polygon], shift: Shift) -> tuple[Polygon, ...]:
    """Return polygons in px of the new grid."""
    return tuple(tuple((column + shift.right, row + shift.down) for column, row in ring) for ring in rings)
