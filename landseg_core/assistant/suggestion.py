"""What the assistant suggests: a class for each cell, from those that have labels.

Softmax regression on the features of labelled cells gives every cell its shares of the classes. Then neighbours that
look alike agree: in each round, shares become part their own and part the mean of the neighbours' (label spreading;
Zhou et al.: "Learning with Local and Global Consistency", NIPS 2003), while labelled cells keep their label.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from landseg_core.assistant.cell_graph import SimilarNeighbours, borders_of
from landseg_core.assistant.features import Features, TileCells
from landseg_core.assistant.linear import fit_softmax, softmax
from landseg_core.assistant.rows import TileRows
from landseg_core.geo.tiling import TileKey

RIDGE = 2.0
"""The penalty of the regression, for standardised features."""
_SPREAD = 0.8
"""How much of a cell's shares are those of its neighbours."""
_ROUNDS = 8
_ALIKE = 0.5
"""See `SimilarNeighbours`."""
MOST_OF_CLASS = 12.0
"""See `row_weights`."""
MOST_ROWS = 2000
"""So many labelled cells are used at most, those that weigh most."""

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RowGroup:
    """Rows of one origin: `origin` says which, such as an image and a tile.

    `weight` is how much they count beside those of the tiles in view, which have 1.
    """

    origin: object
    rows: TileRows
    weight: float = 1.0


@dataclass(frozen=True)
class Reason:
    """A labelled cell that speaks for a suggestion.

    Attributes:
        origin: that of the row's group.
        position: mean column and row of its labels, in px of its tile.
        share: its part of all that speaks for the class.
    """

    origin: object
    position: tuple[float, float]
    share: float


@dataclass(frozen=True, eq=False)
class FittedRows:
    """The rows that a suggestion is fitted to: standardised features (N, F), shares of the K classes and weights."""

    features: Features
    shares: Doubles
    weights: Doubles
    origins: list[tuple[object, npt.NDArray[np.float64]]]


class Suggestion:
    """The shares of the classes in every cell of some tiles, and what speaks for them.

    `predicted` are the (n,) numbers of the classes that a model predicts for the cells: where one of them is suggested,
    no label is needed to explain it.
    """

    def __init__(
        self,
        classes: npt.NDArray[np.uint8],
        shares: npt.NDArray[np.float32],
        parts: Mapping[TileKey, slice],
        cells: Features,
        rows: FittedRows,
        support: Doubles,
        predicted: npt.NDArray[np.intp] | None = None,
    ) -> None:
        self.classes = classes
        self._shares, self._parts, self._predicted = shares, parts, predicted
        self._cells, self._rows, self._support = cells, rows, support

    @property
    def is_of_model(self) -> bool:
        """Return whether it begins with what a model predicts."""
        return self._predicted is not None

    @property
    def tiles(self) -> tuple[TileKey, ...]:
        """Return the tiles that it is about."""
        return tuple(self._parts)

    def shares(self, key: TileKey) -> npt.NDArray[np.float32]:
        """Return (n, K): the shares of the K `classes` in the cells of a tile."""
        return self._shares[self._parts[key]]

    def values(self, key: TileKey) -> npt.NDArray[np.uint8]:
        """Return (n,): the class value suggested for each cell of a tile."""
        return np.asarray(self.classes[self.shares(key).argmax(axis=1)])

    def confidence(self, key: TileKey) -> npt.NDArray[np.float32]:
        """Return (n,): the share of the suggested class."""
        return np.asarray(self.shares(key).max(axis=1, initial=0))

    def reasons(self, key: TileKey, cell: int, most: int = 3) -> list[Reason]:
        """Return the labelled cells that speak most for what is suggested, the strongest first.

        At the minimum of the loss the weights are a sum over the rows, each times its weight and how far the model is
        from its label (representer theorem). So is the score of a cell, and each row's part of it is known.
        """
        number = self._parts[key].start + cell
        chosen = int(self._shares[number].argmax())
        if self._predicted is not None and self._predicted[number] == chosen:
            return []
        alike = self._rows.features @ self._cells[number] + 1
        parts = np.where(self._rows.shares[:, chosen] > 0, alike * self._support[:, chosen], 0).clip(min=0)
        strongest = np.argsort(-parts, kind="stable")[:most]
        return [self._reason(row, parts) for row in strongest if parts[row] > 0]

    def _reason(self, row: int, parts: Doubles) -> Reason:
        origin, (column, across) = self._rows.origins[row]
        return Reason(origin, (float(column), float(across)), float(parts[row] / parts.sum()))


def row_weights(groups: Sequence[RowGroup], classes: npt.NDArray[np.uint8]) -> Doubles:
    """Return (N,): how much each row of the groups, which are of one tile each, counts.

    Labels near each other are much alike: n cells of a tile count as their root, or a polygon would outweigh single
    clicks. In view that holds for each class, and all of a class count as `MOST_OF_CLASS` cells at most, or a
    suggestion that was accepted would prove itself right. Elsewhere it holds for all classes together, since there
    labels say how common a class is.
    """
    in_view = [group for group in groups if group.weight >= 1]
    totals = sum((np.sqrt(_class_counts(group, classes)) for group in in_view), np.zeros(len(classes)))
    most = np.minimum(1, MOST_OF_CLASS / np.maximum(totals, 1))
    return np.concatenate([np.empty(0), *(_group_weights(group, classes, most) for group in groups)])


def _class_counts(group: RowGroup, classes: npt.NDArray[np.uint8]) -> Doubles:
    """Return (K,) how many cells of a group have a label of each class; those that a label only touches count less."""
    return np.asarray(group.rows.labelled.weights @ group.rows.labelled.shares(classes))


def _group_weights(group: RowGroup, classes: npt.NDArray[np.uint8], most: Doubles) -> Doubles:
    counts = _class_counts(group, classes)
    if group.weight < 1:
        counts, most = np.full_like(counts, counts.sum()), np.ones_like(most)
    shares = group.rows.labelled.shares(classes)
    return np.asarray(group.weight * group.rows.labelled.weights * (shares @ (most * np.maximum(counts, 1) ** -0.5)))


class ViewCells:
    """The cells of the tiles in view, prepared once for all suggestions about them."""

    def __init__(self, tiles: Mapping[TileKey, TileCells]) -> None:
        """Take the tiles, all of one level, of which at least one has a cell."""
        ends = np.cumsum([len(tile.features) for tile in tiles.values()]).tolist()
        self._parts = {key: slice(end - len(tiles[key].features), end) for key, end in zip(tiles, ends, strict=True)}
        features = np.concatenate([tile.features for tile in tiles.values()])
        columns = next(iter(tiles.values())).columns
        self._mean = features.mean(axis=0)
        self._scale = columns.weights / (features.std(axis=0) + np.float32(1e-6))
        self._features = self._standardised(features)
        starts = {key: part.start for key, part in self._parts.items()}
        borders = borders_of({key: tile.outline for key, tile in tiles.items()}, starts)
        self._neighbours = SimilarNeighbours(borders, self._features[:, columns.looks], _ALIKE)

    def _standardised(self, features: Features) -> Features:
        return np.asarray((features - self._mean) * self._scale)

    def suggest(
        self, groups: Sequence[RowGroup], labelled: Mapping[TileKey, TileRows], classes: Sequence[int]
    ) -> Suggestion | None:
        """Return what the rows suggest for all cells; None while fewer than two classes have a label.

        Args:
            groups: the rows to fit, also those of `labelled` tiles; those of images with other bands do not count.
            labelled: the rows of the tiles in view, whose cells keep their label.
            classes: the class values that there are; labels of others do not count.
        """
        alike = [group for group in groups if group.rows.features.shape[1] == self._features.shape[1]]
        known, rows = self._rows(alike, np.array(classes, np.uint8))
        if len(known) < 2:
            return None
        model = fit_softmax(rows.features, rows.shares, weights=rows.weights, ridge=RIDGE)
        wrong = rows.shares - softmax(model.scores(rows.features))
        shares = self._spread(softmax(model.scores(self._features)), *self._pinned(labelled, known))
        support = wrong * rows.weights[:, np.newaxis] / RIDGE
        return Suggestion(known, shares, self._parts, self._features, rows, support)

    def _rows(
        self, groups: Sequence[RowGroup], classes: npt.NDArray[np.uint8]
    ) -> tuple[npt.NDArray[np.uint8], FittedRows]:
        """Return the classes that have rows, and the rows, of those that weigh most if there are too many."""
        shares = np.concatenate([np.empty((0, len(classes))), *(g.rows.labelled.shares(classes) for g in groups)])
        weights = row_weights(groups, classes)
        used = np.argsort(-weights * shares.any(axis=1), kind="stable")[:MOST_ROWS]
        used = np.sort(used[shares[used].any(axis=1)])
        known = shares[used].any(axis=0)
        features = np.concatenate([self._features[:0], *(self._standardised(g.rows.features) for g in groups)])
        origins = [(group.origin, position) for group in groups for position in group.rows.labelled.positions]
        rows = FittedRows(features[used], shares[np.ix_(used, known)], weights[used], [origins[row] for row in used])
        return classes[known], rows

    def _pinned(
        self, labelled: Mapping[TileKey, TileRows], classes: npt.NDArray[np.uint8]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """Return the cells in view that have a label of their own, and their shares."""
        cells, shares = [np.empty(0, np.int64)], [np.empty((0, len(classes)), np.float32)]
        for key, rows in labelled.items():
            own = rows.labelled.shares(classes)
            fixed = (rows.labelled.weights >= 1) & own.any(axis=1)
            cells.append(rows.labelled.cells[fixed] + self._parts[key].start)
            shares.append(own[fixed].astype(np.float32))
        return np.concatenate(cells), np.concatenate(shares)

    def _spread(
        self, own: npt.NDArray[np.float32], cells: npt.NDArray[np.int64], fixed: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float32]:
        """Return (n, K) shares after neighbours have agreed; those of `cells` are `fixed`."""
        own[cells] = fixed
        shares = own
        for _ in range(_ROUNDS):
            shares = (1 - _SPREAD) * own + _SPREAD * self._neighbours.mean(shares)
            shares[cells] = fixed
        return shares
