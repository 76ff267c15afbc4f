from __future__ import annotations

import numpy as np

from landseg_core.assistant.cell_table import CellTable
from landseg_core.geo.tiling import TileKey, TilePyramid
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.labels.regions import RectangleRegion, StrokeRegion

PYRAMID = TilePyramid(600, 100)
LEFT, RIGHT = TileKey(0, 0, 0), TileKey(0, 0, 1)


def squares(key: TileKey, side: int = 50, level_pyramid: TilePyramid = PYRAMID) -> np.ndarray:
    """Return square cells of a tile, numbered row by row."""
    window = level_pyramid.tile_window(key)
    rows, columns = np.arange(window.height) // side, np.arange(window.width) // side
    return (rows[:, None] * -(-window.width // side) + columns).astype(np.int32)


def table(areas=(), labels: LabelRaster | None = None, **ids: np.ndarray) -> CellTable:
    tiles = {LEFT: squares(LEFT), RIGHT: squares(RIGHT)}
    return CellTable.of(PYRAMID, tiles, labels or LabelRaster(600, 100), areas)


def test_cells_of_all_tiles_are_rows() -> None:
    cells = table()
    assert len(cells) == 22 + 4
    assert cells.level == 0
    assert cells.cell(0) == (LEFT, 0)
    assert cells.cell(21) == (LEFT, 21)
    assert cells.cell(22) == (RIGHT, 0)
    assert cells.position(0) == (25, 25)
    assert cells.position(22) == (512 + 25, 25)
    assert cells.open.all()


def test_a_tile_without_data_has_no_rows() -> None:
    nothing = np.full((100, 512), -1, np.int32)
    cells = CellTable.of(PYRAMID, {LEFT: nothing, RIGHT: squares(RIGHT)}, LabelRaster(600, 100), ())
    assert len(cells) == 4
    assert cells.cell(0) == (RIGHT, 0)


def test_positions_are_those_of_full_resolution() -> None:
    pyramid = TilePyramid(1200, 200)
    key = TileKey(1, 0, 1)
    cells = CellTable.of(pyramid, {key: squares(key, 50, pyramid)}, LabelRaster(1200, 200), ())
    assert cells.position(0) == (1024 + 50, 50)
    assert cells.level == 1


def test_cells_that_a_label_touches_are_not_open() -> None:
    labels = LabelRaster(600, 100)
    edit = labels.begin()
    edit.paint(RectangleRegion((45, 10), (55, 12)), 3)
    edit.finish()
    cells = table(labels=labels)
    assert np.flatnonzero(cells.labelled).tolist() == [0, 1]
    assert not cells.open[:2].any()
    assert cells.open[2:].all()


def test_half_of_an_open_cell_lies_in_a_working_area() -> None:
    cells = table(areas=[[(0, 0), (80, 0), (80, 50), (0, 50)]])
    assert np.flatnonzero(cells.open).tolist() == [0, 1]
    assert not table(areas=[[(0, 0), (20, 0), (20, 50), (0, 50)]]).open.any()


def test_cells_within_a_region() -> None:
    assert np.flatnonzero(table().within(RectangleRegion((0, 0), (60, 60)))).tolist() == [0]
    assert np.flatnonzero(table().within(RectangleRegion((500, 0), (560, 60)))).tolist() == [10, 22]
    beyond = StrokeRegion(((0, 0), (100, 100)), 20)
    assert np.flatnonzero(table().within(beyond)).tolist() == [0, 12]
