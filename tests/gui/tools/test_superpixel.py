"""The superpixel tool by mouse, on cells that are squares: 16, 32 and 64 px of the level on the screen."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from support.cell_tiles import all_square_cells
from support.viewing import turn_wheel

from landseg_core.assistant.cells import CellTile
from landseg_core.geo.tiling import TileKey
from landseg_core.labels.regions import RectangleRegion

RIGHT = Qt.MouseButton.RightButton
CONTROL = Qt.KeyboardModifier.ControlModifier
HERE = (700.5, 500.5)  # in the tile (0, 0, 1), whose corner is at (512, 0)


def cell(side: int, position=HERE) -> RectangleRegion:
    """Return the cell of a size at a position: tiles begin at multiples of 512, which all sides divide."""
    x, y = (int(along // side * side) for along in position)
    return RectangleRegion((x, y), (x + side, y + side))


def finer_cells() -> CellTile:
    """Return a tile whose cells are squares of 8 px, of all sizes."""
    ids = np.arange(64**2, dtype=np.int32).reshape(64, 64).repeat(8, 0).repeat(8, 1)
    numbers = np.arange(64**2, dtype=np.int32)
    return CellTile(ids, (numbers,) * 3, np.zeros((64**2, 3), np.float32))


@pytest.fixture
def cells(at_work):
    """Return somebody with the tool in hand, at 100 %, and 32 px cells that have been cut."""
    sitting = at_work("superpixel")
    image = sitting.viewport.image
    sitting.context.cells.tiles = all_square_cells(image.reader.pyramid, 0)
    return sitting


def outlined(sitting) -> tuple[float, float, float, float] | None:
    """Return the box of the outline that is shown, or None."""
    shapes = sitting.shapes("tool")
    return shapes[0].path.boundingRect().getRect() if shapes else None


def test_the_cell_under_the_cursor_is_outlined_in_the_colour_of_the_class(cells) -> None:
    cells.context.active_value = 2
    cells.mouse.move(HERE)
    assert outlined(cells) == (672, 480, 32, 32)
    assert cells.shapes("tool")[0].line == cells.context.colour(2)
    cells.context.active_value = 3
    assert cells.shapes("tool")[0].line == cells.context.colour(3)
    cells.tools.leave()
    assert outlined(cells) is None


def test_a_click_labels_the_cell_as_one_step(cells) -> None:
    cells.mouse.click(HERE)
    assert (cells.labels() == cells.expected(cell(32), cells.context.active_value)).all()
    assert len(cells.steps) == 1
    assert cells.steps[0].startswith("Superpixels: ")


def test_a_drag_labels_every_cell_on_its_way_as_one_step(cells) -> None:
    cells.mouse.drag(HERE, (900.5, 500.5))  # one fast move over six cells, across no tile
    expected = cells.expected(RectangleRegion((672, 480), (928, 512)), cells.context.active_value)
    assert (cells.labels() == expected).all()
    assert len(cells.steps) == 1


def test_the_right_button_takes_labels_away(cells) -> None:
    cells.paint(RectangleRegion((600, 400), (800, 600)), 3)
    ground = cells.labels()
    cells.mouse.click(HERE, RIGHT)
    assert (cells.labels() == cells.expected(cell(32), 255, ground)).all()


@pytest.mark.parametrize("how", ["locked", "only_unlabelled"])
def test_protected_labels_stay(cells, how: str) -> None:
    cells.paint(RectangleRegion((672, 480), (690, 512)), 3)
    cells.context.active_value = 1
    if how == "locked":
        cells.context.locked = frozenset({3})
    else:
        cells.context.only_unlabelled = True
    cells.mouse.click(HERE)
    labels = cells.labels()
    assert (labels[480:512, 672:690] == 3).all()
    assert (labels[480:512, 690:704] == 1).all()


def test_control_and_the_wheel_change_the_size_and_do_not_zoom(cells, qtbot) -> None:
    frame, settings = cells.viewport.frame, cells.tools.settings
    cells.mouse.move(HERE)
    for notches, size, side in ((1, 2, 64), (1, 2, 64), (-1, 1, 32), (-0.5, 1, 32), (-0.5, 0, 16), (-1, 0, 16)):
        turn_wheel(cells.viewport, cells.mouse.point(HERE), notches, CONTROL)
        assert settings.cell_size == size
        assert outlined(cells)[2:] == (side, side)
    assert cells.viewport.frame == frame
    cells.mouse.click(HERE)
    assert (cells.labels() == cells.expected(cell(16), cells.context.active_value)).all()


def test_the_wheel_zooms_without_control_and_with_other_tools(cells) -> None:
    frame = cells.viewport.frame
    turn_wheel(cells.viewport, cells.mouse.point(HERE), 1)
    assert cells.viewport.frame != frame
    frame = cells.viewport.frame
    cells.tools.select("brush")
    turn_wheel(cells.viewport, cells.mouse.point(HERE), 1, CONTROL)
    assert cells.viewport.frame != frame


def test_brackets_change_the_size_of_cells_and_not_of_the_brush(cells) -> None:
    diameter = cells.tools.settings.diameter
    cells.key(Qt.Key.Key_BracketRight, "]")
    assert cells.tools.settings.cell_size == 2
    assert cells.tools.settings.diameter == diameter


def test_from_afar_a_cell_covers_more_of_the_image(cells) -> None:
    cells.viewport.centre_on(750, 550, 0.5)
    cells.context.cells.tiles = all_square_cells(cells.viewport.image.reader.pyramid, 1)
    cells.mouse.click(HERE)
    assert (cells.labels() == cells.expected(cell(64), cells.context.active_value)).all()


def test_at_the_edge_of_the_image_a_cell_ends_there(cells) -> None:
    cells.viewport.centre_on(1480, 1090, 1.0)
    cells.mouse.click((1499.5, 1099.5))
    expected = cells.expected(RectangleRegion((1472, 1088), (1500, 1100)), cells.context.active_value)
    assert (cells.labels() == expected).all()


def test_what_lies_beyond_the_image_or_has_no_data_is_no_cell(cells) -> None:
    cells.viewport.centre_on(1480, 1090, 1.0)
    tile = cells.context.cells.tiles[TileKey(0, 2, 2)]
    tile.ids[:] = -1
    for position in ((1499.5, 1099.5), (1520.5, 1090.5)):
        cells.mouse.click(position)
        assert outlined(cells) is None
    assert (cells.labels() == 255).all()
    assert cells.steps == []


def test_the_cursor_shows_that_a_tile_is_being_cut(cells) -> None:
    source = cells.context.cells
    tiles, source.tiles = source.tiles, {}
    cells.mouse.move(HERE)
    assert source.wanted[0] == TileKey(0, 0, 1)  # that under the cursor first
    pyramid = cells.viewport.image.reader.pyramid
    assert sorted(source.wanted) == sorted(pyramid.tiles_in(0, cells.viewport.view_window()))
    assert cells.viewport.viewport().cursor().shape() == Qt.CursorShape.BusyCursor
    cells.mouse.click(HERE)
    assert cells.steps == []
    assert cells.said == ["Some cells were not ready yet: paint there again."]
    source.tiles = tiles
    source.ready.emit(TileKey(0, 0, 1))
    assert cells.viewport.viewport().cursor().shape() == Qt.CursorShape.CrossCursor
    assert outlined(cells) == (672, 480, 32, 32)


def test_a_drag_labels_cells_that_come_before_it_ends(cells) -> None:
    source = cells.context.cells
    late = source.tiles.pop(TileKey(0, 0, 1))
    cells.mouse.move((400.5, 500.5))
    cells.mouse.press((400.5, 500.5))
    cells.mouse.move((700.5, 500.5))
    cells.mouse.move((480.5, 500.5))
    assert (cells.labels()[:, 512:] == 255).all()
    source.tiles[TileKey(0, 0, 1)] = late
    cells.mouse.release((480.5, 500.5))
    expected = cells.expected(RectangleRegion((384, 480), (704, 512)), cells.context.active_value)
    assert (cells.labels() == expected).all()
    assert cells.said == []
    assert len(cells.steps) == 1


def test_a_drag_over_cells_that_do_not_come_says_so(cells) -> None:
    del cells.context.cells.tiles[TileKey(0, 0, 1)]
    cells.mouse.drag((400.5, 500.5), (700.5, 500.5))
    assert (cells.labels()[480:512, 384:512] != 255).all()
    assert cells.said == ["Some cells were not ready yet: paint there again."]


def test_dropped_tiles_are_asked_for_again(cells) -> None:
    cells.mouse.move(HERE)
    source = cells.context.cells
    source.tiles, source.wanted = {}, []
    source.emptied.emit()
    assert TileKey(0, 0, 1) in source.wanted
    assert outlined(cells) is None


def test_a_tile_that_others_have_pushed_out_is_asked_for_again(cells) -> None:
    cells.mouse.move(HERE)
    source = cells.context.cells
    del source.tiles[TileKey(0, 0, 1)]
    source.wanted = []
    cells.mouse.move((HERE[0] + 1, HERE[1]))
    assert source.wanted[0] == TileKey(0, 0, 1)
    source.wanted = []
    cells.mouse.move((100.5, 500.5))  # this one is there: nothing to ask for but the order
    cells.mouse.move((101.5, 500.5))
    assert source.wanted[0] == TileKey(0, 0, 0)


def test_escape_undoes_a_drag(cells) -> None:
    cells.mouse.press(HERE)
    cells.mouse.move((760.5, 500.5))
    assert (cells.labels() != 255).any()
    cells.key(Qt.Key.Key_Escape)
    assert (cells.labels() == 255).all()
    cells.mouse.release((760.5, 500.5))
    assert cells.steps == []


def test_lost_mouse_ends_the_drag_where_it_is(cells) -> None:
    cells.mouse.press(HERE)
    cells.viewport.clearFocus()
    cells.tools._tool.mouse_lost()
    assert (cells.labels() == cells.expected(cell(32), cells.context.active_value)).all()
    assert len(cells.steps) == 1


def test_nothing_is_painted_where_nothing_can_be_saved(cells) -> None:
    cells.context.project.read_only = True
    cells.mouse.click(HERE)
    assert cells.context.refusals == 1
    assert (cells.labels() == 255).all()


def test_control_and_a_click_pick_the_class(cells) -> None:
    cells.paint(RectangleRegion((600, 400), (800, 600)), 3)
    cells.mouse.holding(CONTROL).click(HERE)
    assert cells.context.active_value == 3
    assert np.count_nonzero(cells.labels() == 3) == 200 * 200


def test_an_enlarged_view_has_finer_cells(cells) -> None:
    cells.context.cells.finer = {key: finer_cells() for key in cells.context.cells.tiles}
    cells.viewport.centre_on(*HERE, 1.99)
    cells.mouse.move(HERE)
    assert outlined(cells) == (672, 480, 32, 32)
    assert not cells.context.cells.wants_finer
    cells.viewport.centre_on(*HERE, 2.0)
    cells.mouse.move((HERE[0] + 1, HERE[1]))
    assert outlined(cells) == (696, 496, 8, 8)
    assert cells.context.cells.wants_finer
    cells.mouse.click(HERE)
    assert (cells.labels() == cells.expected(cell(8), cells.context.active_value)).all()
