from __future__ import annotations

import numpy as np
from support.label_rasters import DictStore

from landseg_core.assistant.rows import ImageRows, TileRows, labelled_cells, labelled_tiles
from landseg_core.geo.tiling import TileKey
from landseg_core.labels.classes import UNLABELLED
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.labels.regions import RectangleRegion

IDS = np.array([[0, 0, 1, 1], [0, 0, 1, -1], [2, 2, 2, 2]], np.int32)


def drawn(*pixels: tuple[int, int, int]) -> np.ndarray:
    labels = np.full(IDS.shape, UNLABELLED, np.uint8)
    for row, column, value in pixels:
        labels[row, column] = value
    return labels


def test_a_cell_counts_the_labels_of_its_pixels() -> None:
    found = labelled_cells(IDS, drawn((0, 0, 5), (0, 1, 5), (1, 0, 9), (1, 3, 5), (2, 3, 9)))
    assert found.cells.tolist() == [0, 2]
    assert found.values.tolist() == [5, 9]
    assert found.pixels.tolist() == [[2, 1], [0, 1]]
    np.testing.assert_allclose(found.positions, [[1 / 3, 1 / 3], [3, 2]])
    np.testing.assert_allclose(found.shares(np.array([9, 4, 5], np.uint8)), [[1 / 3, 0, 2 / 3], [1, 0, 0]])


def test_a_label_of_no_class_has_no_share() -> None:
    found = labelled_cells(IDS, drawn((0, 0, 5)))
    assert found.shares(np.array([9], np.uint8)).tolist() == [[0]]


def test_a_label_that_only_touches_a_cell_weighs_less() -> None:
    ids = np.zeros((4, 10), np.int32)
    labels = np.full(ids.shape, UNLABELLED, np.uint8)
    labels[0, :5] = 1
    assert labelled_cells(ids, labels).weights.tolist() == [0.5]
    labels[:] = 1
    assert labelled_cells(ids, labels).weights.tolist() == [1]


def test_no_labels_are_no_rows() -> None:
    found = TileRows.of(np.ones((3, 2), np.float32), IDS, drawn())
    assert len(found.labelled) == 0
    assert found.features.shape == (0, 2)
    assert found.labelled.shares(np.array([1, 2], np.uint8)).shape == (0, 2)


FEATURES = np.arange(6, dtype=np.float32).reshape(3, 2)
KEY, OTHER = TileKey(0, 0, 0), TileKey(0, 0, 1)


def test_rows_stay_until_labels_change() -> None:
    rows, made = ImageRows(), []

    def make() -> TileRows:
        made.append(TileRows.of(FEATURES, IDS, drawn((0, 0, 5), (2, 0, 5))))
        return made[-1]

    assert rows.of(KEY, make).features.tolist() == [[0, 1], [4, 5]]
    assert rows.of(KEY, make) is made[0]
    rows.drop([OTHER])
    assert rows.of(KEY, make) is made[0]
    rows.drop([KEY])
    assert rows.of(KEY, make) is made[1]
    rows.drop(None)
    assert rows.of(KEY, make) is made[2]


def test_rows_of_labels_that_change_meanwhile_are_not_kept() -> None:
    rows = ImageRows()

    def painted_over() -> TileRows:
        rows.drop([KEY])
        return TileRows.of(FEATURES, IDS, drawn((0, 0, 5)))

    rows.of(KEY, painted_over)
    assert len(rows.of(KEY, lambda: TileRows.of(FEATURES, IDS, drawn())).labelled) == 0


def test_labelled_tiles_are_found_at_every_level() -> None:
    labels = LabelRaster(3000, 1500, DictStore())
    edit = labels.begin()
    for x, y in ((10, 10), (2990, 1490), (1025, 600)):
        edit.paint(RectangleRegion((x, y), (x + 4, y + 4)), 1)
    edit.finish()
    assert sorted(labelled_tiles(labels, 0)) == [TileKey(0, 0, 0), TileKey(0, 1, 2), TileKey(0, 2, 5)]
    assert sorted(labelled_tiles(labels, 1)) == [TileKey(1, 0, 0), TileKey(1, 0, 1), TileKey(1, 1, 2)]
    assert list(labelled_tiles(labels, 3)) == [TileKey(3, 0, 0)]
    assert not list(labelled_tiles(LabelRaster(3000, 1500), 0))
