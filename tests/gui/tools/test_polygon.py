from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from support.viewing import turn_wheel

from landseg_core.labels.regions import LARGE_PIXELS, PolygonRegion, RectangleRegion

RIGHT = Qt.MouseButton.RightButton
RING = [(600.0, 400.0), (820.0, 430.0), (790.0, 640.0), (640.0, 600.0)]
BLOCK = RectangleRegion((550, 350), (750, 550))


@pytest.fixture
def polygon(at_work):
    return at_work("polygon")


def click_all(sitting, ring, button=Qt.MouseButton.LeftButton) -> None:
    for position in ring:
        sitting.mouse.click(position, button)


def assert_painted(sitting, ring, value: int = 0, ground=None) -> None:
    assert (sitting.labels() == sitting.expected(PolygonRegion([ring]), value, ground)).all()


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_enter_closes_and_paints(polygon, key) -> None:
    click_all(polygon, RING)
    assert (polygon.labels() == 255).all()
    polygon.key(key)
    assert_painted(polygon, RING)
    assert polygon.steps == [f"Polygon: {polygon.context.schema.classes[0].name}"]
    assert polygon.shapes("tool") == []


def test_a_double_click_sets_the_last_vertex_and_closes(polygon) -> None:
    click_all(polygon, RING[:-1])
    polygon.mouse.double_click(RING[-1])
    assert_painted(polygon, RING)
    assert len(polygon.steps) == 1


def test_a_hand_may_tremble_in_a_double_click(polygon) -> None:
    click_all(polygon, RING)
    polygon.mouse.press((642, 601))
    polygon.tools.double_click((642, 601), Qt.KeyboardModifier.NoModifier)
    assert_painted(polygon, RING)


def test_a_double_click_close_to_the_vertex_before_keeps_both(polygon) -> None:
    ring = [*RING[:-1], (640, 600), (637, 600)]
    click_all(polygon, ring[:-1])
    polygon.mouse.double_click(ring[-1])
    assert_painted(polygon, ring)


def test_a_click_on_the_first_vertex_closes(polygon) -> None:
    click_all(polygon, [*RING, (604, 403)])
    assert_painted(polygon, RING)


def test_a_double_click_on_the_first_vertex_closes_and_begins_nothing(polygon) -> None:
    click_all(polygon, RING)
    polygon.mouse.double_click(RING[0])
    assert_painted(polygon, RING)
    assert polygon.shapes("tool") == []
    assert not polygon.tools.cancel()


def test_fast_clicks_at_different_places_are_all_vertices(polygon) -> None:
    click_all(polygon, RING[:2])
    polygon.mouse.press(RING[2])
    polygon.tools.double_click(RING[2], Qt.KeyboardModifier.NoModifier)
    assert_painted(polygon, RING[:3])


def test_backspace_takes_one_vertex_back(polygon) -> None:
    click_all(polygon, [*RING, (900, 900)])
    polygon.key(Qt.Key.Key_Backspace)
    polygon.key(Qt.Key.Key_Return)
    assert_painted(polygon, RING)


def test_all_vertices_can_be_taken_back(polygon) -> None:
    click_all(polygon, RING[:2])
    for _ in range(2):
        assert polygon.tools.undo_last()
    assert not polygon.tools.undo_last()
    assert polygon.shapes("tool") == []


def test_two_vertices_are_no_polygon_yet(polygon) -> None:
    click_all(polygon, RING[:2])
    polygon.key(Qt.Key.Key_Return)
    assert (polygon.labels() == 255).all()
    click_all(polygon, RING[2:])
    polygon.key(Qt.Key.Key_Return)
    assert_painted(polygon, RING)


def test_escape_takes_all_back(polygon) -> None:
    click_all(polygon, RING)
    polygon.key(Qt.Key.Key_Escape)
    assert polygon.shapes("tool") == []
    polygon.key(Qt.Key.Key_Return)
    assert (polygon.labels() == 255).all()
    assert polygon.steps == []


def test_a_polygon_begun_with_the_right_button_erases(polygon) -> None:
    polygon.paint(BLOCK, 3)
    click_all(polygon, RING, RIGHT)
    polygon.mouse.click((900, 900))  # the other button adds nothing
    polygon.key(Qt.Key.Key_Return)
    assert_painted(polygon, RING, 255, polygon.expected(BLOCK, 3))
    assert polygon.steps == ["Polygon: erase"]


def test_locked_classes_and_only_unlabelled_are_kept(polygon) -> None:
    polygon.paint(BLOCK, 3)
    ground = polygon.labels()
    polygon.context.locked = frozenset({3})
    click_all(polygon, RING)
    polygon.key(Qt.Key.Key_Return)
    expected = polygon.expected(PolygonRegion([RING]), 0, ground)
    expected[ground == 3] = 3
    assert (polygon.labels() == expected).all()


def test_the_preview_follows_the_cursor_in_the_colour_of_the_class(polygon) -> None:
    click_all(polygon, RING[:2])
    polygon.mouse.move((700, 600))
    shape, _ = polygon.shapes("tool")
    assert shape.line.name() == polygon.context.schema.classes[0].colour.lower()
    assert 0 < shape.fill.alpha() < 128
    assert shape.path.contains(QPointF(710, 480))
    polygon.context.active_value = 2
    shape, _ = polygon.shapes("tool")
    assert shape.line.name() == polygon.context.schema.classes[2].colour.lower()


def test_a_ring_marks_the_first_vertex_and_is_filled_where_a_click_closes(polygon) -> None:
    click_all(polygon, RING)
    assert polygon.shapes("tool")[1].fill is None
    polygon.mouse.move((603, 402))
    ring = polygon.shapes("tool")[1]
    assert ring.fill is not None
    assert ring.path.boundingRect().width() == 8
    polygon.viewport.zoom_to(4, polygon.mouse.point(RING[0]))
    assert polygon.shapes("tool")[1].path.boundingRect().width() == 2  # as large as before on the screen


def test_the_class_of_the_moment_of_closing_counts(polygon) -> None:
    click_all(polygon, RING)
    polygon.key(Qt.Key.Key_4, "4")
    polygon.key(Qt.Key.Key_Return)
    assert_painted(polygon, RING, 3)


def test_panning_and_zooming_in_the_middle_of_it(polygon) -> None:
    click_all(polygon, RING[:2])
    turn_wheel(polygon.viewport, polygon.mouse.point((700, 500)), -1)
    polygon.mouse.press((700, 500), Qt.MouseButton.MiddleButton)
    polygon.mouse.move((690, 480))
    polygon.mouse.release((690, 480), Qt.MouseButton.MiddleButton)
    QTest.keyPress(polygon.viewport, Qt.Key.Key_Space)
    polygon.mouse.drag((700, 500), (740, 500))
    QTest.keyRelease(polygon.viewport, Qt.Key.Key_Space)
    click_all(polygon, RING[2:])
    polygon.key(Qt.Key.Key_Return)
    assert len(polygon.steps) == 1
    region = PolygonRegion([RING])
    assert (polygon.labels() != polygon.expected(region, 0)).mean() < 1e-3  # the mouse has whole pixels only


def test_losing_the_keyboard_keeps_the_vertices(polygon) -> None:
    click_all(polygon, RING)
    QApplication.sendEvent(polygon.viewport, QFocusEvent(QEvent.Type.FocusOut))
    polygon.key(Qt.Key.Key_Return)
    assert_painted(polygon, RING)


def test_losing_the_keyboard_in_the_middle_of_a_click_keeps_the_vertices(polygon) -> None:
    click_all(polygon, RING[:-1])
    polygon.mouse.press(RING[-1])
    QApplication.sendEvent(polygon.viewport, QFocusEvent(QEvent.Type.FocusOut))
    polygon.key(Qt.Key.Key_Return)
    assert_painted(polygon, RING)


def test_the_vertices_wait_while_the_project_cannot_be_changed(polygon) -> None:
    click_all(polygon, RING)
    polygon.context.project.busy = True
    polygon.context.saving_changed.emit()
    polygon.key(Qt.Key.Key_Return)
    assert (polygon.labels() == 255).all()
    polygon.context.project.busy = False
    polygon.key(Qt.Key.Key_Return)
    assert_painted(polygon, RING)


@pytest.mark.parametrize("end", ["image_changed", "project_changed", "select"])
def test_the_vertices_go_with_the_image_and_the_tool(polygon, end: str) -> None:
    click_all(polygon, RING)
    if end == "select":
        polygon.tools.select("brush")
        polygon.tools.select("polygon")
    else:
        getattr(polygon.context, end).emit()
    assert polygon.shapes("tool") == []
    polygon.key(Qt.Key.Key_Return)
    assert (polygon.labels() == 255).all()


def test_no_vertex_where_painting_is_not_allowed(polygon) -> None:
    polygon.context.project.read_only = True
    polygon.mouse.click(RING[0])
    assert polygon.shapes("tool") == []
    assert polygon.context.refusals == 1


def test_a_large_polygon_goes_to_a_job(polygon, monkeypatch) -> None:
    monkeypatch.setattr("landseg_gui.tools.context.LARGE_PIXELS", 10_000)
    polygon.context.locked = frozenset({2})
    click_all(polygon, RING)
    polygon.key(Qt.Key.Key_Return)
    ((region, value, name, paintable),) = polygon.context.large
    assert (region, value) == (PolygonRegion([tuple(RING)]), 0)
    assert name.startswith("Polygon: ")
    assert (paintable == polygon.context.paintable(0)).all()
    assert (polygon.labels() == 255).all()


def test_what_lies_beyond_the_image_does_not_make_a_polygon_large(polygon) -> None:
    side = int(LARGE_PIXELS**0.5) + 1
    tool = polygon.tools.tool("polygon")
    tool.use(((-side, -side), (side, -side), (side, side), (-side, side)), 1)
    assert (polygon.labels() == 1).all()
    assert polygon.context.large == []


# --- reassign


@pytest.fixture
def reassign(at_work):
    sitting = at_work("reassign")
    sitting.paint(RectangleRegion((550, 350), (750, 550)), 3)
    sitting.paint(RectangleRegion((750, 350), (900, 550)), 4)
    return sitting


def test_reassign_turns_the_class_under_the_first_click_into_the_active_one(reassign) -> None:
    before = reassign.labels()
    reassign.context.active_value = 1
    reassign.context.only_unlabelled = True  # that would forbid all reassigning
    click_all(reassign, RING)
    reassign.key(Qt.Key.Key_Return)
    expected = before.copy()
    expected[(reassign.expected(PolygonRegion([RING]), 1) == 1) & (before == 3)] = 1
    assert (reassign.labels() == expected).all()
    names = reassign.context.schema.names
    assert reassign.steps == [f"Reassign: {names[3]} to {names[1]}"]


def test_reassign_begins_on_a_label(reassign) -> None:
    click_all(reassign, [(500, 600), *RING])
    reassign.key(Qt.Key.Key_Return)
    assert reassign.said == ["Start on a labelled pixel: its class will be changed."]
    assert len(reassign.steps) == 1


def test_reassign_leaves_a_locked_class_alone(reassign) -> None:
    reassign.context.locked = frozenset({3})
    reassign.mouse.click(RING[0])
    name = reassign.context.schema.names[3]
    assert reassign.said == [f"{name} is locked: unlock it in the Classes panel first."]
    assert reassign.shapes("tool") == []


def test_reassign_with_the_right_button_erases_one_class(reassign) -> None:
    before = reassign.labels()
    click_all(reassign, RING, RIGHT)
    reassign.key(Qt.Key.Key_Return)
    inside = reassign.expected(PolygonRegion([RING]), 1) == 1
    assert ((reassign.labels() == 255) == ((before == 255) | (inside & (before == 3)))).all()
