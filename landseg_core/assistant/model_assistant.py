"""Suggestions for what is in view of an image that begin with the predictions of a model, and follow labels at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from landseg_core.assistant.cell_graph import Ids
from landseg_core.assistant.corrections import LastLayerRows
from landseg_core.assistant.features import CellFeatures
from landseg_core.assistant.image_assistant import (
    ELSEWHERE,
    MOST_TILES,
    Codes,
    RowOrigin,
    SuggestedView,
    drawn_view,
    tiles_around,
)
from landseg_core.assistant.model_suggestion import (
    ModelClasses,
    ModelRowGroup,
    ModelRows,
    ModelView,
)
from landseg_core.assistant.model_tiles import ModelTiles
from landseg_core.assistant.rows import ImageRows, labelled_cells, nearest_labelled
from landseg_core.events import JobControl
from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED
from landseg_core.labels.label_raster import LabelRaster

REPLAY_TILES = 8
"""So many random tiles of the image give the cells for replay."""
REPLAY_CELLS = 1_000
"""Cells of which the model's opinion should stay as it is, at most."""
_FIRST, _NEXT = 2, 4
"""Tiles in the middle of the view that are shown before the rest of it is computed, and how many more each time."""


class ModelAssistant:
    """What a model and the labels say of one image: `compute` what is `missing` of a view, then `suggest`.

    Labels that change are noticed. Methods may be called from any thread, `compute` and `suggest` from one at a time.
    """

    def __init__(
        self,
        name: str,
        model: ModelTiles,
        features: CellFeatures,
        cells: Callable[[TileKey], Ids],
        labels: LabelRaster,
    ) -> None:
        """Work on the image `name`; `cells` returns those of a tile, of which `features` has the filters."""
        self.name = name
        self._model, self._features, self._ids, self._labels = model, features, cells, labels
        self._pyramid = labels.pyramid
        self._rows = ImageRows[ModelRows]()
        self._replay: dict[TileKey, LastLayerRows] = {}
        self._replay_tiles = cache(self._drawn_tiles)
        self._unsubscribe = labels.subscribe(self._rows.drop)

    def close(self) -> None:
        """Stop following the labels, and release what has been computed."""
        self._unsubscribe()
        self._model.clear()

    def missing(self, level: int, seen: PixelWindow) -> list[list[TileKey]]:
        """Return the tiles that are still to be computed for a view (full-resolution px), in parts, urgent ones first.

        These are the middle of the view, more and more of the rest of it, labelled tiles elsewhere, and random ones for
        replay. From now on, those of the view are not evicted.
        """
        inside = _from_the_middle(tiles_around(self._pyramid, level, seen))
        self._model.hold(inside)
        unknown = [key for key in inside if not self._is_known(key)]
        near = [key for key in self._nearest(level, inside) if not self._rows.has(key)]
        replay = [key for key in self._replay_tiles(level) if key not in self._replay]
        rest = [unknown[start : start + _NEXT] for start in range(_FIRST, len(unknown), _NEXT)]
        return [part for part in (unknown[:_FIRST], *rest, near, replay) if part]

    def compute(self, keys: Iterable[TileKey], control: JobControl | None = None) -> None:
        """Run the model on tiles, where it has not been yet.

        Raises:
            JobStopped: on request, between tiles.
            RasterError: the image cannot be read.
        """
        for key in keys:
            if control is not None:
                control.checkpoint()
            self._cells(key)  # rows may be known of a tile that has been evicted
            self._tile_rows(key)
            if key in self._replay_tiles(key.level) and key not in self._replay:
                self._replay[key] = self._drawn_cells(key, REPLAY_CELLS // len(self._replay_tiles(key.level)))

    def suggest(
        self, level: int, seen: PixelWindow, classes: ModelClasses, others: Sequence[ModelRowGroup] = ()
    ) -> SuggestedView | None:
        """Return what model and labels suggest in and around a view, as far as it is known; None where nothing is.

        Args:
            level: that on screen.
            seen: what is in view, in full-resolution px.
            classes: those that there are; labels of others do not count.
            others: rows of other images.
        """
        keys = [key for key in tiles_around(self._pyramid, level, seen) if self._is_known(key)]
        if not keys:
            return None
        inside = {key: self._tile_rows(key) for key in keys}
        groups = [ModelRowGroup(RowOrigin(self.name, key), rows) for key, rows in inside.items()]
        near = [key for key in self._nearest(level, keys) if self._rows.has(key)]
        outside = [ModelRowGroup(RowOrigin(self.name, key), self._tile_rows(key), ELSEWHERE) for key in near]
        groups += [*outside, *others]
        known = classes.with_labels(groups)
        view = ModelView({key: self._cells(key) for key in keys}, known)
        found = view.suggest(groups, inside, self._replay_of(keys))

        def tile(key: TileKey) -> tuple[Codes, Codes]:
            scores = known.scores(self._model.of(key).pixels)
            return _decided(scores, found.changes[key], self._ids(key), known.values)

        return drawn_view(self._pyramid, keys, tile, found.suggestion)

    def row_groups(
        self, level: int, weight: float, most: int, control: JobControl | None = None
    ) -> list[ModelRowGroup]:
        """Return the labelled cells of `most` tiles at most, for suggestions on other images.

        Raises:
            JobStopped: on request.
            RasterError: the image cannot be read.
        """
        keys = nearest_labelled(self._labels, level, [], most)
        self.compute(keys, control)
        return [ModelRowGroup(RowOrigin(self.name, key), self._tile_rows(key), weight) for key in keys]

    def _is_known(self, key: TileKey) -> bool:
        return self._model.cached(key) is not None and self._features.cached(key) is not None

    def _nearest(self, level: int, keys: Sequence[TileKey]) -> list[TileKey]:
        return nearest_labelled(self._labels, level, keys, MOST_TILES)

    def _tile_rows(self, key: TileKey) -> ModelRows:
        return self._rows.of(key, lambda: self._made_rows(key))

    def _made_rows(self, key: TileKey) -> ModelRows:
        ids = self._ids(key)
        labelled = labelled_cells(ids, self._labels.tile(key)[: ids.shape[0], : ids.shape[1]])
        return ModelRows(labelled, self._cells(key).chosen(labelled.cells))

    def _cells(self, key: TileKey) -> LastLayerRows:
        """Return what the model and the filters say of the cells of a tile."""
        found = self._model.of(key)
        return LastLayerRows(np.hstack([found.features, self._features.of(key).features]), found.scores)

    # --- replay

    def _drawn_tiles(self, level: int) -> frozenset[TileKey]:
        """Return random tiles of a level, always the same ones."""
        width, height = self._pyramid.level_size(level)
        every = list(self._pyramid.tiles_in(level, PixelWindow(0, 0, width << level, height << level)))
        chosen = np.random.default_rng(0).permutation(len(every))[:REPLAY_TILES]
        return frozenset(every[number] for number in chosen.tolist())

    def _drawn_cells(self, key: TileKey, most: int) -> LastLayerRows:
        """Return random cells of a tile, always the same ones."""
        cells = self._cells(key)
        return cells.chosen(np.random.default_rng(0).permutation(len(cells))[:most])

    def _replay_of(self, keys: Sequence[TileKey]) -> LastLayerRows:
        """Return cells for replay: of random tiles of the image, and until those are known of the tiles in view."""
        known = [self._replay[key] for key in self._replay_tiles(keys[0].level) if key in self._replay]
        return LastLayerRows.joined(known or [self._drawn_cells(key, REPLAY_CELLS // len(keys)) for key in keys])


def _decided(
    scores: npt.NDArray[np.float32], changes: npt.NDArray[np.float32], ids: Ids, values: Codes
) -> tuple[Codes, Codes]:
    """Return the class value and the confidence (of 255) of each pixel of a tile.

    Args:
        scores: (K, H, W), which are overwritten.
        changes: (n, K) what is added to them in each cell.
        ids: (H, W) the cell of each pixel.
        values: (K,) the class values.
    """
    for plane, change in zip(scores, changes.T, strict=True):
        plane += np.append(change, np.float32(0)).take(ids, mode="wrap")  # -1 is the last one
    best, chosen = scores[0].copy(), np.zeros(ids.shape, np.uint8)
    for number, plane in enumerate(scores):
        np.copyto(chosen, np.uint8(number), where=plane > best)  # several times as fast as argmax along the first axis
        np.maximum(best, plane, out=best)
    scores -= best
    confidence = np.rint(255 / np.exp(scores, out=scores).sum(axis=0)).astype(np.uint8)
    chosen[ids < 0], confidence[ids < 0] = len(values), 0
    return np.append(values, np.uint8(UNLABELLED))[chosen], confidence


def _from_the_middle(keys: Sequence[TileKey]) -> list[TileKey]:
    """Return tiles sorted by their distance to the middle of all."""
    row, column = (sum(at) / max(len(keys), 1) for at in ([k.row for k in keys], [k.column for k in keys]))
    return sorted(keys, key=lambda key: math.hypot(key.row - row, key.column - column))
