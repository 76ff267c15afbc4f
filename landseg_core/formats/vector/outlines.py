"""Turns label tiles into polygons along pixel edges that are not split at tile edges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from affine import Affine
from rasterio.features import shapes

from landseg_core.formats.strips import KeyedTiles, Values
from landseg_core.formats.vector.union_find import Numbers, Seam, UnionFind, number_pieces
from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.tiling import TilePyramid
from landseg_core.geo.window import PixelWindow

Rings = Sequence[Sequence[tuple[float, float]]]
"""A polygon's outer ring and its holes, each closed."""


@dataclass(frozen=True)
class Outline:
    """The polygon of a region of one class, or of its piece in one tile, in px of the image."""

    value: int
    polygon: Any


def outlines(grid: RasterGrid, tiles: KeyedTiles) -> Iterator[tuple[int, list[Outline]]]:
    """Yield the regions that are complete after each row of tiles, with the px row down to which all is done.

    A region consists of pixels of one class that share edges. Only those that touch the lower edge of the row are kept
    in memory, as their pieces in the tiles above it.
    """
    pyramid = TilePyramid(grid.width, grid.height)
    tracer = _Tracer()
    for row, items in groupby(tiles, lambda item: item[0].row):
        tracer.begin_row(row)
        for key, tile in items:
            window = pyramid.tile_window(key)
            tracer.add(key.column, window, tile[: window.height, : window.width])
        yield min((row + 1) * pyramid.tile, grid.height), tracer.complete()
    tracer.begin_row(-1)
    yield grid.height, tracer.complete()


class _Tracer:
    """The regions that are not complete yet, and the seams that the next tiles will touch."""

    def __init__(self) -> None:
        self._pieces: UnionFind[Outline] = UnionFind()
        self._row = -1
        self._above: dict[int, Seam] = {}
        self._below: dict[int, Seam] = {}
        self._left: dict[int, Seam] = {}
        self._next_id = 0

    def begin_row(self, row: int) -> None:
        """Start a row of tiles, not necessarily the next one."""
        self._above = self._below if row == self._row + 1 else {}
        self._row, self._below, self._left = row, {}, {}

    def add(self, column: int, window: PixelWindow, values: Values) -> None:
        """Add the (H, W) values of the tile at `window`."""
        numbers = number_pieces(values)
        for number, outline in _pieces(numbers, values, window):
            self._pieces.add(self._next_id + number, outline)
        ids = numbers.astype(np.int64) + self._next_id
        self._next_id += int(numbers.max())
        self._join(self._above.get(column), Seam(ids[0], values[0]))
        self._join(self._left.get(column - 1), Seam(ids[:, 0], values[:, 0]))
        self._below[column] = Seam(ids[-1], values[-1])
        self._left = {column: Seam(ids[:, -1], values[:, -1])}

    def _join(self, before: Seam | None, here: Seam) -> None:
        if before is not None:
            self._pieces.join(before.common(here))

    def complete(self) -> list[Outline]:
        """Return and remove the regions that touch no tile that is still to come."""
        growing = {piece for seam in self._below.values() for piece in seam.labelled_ids()}
        return [merged(pieces) for pieces in self._pieces.take_complete(growing)]


def _pieces(numbers: Numbers, values: Values, window: PixelWindow) -> Iterator[tuple[int, Outline]]:
    """Yield the number and the outline of each piece of a tile."""
    numbered, first = np.unique(numbers, return_index=True)
    value_of = dict(zip(numbered.tolist(), values.ravel()[first].tolist(), strict=True))
    origin = Affine.translation(window.x, window.y)
    traced = list(shapes(numbers, mask=numbers > 0, connectivity=4, transform=origin))
    polygons = _polygons([geometry["coordinates"] for geometry, _ in traced])
    for (_, number), polygon in zip(traced, polygons, strict=True):
        yield int(number), Outline(value_of[int(number)], polygon)


def _polygons(outlines_of: Sequence[Rings]) -> npt.NDArray[Any]:
    """Return the shapely polygons of lists of rings, made in one call."""
    if not outlines_of:
        return np.empty(0, object)
    rings = [ring for polygon in outlines_of for ring in polygon]
    points = np.array([point for ring in rings for point in ring], np.float64)
    ring_ends = np.cumsum([0, *(len(ring) for ring in rings)])
    polygon_ends = np.cumsum([0, *(len(polygon) for polygon in outlines_of)])
    polygons: npt.NDArray[Any] = shapely.from_ragged_array(
        shapely.GeometryType.POLYGON, points, (ring_ends, polygon_ends)
    )
    return polygons


def merged(pieces: Sequence[Outline]) -> Outline:
    """Return the region that the pieces make up."""
    if len(pieces) == 1:
        return pieces[0]
    whole = shapely.union_all([piece.polygon for piece in pieces])
    return Outline(pieces[0].value, simplify_collinear(whole))


def simplify_collinear(polygon: Any) -> Any:
    """Return the polygon, whose edges are horizontal or vertical, without its collinear points."""
    return shapely.Polygon(_corners(polygon.exterior), [_corners(ring) for ring in polygon.interiors])


def _corners(ring: Any) -> Any:
    points = shapely.get_coordinates(ring)[:-1]
    before, after = np.roll(points, 1, axis=0), np.roll(points, -1, axis=0)
    goes_on = ((before == points) & (points == after)).any(axis=1)
    return points[~goes_on]
