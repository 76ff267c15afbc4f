from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QApplication

from landseg_core.errors import ProjectError
from landseg_core.labels.regions import RectangleRegion, StrokeRegion
from landseg_gui.tools.tool_settings import METRES

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
SHIFT, CONTROL, ALT = (
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
)
WAY = [(700.0, 500.0), (760.0, 520.0), (765.0, 600.0), (650.0, 610.0)]
BLOCK = RectangleRegion((600, 450), (800, 650))


@pytest.fixture
def brush(at_work):
    sitting = at_work("brush")
    sitting.tools.settings.size = 24
    return sitting


def test_a_drag_paints_the_stroke_to_the_pixel(brush) -> None:
    brush.mouse.drag(*WAY)
    value = brush.context.active_value
    assert (brush.labels() == brush.expected(StrokeRegion(WAY, 24), value)).all()
    assert brush.steps == [f"Brush: {brush.context.schema.classes[0].name}"]


@pytest.mark.parametrize("scale", [0.37, 1.0, 5.3])
def test_the_stroke_is_where_the_mouse_is_at_any_zoom(brush, scale: float) -> None:
    brush.viewport.centre_on(751.3, 548.9, scale)
    way = [brush.viewport.raster_position(QPointF(*point)) for point in ((300, 200), (350, 260), (351, 262))]
    brush.mouse.drag(*way)
    assert (brush.labels() == brush.expected(StrokeRegion(way, 24), 0)).all()


@given(
    way=st.lists(
        st.tuples(st.integers(0, 699), st.integers(0, 499)).map(lambda at: (at[0] + 400.0, at[1] + 300.0)),
        min_size=1,
        max_size=6,
    ),
    diameter=st.integers(1, 90),
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_segments_make_up_the_whole_stroke(brush, way, diameter: int) -> None:
    """However far apart the mouse's places are, there is no gap, and nothing more than the stroke."""
    brush.paint(RectangleRegion((0, 0), (1500, 1100)), 255)
    brush.tools.settings.size = diameter
    brush.mouse.drag(*way)
    assert (brush.labels() == brush.expected(StrokeRegion(way, diameter), 0)).all()


def test_a_click_paints_a_dot(brush) -> None:
    brush.mouse.click((700.5, 500.5))
    assert (brush.labels() == brush.expected(StrokeRegion([(700.5, 500.5)], 24), 0)).all()


def test_labels_appear_while_the_button_is_down_and_are_one_step(brush) -> None:
    brush.mouse.press((700, 500))
    assert (brush.labels()[500, 700], brush.steps) == (0, [])
    brush.mouse.move((740, 500))
    assert (brush.labels()[500, 740], brush.steps) == (0, [])
    brush.mouse.release((760, 500))
    assert brush.labels()[500, 760] == 0
    assert len(brush.steps) == 1


def test_the_right_button_erases(brush) -> None:
    brush.paint(BLOCK, 3)
    brush.mouse.drag(*WAY, button=RIGHT)
    assert (brush.labels() == brush.expected(StrokeRegion(WAY, 24), 255, brush.expected(BLOCK, 3))).all()
    assert brush.steps == ["Brush: erase"]


@pytest.mark.parametrize("button", [LEFT, RIGHT])
def test_the_eraser_erases_with_either_button(at_work, button) -> None:
    sitting = at_work("eraser")
    sitting.tools.settings.size = 24
    sitting.paint(BLOCK, 3)
    sitting.mouse.drag(*WAY, button=button)
    assert (sitting.labels() == sitting.expected(StrokeRegion(WAY, 24), 255, sitting.expected(BLOCK, 3))).all()
    assert sitting.steps == ["Eraser"]


def test_only_unlabelled_keeps_what_is_labelled(brush) -> None:
    brush.paint(BLOCK, 3)
    brush.context.only_unlabelled = True
    way = [(590.0, 500.0), (620.0, 500.0)]
    brush.mouse.drag(*way)
    assert (brush.labels() == brush.expected(BLOCK, 3, brush.expected(StrokeRegion(way, 24), 0))).all()


def test_erasing_works_with_only_unlabelled_but_not_on_locked_classes(brush) -> None:
    brush.paint(BLOCK, 3)
    brush.context.only_unlabelled = True
    brush.mouse.click((700, 500), RIGHT)
    assert brush.labels()[500, 700] == 255
    brush.context.locked = frozenset({3})
    brush.mouse.click((700, 550), RIGHT)
    assert brush.labels()[550, 700] == 3


def test_shift_goes_straight_on_from_the_last_place(brush) -> None:
    brush.mouse.click((700, 500))
    brush.mouse.holding(SHIFT).click((800, 560))
    brush.mouse.holding(SHIFT).click((650, 580))
    way = [(700, 500), (800, 560), (650, 580)]
    assert (brush.labels() == brush.expected(StrokeRegion(way, 24), 0)).all()
    assert len(brush.steps) == 3


def test_with_shift_a_line_shows_where_a_click_would_paint(brush) -> None:
    brush.mouse.holding(SHIFT).move((800, 560))
    assert len(brush.shapes("cursor")) == 1  # there is no last place yet
    brush.mouse.click((700, 500))
    brush.mouse.holding(SHIFT).move((800, 560))
    line, _ = brush.shapes("cursor")
    assert line.path.boundingRect().getCoords() == (700, 500, 800, 560)
    brush.mouse.move((810, 560))
    assert len(brush.shapes("cursor")) == 1


def test_shift_has_no_last_place_in_another_image(brush) -> None:
    brush.mouse.click((700, 500))
    brush.context.image_changed.emit()
    brush.mouse.holding(SHIFT).click((800, 560))
    assert brush.labels()[530, 750] == 255


def test_escape_takes_the_stroke_back(brush) -> None:
    brush.paint(BLOCK, 3)
    before = brush.labels()
    brush.mouse.press((700, 500))
    brush.mouse.move((800, 500))
    assert (brush.labels() != before).any()
    brush.key(Qt.Key.Key_Escape)
    assert (brush.labels() == before).all()
    brush.mouse.move((750, 600))
    brush.mouse.release((750, 600))
    assert (brush.labels() == before).all()
    assert brush.steps == []
    brush.mouse.click((700, 500))  # and life goes on
    assert len(brush.steps) == 1


@pytest.mark.parametrize("event", ["image_changed", "project_changed"])
def test_a_stroke_ends_with_its_image(brush, event: str) -> None:
    before = brush.labels()
    brush.mouse.press((700, 500))
    getattr(brush.context, event).emit()
    brush.mouse.release((720, 500))
    assert (brush.labels() == before).all()
    assert brush.steps == []


@pytest.mark.parametrize("state", ["failure", "busy", "read_only"])
def test_a_stroke_is_taken_back_when_it_cannot_be_stored(brush, state: str) -> None:
    before = brush.labels()
    brush.mouse.press((700, 500))
    brush.context.saving_changed.emit()  # an earlier stroke is on disk: nothing to do with this one
    assert (brush.labels() != before).any()
    setattr(brush.context.project, state, "the disk is full")
    brush.context.saving_changed.emit()
    brush.mouse.release((720, 500))
    assert (brush.labels() == before).all()
    assert brush.steps == []


def test_another_tool_takes_the_stroke_back(brush) -> None:
    brush.mouse.press((700, 500))
    brush.tools.select("polygon")
    brush.mouse.release((700, 500))
    assert (brush.labels() == 255).all()
    assert brush.shapes("cursor") == []


def test_a_stroke_that_loses_the_keyboard_stays_and_ends(brush) -> None:
    brush.mouse.press((700, 500))
    QApplication.sendEvent(brush.viewport, QFocusEvent(QEvent.Type.FocusOut))
    brush.mouse.move((800, 500))
    assert (brush.labels() == brush.expected(StrokeRegion([(700, 500)], 24), 0)).all()
    assert len(brush.steps) == 1


def test_nothing_happens_where_painting_is_not_allowed(brush) -> None:
    brush.context.project.read_only = True
    brush.mouse.drag(*WAY)
    assert (brush.labels() == 255).all()
    assert brush.context.refusals == 1


def test_a_tile_that_cannot_be_read_ends_the_stroke_and_is_told(brush, monkeypatch) -> None:
    def broken(*_args) -> None:
        raise ProjectError("tile 3 is damaged; run landseg project check")

    brush.mouse.press((700, 500))
    before = brush.labels()
    monkeypatch.setattr("landseg_core.labels.edit.LabelEdit.paint", broken)
    brush.mouse.move((800, 500))
    brush.mouse.release((800, 500))
    assert brush.problems == ["Tile 3 is damaged; run landseg project check."]
    assert (before != 255).any()
    assert (brush.labels() == 255).all()
    assert brush.steps == []


@pytest.mark.parametrize("modifier", [CONTROL, ALT])
def test_a_click_with_a_modifier_picks_the_class(brush, modifier) -> None:
    brush.paint(BLOCK, 4)
    brush.mouse.holding(modifier).click((700, 500))
    assert brush.context.active_value == 4
    brush.mouse.holding(modifier).click((500, 400))
    assert (brush.context.active_value, brush.said) == (4, ["Nothing is labelled here."])
    assert brush.steps == []


def test_the_second_button_does_not_disturb_the_first(brush) -> None:
    brush.mouse.press((700, 500))
    brush.mouse.press((720, 500), RIGHT)
    brush.mouse.move((740, 500))
    brush.mouse.release((740, 500), RIGHT)
    brush.mouse.release((760, 500))
    assert (brush.labels() == brush.expected(StrokeRegion([(700, 500), (760, 500)], 24), 0)).all()
    assert len(brush.steps) == 1


def test_the_ring_has_the_size_and_the_colour_of_the_brush(brush) -> None:
    brush.mouse.move((700, 500))
    (ring,) = brush.shapes("cursor")
    box = ring.path.boundingRect()
    assert (box.width(), box.center()) == (24, QPointF(700, 500))
    assert ring.line.name() == brush.context.schema.classes[0].colour.lower()
    brush.context.active_value = 2
    brush.key(Qt.Key.Key_BracketRight, "]")
    (ring,) = brush.shapes("cursor")
    assert ring.path.boundingRect().width() == brush.tools.settings.diameter > 24
    assert ring.line.name() == brush.context.schema.classes[2].colour.lower()
    brush.tools.leave()
    assert brush.shapes("cursor") == []


def test_the_mouse_cursor_shows_only_where_the_ring_is_too_small(brush) -> None:
    assert brush.viewport.viewport().cursor().shape() == Qt.CursorShape.BlankCursor
    brush.tools.settings.size = 3
    assert brush.viewport.viewport().cursor().shape() == Qt.CursorShape.CrossCursor
    brush.viewport.zoom_to(8)
    assert brush.viewport.viewport().cursor().shape() == Qt.CursorShape.BlankCursor


def test_a_size_in_metres_follows_the_ground(brush) -> None:
    brush.tools.settings.unit = METRES
    brush.tools.settings.size = 15  # the pixels are 0.5 m wide
    brush.mouse.click((700, 500))
    diameter = round(15 / brush.viewport.image.ground_resolution)
    assert diameter == 30
    assert (brush.labels() == brush.expected(StrokeRegion([(700, 500)], diameter), 0)).all()
