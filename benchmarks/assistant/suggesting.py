"""What the window suggests for a view, from labels on it or on other images, without the window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.assistant.clicking import Ids
from benchmarks.assistant.scenes import CLASS_COUNT
from benchmarks.scribbles import UNLABELLED, Mask
from landseg_core.assistant.cell_graph import TileOutline
from landseg_core.assistant.cells import cut_cells
from landseg_core.assistant.features import Filters, TileCells, tile_features
from landseg_core.assistant.filters import MARGIN, texture_maps
from landseg_core.assistant.rows import TileRows
from landseg_core.assistant.suggestion import RowGroup, ViewCells
from landseg_core.assistant.tile_pixels import ImageScale, TileImage, read_tile_image
from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_core.raster.pyramid.overviews import PyramidReader
from landseg_core.raster.source import RasterSource

FILTERS: tuple[Filters, ...] = (texture_maps,)


@dataclass(frozen=True, eq=False)
class Tile:
    """A tile of full resolution: its window, the finest cell of each of its pixels, (H, W), and their features."""

    window: PixelWindow
    ids: Ids
    cells: TileCells

    @classmethod
    def of(cls, window: PixelWindow, image: TileImage) -> Tile:
        ids = cut_cells(image.rgb[image.inside], image.valid[image.inside]).ids
        found = tile_features(image.bands, image.valid, ids, FILTERS)
        return cls(window, ids, TileCells(*found, TileOutline.of(ids)))


class ViewTiles:
    """The tiles that a view of an image touches."""

    def __init__(self, image: Path, view: PixelWindow) -> None:
        """Read the tiles of an image that a view touches, and compute cells and features."""
        self._view = view
        with RasterSource(image) as source:
            reader, scale = PyramidReader(source), ImageScale.of(source)
            self._tiles = {
                key: Tile.of(reader.pyramid.tile_window(key), read_tile_image(reader, key, scale, MARGIN))
                for key in reader.pyramid.tiles_in(0, view)
            }
            reader.close()

    @classmethod
    def of_image(cls, image: Path) -> ViewTiles:
        """Return all tiles of an image."""
        with RasterSource(image) as source:
            window = source.grid.window
        return cls(image, window)

    @cached_property
    def cells(self) -> Ids:
        """Return the finest cell of each pixel of the view, (H, W), in all tiles other numbers; -1 without data."""
        counts = [len(tile.cells.features) for tile in self._tiles.values()]
        starts = np.cumsum([0, *counts]).tolist()
        numbered = [
            np.where(tile.ids < 0, -1, tile.ids + at) for tile, at in zip(self._tiles.values(), starts, strict=False)
        ]
        return self._over_view(numbered, np.int32(-1))

    def rows(self, labels: Mask) -> dict[TileKey, TileRows]:
        """Return the labelled cells of each tile, for (H, W) labels of the view."""
        found = {}
        for key, tile in self._tiles.items():
            own = np.full(tile.ids.shape, UNLABELLED, np.uint8)
            common, inside = self._overlap(tile)
            own[inside] = labels[common]
            found[key] = TileRows.of(tile.cells.features, tile.ids, own)
        return found

    def suggest(self, labels: Mask) -> Mask:
        """Return what labels of the view suggest for it, (H, W) class values; UNLABELLED where they are too few."""
        rows = self.rows(labels)
        return self._suggested([RowGroup(key, found) for key, found in rows.items()], rows)

    def suggest_from(self, others: Sequence[RowGroup]) -> Mask:
        """Return what the labels of other images suggest for the view."""
        return self._suggested(others, {})

    @cached_property
    def _prepared(self) -> ViewCells:
        return ViewCells({key: tile.cells for key, tile in self._tiles.items()})

    def _suggested(self, groups: Sequence[RowGroup], labelled: dict[TileKey, TileRows]) -> Mask:
        found = self._prepared.suggest(groups, labelled, range(CLASS_COUNT))
        if found is None:
            return np.full((self._view.height, self._view.width), UNLABELLED, np.uint8)
        values = [np.append(found.values(key), np.uint8(UNLABELLED))[tile.ids] for key, tile in self._tiles.items()]
        return self._over_view(values, np.uint8(UNLABELLED))

    def _over_view(self, parts: Sequence[npt.NDArray[Any]], nothing: np.generic) -> npt.NDArray[Any]:
        """Return the (H, W) view of the arrays of all tiles."""
        whole = np.full((self._view.height, self._view.width), nothing)
        for tile, part in zip(self._tiles.values(), parts, strict=True):
            common, inside = self._overlap(tile)
            whole[common] = part[inside]
        return whole

    def _overlap(self, tile: Tile) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
        """Return where a tile and the view overlap: rows and columns of the view, and of the tile."""
        common = tile.window.intersection(self._view)
        assert common is not None  # only tiles that the view touches are read
        return tuple(common.shifted(-of.x, -of.y).slices() for of in (self._view, tile.window))
