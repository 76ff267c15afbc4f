"""What a model suggests for cells once labels have changed its scores.

The scores of a cell are the means of the model's own plus a change that is linear in what goes into the model's last
layer and in filters. It is fitted to labelled cells, and with replay to others, as a correction of the model is (see
`corrections`). A pixel keeps how its own scores differ from those of its cell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from landseg_core.assistant.corrections import RIDGE, LastLayerRows, fit_change
from landseg_core.assistant.linear import softmax
from landseg_core.assistant.rows import LabelledCells
from landseg_core.assistant.suggestion import MOST_ROWS, FittedRows, Suggestion
from landseg_core.geo.tiling import TileKey
from landseg_core.labels.classes import ClassSchema

LACKING = -2.0
"""The score, as the logarithm of a probability, of a class that labels know, but the model does not."""
_ITERATIONS = 50
"""Of a fit, at most: labels that contradict one another would take several times as many, for the same suggestion."""
_LEAST_SHARE = 1e-4
"""Shares count as this at least, so that they have a logarithm."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class ModelClasses:
    """The classes of a suggestion, and which output of the model each one is, by its name.

    Attributes:
        values: (K,) class values.
        outputs: (K,) the numbers of the outputs; -1 for a class that the model does not know.
    """

    values: npt.NDArray[np.uint8]
    outputs: npt.NDArray[np.int64]

    @classmethod
    def of(cls, own: ClassSchema, wanted: ClassSchema) -> ModelClasses:
        """Return those of `wanted` for a model with the classes `own`."""
        outputs = [own.names.index(name) if name in own.names else -1 for name in wanted.names]
        return cls(np.array(wanted.values, np.uint8), np.array(outputs, np.int64))

    def with_labels(self, groups: Sequence[ModelRowGroup]) -> ModelClasses:
        """Return those that the model or at least one label knows."""
        labelled = {value for group in groups for value in group.rows.labelled.values.tolist()}
        used = [
            bool(output >= 0) or value in labelled
            for value, output in zip(self.values.tolist(), self.outputs, strict=True)
        ]
        return ModelClasses(self.values[used], self.outputs[used])

    def scores(self, own: npt.NDArray[np.floating]) -> Floats:
        """Return (K, ...) scores of the classes from (M, ...) ones of the model's outputs."""
        found = own[self.outputs].astype(np.float32)
        found[self.outputs < 0] = LACKING
        return found

    def cells(self, own: LastLayerRows) -> LastLayerRows:
        """Return cells with scores of the classes from cells with those of the model's outputs."""
        return LastLayerRows(own.features, np.ascontiguousarray(self.scores(own.scores.T).T))


@dataclass(frozen=True, eq=False)
class ModelRows:
    """The labelled cells of a tile, and what the model says of them; they stay when the tile is evicted."""

    labelled: LabelledCells
    cells: LastLayerRows


@dataclass(frozen=True, eq=False)
class ModelRowGroup:
    """Rows of one origin: `origin` says which, such as an image and a tile; `weight` is how much they count."""

    origin: object
    rows: ModelRows
    weight: float = 1.0


@dataclass(frozen=True, eq=False)
class ModelSuggestion:
    """A suggestion for cells, and for each tile the (n, K) `changes` that make the scores of its pixels follow it."""

    suggestion: Suggestion
    changes: Mapping[TileKey, Floats]


class ModelView:
    """The cells of the tiles in view, of one level, as a model and filters describe them."""

    def __init__(self, tiles: Mapping[TileKey, LastLayerRows], classes: ModelClasses) -> None:
        """Take all cells of each tile; suggest the `classes`."""
        ends = np.cumsum([len(cells) for cells in tiles.values()]).tolist()
        self._parts = {key: slice(end - len(tiles[key]), end) for key, end in zip(tiles, ends, strict=True)}
        self._classes = classes
        self._cells = classes.cells(LastLayerRows.joined(list(tiles.values())))
        self._own = softmax(self._cells.scores)

    def suggest(
        self, groups: Sequence[ModelRowGroup], labelled: Mapping[TileKey, ModelRows], replay: LastLayerRows
    ) -> ModelSuggestion:
        """Return what model and labels suggest for all cells; without labels, what the model predicts.

        Args:
            groups: the labelled cells to fit to, also those of `labelled` tiles.
            labelled: the rows of the tiles in view, whose cells keep their label.
            replay: cells of which the model's opinion should stay as it is.
        """
        cells, rows = self._labelled(groups)
        if not len(cells):
            return self._made(self._own, rows, self._cells.features, rows.shares)
        fitted = fit_change(cells, rows.shares, rows.weights, self._classes.cells(replay), max_iterations=_ITERATIONS)
        wrong = rows.shares - softmax(cells.scores + fitted.model.scores(cells.features))
        support = wrong * (rows.weights / rows.weights.sum() / RIDGE)[:, np.newaxis]
        shares = softmax(self._cells.scores + fitted.model.scores(self._cells.features))
        self._pin(shares, labelled)
        rows = replace(rows, features=fitted.scale.standardised(rows.features))
        return self._made(shares, rows, fitted.scale.standardised(self._cells.features), support)

    def _labelled(self, groups: Sequence[ModelRowGroup]) -> tuple[LastLayerRows, FittedRows]:
        """Return the labelled cells, those that weigh most if there are too many, with their features as they are."""
        values = self._classes.values
        shares = np.concatenate([np.empty((0, len(values))), *(g.rows.labelled.shares(values) for g in groups)])
        weights = np.concatenate([np.empty(0), *(g.rows.labelled.weights * g.weight for g in groups)])
        used = np.argsort(-weights * shares.any(axis=1), kind="stable")[:MOST_ROWS]
        used = np.sort(used[shares[used].any(axis=1)])
        origins = [(group.origin, position) for group in groups for position in group.rows.labelled.positions]
        every = LastLayerRows.joined([group.rows.cells for group in groups])
        cells = self._classes.cells(every.chosen(used))
        return cells, FittedRows(cells.features, shares[used], weights[used], [origins[row] for row in used])

    def _pin(self, shares: Floats, labelled: Mapping[TileKey, ModelRows]) -> None:
        """Give the cells that are labelled well enough the shares of their labels."""
        for key, rows in labelled.items():
            own = rows.labelled.shares(self._classes.values)
            fixed = (rows.labelled.weights >= 1) & own.any(axis=1)
            shares[rows.labelled.cells[fixed] + self._parts[key].start] = own[fixed]

    def _made(
        self, shares: Floats, rows: FittedRows, features: Floats, support: npt.NDArray[np.float64]
    ) -> ModelSuggestion:
        """Return a suggestion of (n, K) shares; features are those of all cells, like those of the rows."""
        changes = np.log(np.maximum(shares, _LEAST_SHARE)) - np.log(np.maximum(self._own, _LEAST_SHARE))
        suggestion = Suggestion(
            self._classes.values, shares, self._parts, features, rows, support, self._own.argmax(axis=1)
        )
        return ModelSuggestion(suggestion, {key: changes[part] for key, part in self._parts.items()})
