"""The edge brush by mouse, on square cells of 16 px: those in the left half of a tile are dark, the others light."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from support.cell_tiles import all_square_cells

from landseg_core.labels.regions import StrokeRegion

EDGE = 768  # the tile (0, 0, 1) is dark up to this column
DARK, LIGHT = (760.5, 300.5), (776.5, 300.5)


@pytest.fixture
def brush(at_work):
    sitting = at_work("edge_brush")
    sitting.context.cells.tiles = all_square_cells(sitting.viewport.image.reader.pyramid, 0)
    sitting.tools.settings.size = 60
    sitting.tools.settings.tolerance = 30
    return sitting


def painted(sitting) -> np.ndarray:
    return sitting.labels() != 255


def test_it_stops_at_the_edge(brush) -> None:
    brush.mouse.click(DARK)
    disc = brush.expected(StrokeRegion([DARK], 60), 1) != 255
    disc[:, EDGE:] = False
    assert np.array_equal(painted(brush), disc)
    assert len(brush.steps) == 1


def test_the_other_side_is_painted_from_there(brush) -> None:
    brush.mouse.click(LIGHT)
    assert painted(brush)[:, EDGE:].any()
    assert not painted(brush)[:, :EDGE].any()


def test_a_high_tolerance_paints_everything(brush) -> None:
    brush.tools.settings.tolerance = 255
    brush.context.cells.tiles = {
        key: type(tile)(tile.ids, tile.parents, tile.colours / 2) for key, tile in brush.context.cells.tiles.items()
    }
    brush.mouse.click(DARK)
    assert np.array_equal(painted(brush), brush.expected(StrokeRegion([DARK], 60), 1) != 255)


def test_a_stroke_goes_along_the_edge_and_over_tiles(brush) -> None:
    brush.mouse.drag((760.5, 460.5), (760.5, 560.5))
    assert painted(brush)[460:561, EDGE - 20 : EDGE].all()
    assert not painted(brush)[:, EDGE:].any()
    assert len(brush.steps) == 1


def test_the_right_button_erases_up_to_the_edge(brush) -> None:
    brush.paint(StrokeRegion([(768, 300.5)], 200), 3)
    before = painted(brush)
    brush.mouse.click(DARK, Qt.MouseButton.RightButton)
    after = painted(brush)
    assert np.array_equal(before[:, EDGE:], after[:, EDGE:])
    assert not after[300, 740:EDGE].any()


def test_from_afar_it_follows_the_coarser_cells(brush) -> None:
    brush.viewport.centre_on(750, 550, 0.5)
    brush.context.cells.tiles = all_square_cells(brush.viewport.image.reader.pyramid, 1)
    brush.mouse.click((505.5, 300.5))  # the first tile of level 1 is dark up to column 512
    assert painted(brush)[300, 480:512].all()
    assert not painted(brush)[:, 512:].any()


def test_escape_undoes_the_stroke(brush) -> None:
    brush.mouse.press(DARK)
    brush.mouse.move((750.5, 320.5))
    brush.key(Qt.Key.Key_Escape)
    brush.mouse.release((750.5, 320.5))
    assert not painted(brush).any()
    assert brush.steps == []


def test_until_the_cells_are_cut_the_cursor_says_so_and_nothing_is_painted(brush) -> None:
    tiles, brush.context.cells.tiles = brush.context.cells.tiles, {}
    brush.mouse.move(DARK)
    assert brush.viewport.viewport().cursor().shape() == Qt.CursorShape.BusyCursor
    brush.mouse.click(DARK)
    assert not painted(brush).any()
    assert len(brush.said) == 1
    brush.context.cells.tiles = tiles
    brush.context.cells.ready.emit(next(iter(tiles)))
    assert brush.viewport.viewport().cursor().shape() == Qt.CursorShape.BlankCursor


def test_a_stroke_that_touches_cells_that_are_not_cut_says_so(brush) -> None:
    pyramid = brush.viewport.image.reader.pyramid
    below = next(key for key in pyramid.tiles_in(0, brush.viewport.view_window()) if (key.row, key.column) == (1, 1))
    brush.mouse.move((760.5, 480.5))
    del brush.context.cells.tiles[below]
    brush.mouse.click((760.5, 500.5))
    assert painted(brush)[:512].any()
    assert not painted(brush)[512:].any()
    assert len(brush.said) == 1
