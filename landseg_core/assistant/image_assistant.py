"""Suggestions for what is in view of an image, from the labels of the whole image and of others."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from landseg_core.assistant.cell_graph import Ids
from landseg_core.assistant.features import CellFeatures, Filters, Pixels, TileCells, Valid
from landseg_core.assistant.filters import MARGIN, texture_maps
from landseg_core.assistant.rows import ImageRows, TileRows, nearest_labelled
from landseg_core.assistant.suggestion import Reason, RowGroup, Suggestion, ViewCells
from landseg_core.assistant.tile_pixels import ImageScale, read_tile_image
from landseg_core.events import JobControl
from landseg_core.geo.tiling import TileKey, TilePyramid
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.labels.pyramid import is_empty
from landseg_core.raster.pyramid.overviews import PyramidReader
from landseg_core.raster.tiles import TileBudget

AROUND = 64
"""Px of the screen around the view that a suggestion covers, too."""
ELSEWHERE = 0.5
"""How much a label counts that is in the same image, but not in the tiles in view."""
OTHER_IMAGE = 0.3
MOST_TILES = 32
"""So many labelled tiles outside the view are used at most, the nearest to it."""
FIRST_TILES = 4
"""So many unknown tiles are computed for a first suggestion, those in the middle of the view."""
_THREADS = 2

Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class RowOrigin:
    """Where a labelled cell is: the name of its image, and its tile."""

    image: str
    key: TileKey

    def position(self, reason: Reason) -> tuple[float, float]:
        """Return the (column, row) of a reason of this origin in px of its image."""
        (column, row), scale = reason.position, 1 << self.key.level
        side = TilePyramid(1, 1).tile
        return (self.key.column * side + column) * scale, (self.key.row * side + row) * scale


@dataclass(frozen=True, eq=False)
class SuggestedView:
    """A suggestion as an image.

    Attributes:
        level: that of its pixels.
        window: the part of the image that it covers, in px of `level`.
        values: (H, W) uint8 class values, 255 where there is no data.
        confidence: (H, W) uint8, 255 for a share of 1.
    """

    level: int
    window: PixelWindow
    values: Codes
    confidence: Codes
    suggestion: Suggestion


class ImageAssistant:
    """What is known of one image: features of its cells, its labelled cells, and suggestions made of them.

    Labels that change are noticed. Methods may be called from any thread, `suggest` from one at a time.
    """

    def __init__(
        self,
        name: str,
        reader: PyramidReader,
        labels: LabelRaster,
        cells: Callable[[TileKey], Ids],
        scale: Callable[[], ImageScale],
        budget: TileBudget,
        filters: Sequence[Filters] = (texture_maps,),
    ) -> None:
        """Work on the image of `reader`; `cells` returns those of a tile, `scale` how its values are normalised."""
        self.name = name
        self._pyramid, self._labels, self._ids = reader.pyramid, labels, cells
        self._features = CellFeatures(partial(_pixels, reader, scale), cells, filters, budget)
        self._rows = ImageRows[TileRows]()
        self._view: tuple[dict[TileKey, TileCells], ViewCells] | None = None
        self._unsubscribe = labels.subscribe(self._rows.drop)

    @property
    def features(self) -> CellFeatures:
        """Return the features of its cells."""
        return self._features

    @property
    def cells(self) -> Callable[[TileKey], Ids]:
        """Return what returns the cells of a tile."""
        return self._ids

    @property
    def labels(self) -> LabelRaster:
        """Return its labels."""
        return self._labels

    def close(self) -> None:
        """Stop following the labels, and release the features."""
        self._unsubscribe()
        self._features.clear()
        self._view = None

    def suggest(
        self,
        level: int,
        seen: PixelWindow,
        classes: Sequence[int],
        others: Sequence[RowGroup] = (),
        control: JobControl | None = None,
        *,
        complete: bool = True,
        first: bool = False,
    ) -> SuggestedView | None:
        """Return what the labels suggest in and around a view; None while fewer than two classes have a label.

        Args:
            level: that on screen.
            seen: what is in view, in full-resolution px.
            classes: the class values that there are.
            others: rows of other images, see `row_groups`.
            control: a request to stop is heard between tiles.
            complete: whether to compute the labelled tiles outside the view that are not known yet, or do without them.
            first: whether to be content with the tiles that are known and a few in the middle of the view.

        Raises:
            JobStopped: on request.
            RasterError: the image cannot be read.
        """
        control = control or JobControl()
        control.checkpoint()
        keys = tiles_around(self._pyramid, level, seen)
        if first:
            missing = self._missing(keys)
            keys = sorted(set(keys) - set(missing[FIRST_TILES:]))
        near = self._nearest(level, keys)
        if not complete:
            near = [key for key in near if self._features.cached(key) is not None]
        if not self._have_two_classes([*keys, *near], classes, others):
            return None  # before anything is read of the image
        self._compute([*keys, *near], control)
        inside = {key: self._tile_rows(key) for key in keys}
        groups = [RowGroup(RowOrigin(self.name, key), rows) for key, rows in inside.items()]
        outside = [RowGroup(RowOrigin(self.name, key), self._tile_rows(key), ELSEWHERE) for key in near]
        control.checkpoint()
        view = self._view_cells({key: self._features.of(key) for key in keys})
        found = view.suggest([*groups, *outside, *others], inside, classes) if view else None
        return self._drawn(keys, found) if found else None

    def _have_two_classes(self, keys: Iterable[TileKey], classes: Sequence[int], others: Sequence[RowGroup]) -> bool:
        known = set(classes) & {int(value) for group in others for value in group.rows.labelled.values}
        for key in keys:
            known |= set(classes) & _values_in(self._labels.tile(key))
            if len(known) > 1:
                return True
        return len(known) > 1

    def has_much_to_do(self, level: int, seen: PixelWindow) -> bool:
        """Return whether so much of a view is unknown that a first suggestion for its middle is worth its time."""
        return len(self._missing(tiles_around(self._pyramid, level, seen))) > 2 * FIRST_TILES

    def _missing(self, keys: Sequence[TileKey]) -> list[TileKey]:
        """Return the tiles that are not known, those in the middle first."""
        middle = sum(key.row for key in keys) / len(keys), sum(key.column for key in keys) / len(keys)
        missing = [key for key in keys if self._features.cached(key) is None]
        return sorted(missing, key=lambda key: math.hypot(key.row - middle[0], key.column - middle[1]))

    def is_complete(self, level: int, seen: PixelWindow) -> bool:
        """Return whether all labelled tiles that count for a view are known."""
        near = self._nearest(level, tiles_around(self._pyramid, level, seen))
        return all(self._features.cached(key) is not None for key in near)

    def row_groups(self, level: int, weight: float, control: JobControl | None = None) -> list[RowGroup]:
        """Return the labelled cells of the image, for suggestions on other images; of `MOST_TILES` tiles at most.

        Raises:
            JobStopped: on request.
            RasterError: the image cannot be read.
        """
        keys = self._nearest(level, [])
        self._compute(keys, control or JobControl())
        return [RowGroup(RowOrigin(self.name, key), self._tile_rows(key), weight) for key in keys]

    def _nearest(self, level: int, keys: list[TileKey]) -> list[TileKey]:
        return nearest_labelled(self._labels, level, keys, MOST_TILES)

    def _compute(self, keys: Iterable[TileKey], control: JobControl) -> None:
        """Compute the features that are not cached, in threads."""
        missing = [key for key in keys if self._features.cached(key) is None]
        if not missing:
            return

        def compute(key: TileKey) -> None:
            control.checkpoint()
            self._features.of(key)

        with ThreadPoolExecutor(_THREADS, thread_name_prefix="features") as pool:
            for _ in pool.map(compute, missing):
                control.checkpoint()

    def _tile_rows(self, key: TileKey) -> TileRows:
        return self._rows.of(key, lambda: self._made_rows(key))

    def _made_rows(self, key: TileKey) -> TileRows:
        ids = self._ids(key)
        labels = self._labels.tile(key)[: ids.shape[0], : ids.shape[1]]
        return TileRows.of(self._features.of(key).features, ids, labels)

    def _view_cells(self, tiles: dict[TileKey, TileCells]) -> ViewCells | None:
        """Return the cells of the tiles, prepared; the same as before where the tiles are. None without data."""
        if self._view is None or self._view[0] != tiles:
            if not any(len(tile.features) for tile in tiles.values()):
                return None
            self._view = tiles, ViewCells(tiles)
        return self._view[1]

    def _drawn(self, keys: list[TileKey], found: Suggestion) -> SuggestedView:
        def tile(key: TileKey) -> tuple[Codes, Codes]:
            ids = self._ids(key)
            values = np.append(found.values(key), np.uint8(UNLABELLED))[ids]
            return values, np.append(np.rint(found.confidence(key) * 255), 0).astype(np.uint8)[ids]

        return drawn_view(self._pyramid, keys, tile, found)


def drawn_view(
    pyramid: TilePyramid,
    keys: Sequence[TileKey],
    tile: Callable[[TileKey], tuple[Codes, Codes]],
    suggestion: Suggestion,
) -> SuggestedView:
    """Return the view of tiles of one level; `tile` returns (H, W) class values and confidence of each."""
    windows = {key: pyramid.tile_window(key) for key in keys}
    x, y = min(window.x for window in windows.values()), min(window.y for window in windows.values())
    right, bottom = max(w.right for w in windows.values()), max(w.bottom for w in windows.values())
    values = np.full((bottom - y, right - x), UNLABELLED, np.uint8)
    confidence = np.zeros_like(values)
    for key, window in windows.items():
        part = window.shifted(-x, -y).slices()
        values[part], confidence[part] = tile(key)
    return SuggestedView(keys[0].level, PixelWindow(x, y, right - x, bottom - y), values, confidence, suggestion)


def _values_in(labels: npt.NDArray[np.uint8]) -> set[int]:
    return set() if is_empty(labels) else set(np.flatnonzero(np.bincount(labels.ravel())).tolist())


def _pixels(reader: PyramidReader, scale: Callable[[], ImageScale], key: TileKey) -> tuple[Pixels, Valid]:
    tile = read_tile_image(reader, key, scale(), MARGIN)
    return tile.bands, tile.valid


def tiles_around(pyramid: TilePyramid, level: int, seen: PixelWindow) -> list[TileKey]:
    """Return the tiles of a level that a suggestion covers where `seen`, in full-resolution px, is in view."""
    by = AROUND << level
    around = PixelWindow(seen.x - by, seen.y - by, seen.width + 2 * by, seen.height + 2 * by)
    return list(pyramid.tiles_in(level, around))
