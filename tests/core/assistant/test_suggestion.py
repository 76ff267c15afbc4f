from __future__ import annotations

import numpy as np
import pytest

from landseg_core.assistant.cell_graph import TileOutline
from landseg_core.assistant.features import Columns, TileCells
from landseg_core.assistant.rows import TileRows
from landseg_core.assistant.suggestion import MOST_OF_CLASS, RIDGE, RowGroup, Suggestion, ViewCells, row_weights
from landseg_core.geo.tiling import TileKey
from landseg_core.labels.classes import UNLABELLED

LEFT, RIGHT = TileKey(0, 0, 0), TileKey(0, 0, 1)
LAND, WATER, ROAD = 3, 7, 9


def squares(rows: int, columns: int, side: int = 4) -> np.ndarray:
    """Return the ids of square cells, row by row."""
    numbers = np.arange(rows * columns, dtype=np.int32).reshape(rows, columns)
    return numbers.repeat(side, axis=0).repeat(side, axis=1)


IDS = squares(6, 6)
BRIGHT = np.arange(36) % 6 >= 3
"""The cells of the right half."""


COLUMNS = Columns(np.ones(3, np.float32), np.ones(3, bool))


def cells(seed: int = 0, noise: float = 0.3) -> TileCells:
    """Return a tile whose left half is dark and whose right half is bright, with a feature that says nothing."""
    rng = np.random.default_rng(seed)
    features = rng.normal(scale=noise, size=(36, 3))
    features[:, 0] += np.where(BRIGHT, 1, -1)
    features[:, 1] -= np.where(BRIGHT, 1, -1)
    return TileCells(features.astype(np.float32), COLUMNS, TileOutline.of(IDS))


def labels(**cells_of: tuple[int, ...]) -> np.ndarray:
    values = {"land": LAND, "water": WATER, "road": ROAD}
    found = np.full(IDS.shape, UNLABELLED, np.uint8)
    for name, numbers in cells_of.items():
        found[np.isin(IDS, numbers)] = values[name]
    return found


def rows_of(tile: TileCells, drawn: np.ndarray) -> TileRows:
    return TileRows.of(tile.features, IDS, drawn)


def suggested(drawn: np.ndarray, tile: TileCells | None = None, classes: tuple[int, ...] = (LAND, WATER)) -> Suggestion:
    tile = tile or cells()
    rows = rows_of(tile, drawn)
    found = ViewCells({LEFT: tile}).suggest([RowGroup(LEFT, rows)], {LEFT: rows}, classes)
    assert found is not None
    return found


def test_two_labels_show_where_the_rest_belongs() -> None:
    found = suggested(labels(land=(6,), water=(11,)))
    assert found.values(LEFT).tolist() == np.where(BRIGHT, WATER, LAND).tolist()
    assert found.tiles == (LEFT,)
    assert ((found.confidence(LEFT) > 0.5) & (found.confidence(LEFT) <= 1)).all()
    np.testing.assert_allclose(found.shares(LEFT).sum(axis=1), 1, atol=1e-5)


def test_a_labelled_cell_keeps_its_label_though_all_others_say_something_else() -> None:
    found = suggested(labels(land=(0, 6, 12, 35), water=(4, 11, 17, 22)))
    assert found.values(LEFT)[35] == LAND
    assert found.confidence(LEFT)[35] == 1
    assert (found.values(LEFT)[[28, 29]] == WATER).all()


def test_a_cell_whose_label_only_touches_it_is_not_pinned() -> None:
    drawn = labels(land=(0, 6, 12), water=(4, 11, 17))
    drawn[-1, -1] = LAND  # one of 16 px
    found = suggested(drawn)
    assert found.values(LEFT)[35] == WATER


def test_neighbours_agree_where_they_look_alike() -> None:
    """A few cells that are hard to read follow those around them."""
    tile = cells(noise=0.05)
    tile.features[20:22] *= -0.1
    alone = tile.features[20:22, 0]
    assert (alone < 0.2).all()
    drawn = labels(land=(6, 12), water=(11, 17))
    apart = TileCells(tile.features, COLUMNS, TileOutline.of(np.arange(36, dtype=np.int32)[:, None]))
    assert suggested(drawn, tile).shares(LEFT)[21, 1] != suggested(drawn, apart).shares(LEFT)[21, 1]


@pytest.mark.parametrize("drawn", [labels(), labels(land=(0, 1, 30)), labels(land=(0,), road=(5,))])
def test_fewer_than_two_known_classes_suggest_nothing(drawn: np.ndarray) -> None:
    rows = rows_of(cells(), drawn)
    assert ViewCells({LEFT: cells()}).suggest([RowGroup(LEFT, rows)], {LEFT: rows}, (LAND, WATER)) is None


def test_labels_elsewhere_are_enough() -> None:
    """An image without labels starts with a suggestion from those of others."""
    other = cells(seed=1)
    groups = [RowGroup("other image", rows_of(other, labels(land=(6,), water=(11,))), 0.3)]
    found = ViewCells({LEFT: cells()}).suggest(groups, {}, (LAND, WATER))
    assert found is not None
    assert found.values(LEFT).tolist() == np.where(BRIGHT, WATER, LAND).tolist()


def test_what_weighs_more_wins() -> None:
    tile = cells()
    honest = RowGroup("near", rows_of(tile, labels(land=(6,), water=(11,))))
    wrong = RowGroup("far", rows_of(tile, labels(land=(17,), water=(12,))), 0.01)
    found = ViewCells({LEFT: tile}).suggest([honest, wrong], {}, (LAND, WATER))
    assert found is not None
    assert found.values(LEFT).tolist() == np.where(BRIGHT, WATER, LAND).tolist()


def test_many_cells_of_a_tile_in_view_count_as_their_root() -> None:
    drawn = labels(land=tuple(range(16)), water=(20, 21, 22, 23), road=(30,))
    group = RowGroup(LEFT, rows_of(cells(), drawn))
    classes = np.array([LAND, WATER, ROAD], np.uint8)
    of_class = row_weights([group], classes) @ group.rows.labelled.shares(classes)
    np.testing.assert_allclose(of_class, [4, 2, 1])


def test_a_class_in_view_counts_no_more_than_some_cells() -> None:
    drawn = [labels(land=tuple(range(36))), labels(land=tuple(range(35)), water=(35,)), labels(land=tuple(range(36)))]
    groups = [RowGroup(LEFT, rows_of(cells(), each)) for each in drawn]
    classes = np.array([LAND, WATER], np.uint8)
    shares = np.concatenate([group.rows.labelled.shares(classes) for group in groups])
    np.testing.assert_allclose(row_weights(groups, classes) @ shares, [MOST_OF_CLASS, 1])


def test_elsewhere_labels_keep_their_proportions() -> None:
    drawn = labels(land=tuple(range(21)), water=(24, 25, 26, 27))
    group = RowGroup(LEFT, rows_of(cells(), drawn), 0.5)
    classes = np.array([LAND, WATER], np.uint8)
    of_class = row_weights([group], classes) @ group.rows.labelled.shares(classes)
    np.testing.assert_allclose(of_class, [0.5 * 21 / 5, 0.5 * 4 / 5])


def test_tiles_side_by_side_agree_across_their_edge() -> None:
    tile, drawn = cells(), labels(land=(6,), water=(11,))
    rows = rows_of(tile, drawn)
    both = ViewCells({LEFT: tile, RIGHT: cells(seed=2)}).suggest([RowGroup(LEFT, rows)], {LEFT: rows}, (LAND, WATER))
    far = ViewCells({LEFT: tile, TileKey(0, 0, 5): cells(seed=2)}).suggest(
        [RowGroup(LEFT, rows)], {LEFT: rows}, (LAND, WATER)
    )
    assert both is not None
    assert far is not None
    assert not np.allclose(both.shares(RIGHT), far.shares(TileKey(0, 0, 5)), atol=1e-4)


def test_the_same_labels_give_the_same_suggestion() -> None:
    drawn = labels(land=(6, 8), water=(11, 3))
    assert (suggested(drawn).shares(LEFT) == suggested(drawn).shares(LEFT)).all()


def test_the_reasons_are_the_labels_that_look_like_it() -> None:
    tile = cells(noise=0.05)
    tile.features[14] = tile.features[6] = (-1, 3, 3)
    found = suggested(labels(land=(6, 0, 1), water=(11,)), tile)
    reasons = found.reasons(LEFT, 14)
    assert reasons[0].origin == LEFT
    assert reasons[0].position == (1.5, 5.5)
    assert reasons[0].share > 0.4
    assert [one.share for one in reasons] == sorted((one.share for one in reasons), reverse=True)
    water = found.reasons(LEFT, 5)
    assert [one.position for one in water] == [(21.5, 5.5)]


def test_the_parts_of_all_rows_are_the_score() -> None:
    """What rows speak for a cell, for and against, adds up to what the model says of it."""
    tile, drawn = cells(), labels(land=(6, 14), water=(11, 3))
    found = suggested(drawn, tile)
    rows, support = found._rows, found._support
    alike = rows.features @ found._cells.T + 1
    scores = (support[:, :, None] * alike[:, None, :]).sum(axis=0)
    difference = scores[1] - scores[0]
    own = TileCells(tile.features, COLUMNS, TileOutline.of(np.arange(36, dtype=np.int32)[:, None] * 0 - 1))
    plain = ViewCells({LEFT: own}).suggest([RowGroup(LEFT, rows_of(tile, drawn))], {}, (LAND, WATER))
    assert plain is not None
    shares = plain.shares(LEFT)
    np.testing.assert_allclose(np.log(shares[:, 1] / shares[:, 0]), difference, atol=0.05)
    assert RIDGE > 0


def test_features_that_count_for_nothing_change_nothing() -> None:
    tile, drawn = cells(), labels(land=(6, 14), water=(11, 3))
    looks = np.array([True, True, False])
    without = TileCells(tile.features, Columns(np.array([1, 1, 0], np.float32), looks), tile.outline)
    other = np.where(looks, tile.features, np.random.default_rng(9).normal(size=(36, 1))).astype(np.float32)
    changed = TileCells(other, without.columns, tile.outline)
    np.testing.assert_allclose(
        suggested(drawn, without).shares(LEFT), suggested(drawn, changed).shares(LEFT), atol=1e-6
    )
