"""The lasso and the rectangle."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QApplication

from landseg_core.labels.regions import PolygonRegion, RectangleRegion

RIGHT = Qt.MouseButton.RightButton
WAY = [(600.0, 400.0), (700.0, 380.0), (820.0, 450.0), (790.0, 640.0), (640.0, 600.0)]
REGIONS = {"lasso": PolygonRegion([WAY]), "rectangle": RectangleRegion(WAY[0], WAY[-1])}
BLOCK = RectangleRegion((550, 350), (750, 550))


@pytest.fixture(params=sorted(REGIONS))
def drawing(request, at_work):
    """Return somebody with the tool in hand, and the region that the drag along WAY means."""
    return at_work(request.param), REGIONS[request.param]


def test_a_drag_paints_on_release(drawing) -> None:
    sitting, region = drawing
    sitting.mouse.drag(*WAY)
    assert (sitting.labels() == sitting.expected(region, 0)).all()
    title = sitting.tools.current.title
    assert sitting.steps == [f"{title}: {sitting.context.schema.classes[0].name}"]
    assert sitting.shapes("tool") == []


def test_the_right_button_erases(drawing) -> None:
    sitting, region = drawing
    sitting.paint(BLOCK, 3)
    sitting.mouse.drag(*WAY, button=RIGHT)
    assert (sitting.labels() == sitting.expected(region, 255, sitting.expected(BLOCK, 3))).all()
    assert sitting.steps == [f"{sitting.tools.current.title}: erase"]


def test_only_unlabelled(drawing) -> None:
    sitting, region = drawing
    sitting.paint(BLOCK, 3)
    sitting.context.only_unlabelled = True
    sitting.mouse.drag(*WAY)
    assert (sitting.labels() == sitting.expected(BLOCK, 3, sitting.expected(region, 0))).all()


def test_escape_takes_it_back(drawing) -> None:
    sitting, _ = drawing
    sitting.mouse.press(WAY[0])
    sitting.mouse.move(WAY[1])
    sitting.mouse.move(WAY[2])
    assert sitting.shapes("tool")
    sitting.key(Qt.Key.Key_Escape)
    assert sitting.shapes("tool") == []
    sitting.mouse.move(WAY[3])
    sitting.mouse.release(WAY[3])
    assert (sitting.labels() == 255).all()
    assert sitting.steps == []


def test_losing_the_keyboard_takes_it_back(drawing) -> None:
    sitting, _ = drawing
    sitting.mouse.press(WAY[0])
    sitting.mouse.move(WAY[2])
    QApplication.sendEvent(sitting.viewport, QFocusEvent(QEvent.Type.FocusOut))
    sitting.mouse.release(WAY[3])
    assert (sitting.labels() == 255).all()
    assert sitting.shapes("tool") == []


def test_a_click_draws_nothing(drawing) -> None:
    sitting, _ = drawing
    sitting.mouse.click(WAY[0])
    assert (sitting.labels() == 255).all()
    assert sitting.steps == []


def test_the_preview_has_the_colour_of_the_class_and_is_dashed_where_it_erases(drawing) -> None:
    sitting, _ = drawing
    for button, dashed in ((Qt.MouseButton.LeftButton, False), (RIGHT, True)):
        sitting.mouse.press(WAY[0], button)
        for position in WAY[1:4]:
            sitting.mouse.move(position)
        (shape,) = sitting.shapes("tool")
        assert shape.dashed == dashed
        assert shape.path.contains(QPointF(700, 450))
        sitting.key(Qt.Key.Key_Escape)
        sitting.mouse.release(WAY[3], button)


def test_nothing_begins_where_painting_is_not_allowed(drawing) -> None:
    sitting, _ = drawing
    sitting.context.project.busy = True
    sitting.mouse.drag(*WAY)
    assert (sitting.labels() == 255).all()
    assert sitting.context.refusals == 1


PLACES = st.tuples(st.integers(405, 1095), st.integers(305, 795)).map(lambda at: (float(at[0]), float(at[1])))
REUSED = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(way=st.lists(PLACES, min_size=3, max_size=12, unique=True))
@REUSED
def test_the_lasso_paints_what_any_way_goes_around(at_work, way) -> None:
    sitting = at_work("lasso")
    sitting.paint(RectangleRegion((0, 0), (1500, 1100)), 255)
    sitting.mouse.drag(*way)
    assert (sitting.labels() == sitting.expected(PolygonRegion([way]), 0)).all()


@given(
    name=st.sampled_from(["brush", "eraser", "lasso", "rectangle", "wand", "polygon"]),
    way=st.lists(PLACES, min_size=2, max_size=8),
    button=st.sampled_from([Qt.MouseButton.LeftButton, RIGHT]),
)
@REUSED
def test_escape_leaves_no_trace_of_any_gesture(at_work, name: str, way, button) -> None:
    sitting = at_work(name)
    sitting.paint(BLOCK, 3)
    before = sitting.labels()
    sitting.mouse.press(way[0], button)
    for position in way[1:]:
        sitting.mouse.move(position)
    sitting.key(Qt.Key.Key_Escape)
    sitting.mouse.release(way[-1], button)
    assert (sitting.labels() == before).all()
    assert (sitting.steps, sitting.shapes("tool")) == ([], [])


def test_shapes_may_reach_beyond_the_image(at_work) -> None:
    sitting = at_work("rectangle")
    sitting.viewport.centre_on(0, 0, 1.0)
    sitting.mouse.drag((-100, -80), (60, 50))
    assert (sitting.labels() == sitting.expected(RectangleRegion((-100, -80), (60, 50)), 0)).all()
    assert sitting.labels()[49, 59] == 0
