"""The rotated rectangle, by three clicks."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, Qt

from landseg_core.labels.regions import PolygonRegion, RectangleRegion, rectangle_on

RIGHT = Qt.MouseButton.RightButton
CLICKS = [(600.0, 500.0), (760.0, 420.0), (800.0, 560.0)]
REGION = PolygonRegion([rectangle_on(*CLICKS)])
BLOCK = RectangleRegion((550, 350), (750, 550))


@pytest.fixture
def rectangle(at_work):
    return at_work("rotated_rectangle")


def click_all(sitting, clicks=CLICKS, button=Qt.MouseButton.LeftButton) -> None:
    for position in clicks:
        sitting.mouse.click(position, button)


def test_the_third_click_paints_without_a_key(rectangle) -> None:
    click_all(rectangle, CLICKS[:2])
    assert (rectangle.labels() == 255).all()
    rectangle.mouse.click(CLICKS[2])
    assert (rectangle.labels() == rectangle.expected(REGION, 0)).all()
    assert rectangle.labels()[520, 720] == 0  # beyond the side, towards the third click
    assert rectangle.steps == [f"Rotated Rectangle: {rectangle.context.schema.classes[0].name}"]
    assert rectangle.shapes("tool") == []


def test_one_follows_the_other(rectangle) -> None:
    click_all(rectangle)
    click_all(rectangle, [(900.0, 300.0), (950.0, 350.0), (1000.0, 310.0)])
    assert len(rectangle.steps) == 2


def test_the_right_button_erases_and_the_other_one_adds_nothing(rectangle) -> None:
    rectangle.paint(BLOCK, 3)
    click_all(rectangle, CLICKS[:2], RIGHT)
    rectangle.mouse.click((900, 700))
    rectangle.mouse.click(CLICKS[2], RIGHT)
    assert (rectangle.labels() == rectangle.expected(REGION, 255, rectangle.expected(BLOCK, 3))).all()
    assert rectangle.steps == ["Rotated Rectangle: erase"]


def test_the_preview_is_the_side_and_then_the_rectangle(rectangle) -> None:
    rectangle.mouse.click(CLICKS[0])
    rectangle.mouse.move(CLICKS[1])
    (side,) = rectangle.shapes("tool")
    assert side.path.boundingRect().height() == pytest.approx(80)
    rectangle.mouse.click(CLICKS[1])
    rectangle.mouse.move(CLICKS[2])
    (shape,) = rectangle.shapes("tool")
    corners = rectangle_on(*CLICKS)
    middle = QPointF(sum(x for x, _ in corners) / 4, sum(y for _, y in corners) / 4)
    assert shape.path.contains(middle)
    assert not shape.path.contains(QPointF(600, 430))
    assert shape.line.name() == rectangle.context.schema.classes[0].colour.lower()


def test_backspace_removes_the_last_click(rectangle) -> None:
    click_all(rectangle, [CLICKS[0], (900.0, 700.0)])
    rectangle.key(Qt.Key.Key_Backspace)
    click_all(rectangle, CLICKS[1:])
    assert (rectangle.labels() == rectangle.expected(REGION, 0)).all()


def test_escape_drops_it(rectangle) -> None:
    click_all(rectangle, CLICKS[:2])
    rectangle.key(Qt.Key.Key_Escape)
    assert rectangle.shapes("tool") == []
    rectangle.mouse.click(CLICKS[2])
    assert (rectangle.labels() == 255).all()


def test_enter_means_nothing(rectangle) -> None:
    click_all(rectangle, CLICKS[:2])
    rectangle.key(Qt.Key.Key_Return)
    rectangle.mouse.click(CLICKS[2])
    assert (rectangle.labels() == rectangle.expected(REGION, 0)).all()


def test_a_double_click_that_trembles_makes_no_thin_rectangle(rectangle) -> None:
    rectangle.mouse.double_click(CLICKS[0])
    rectangle.mouse.click((601, 501))  # too near to the first: no side
    rectangle.mouse.click(CLICKS[1])
    rectangle.mouse.double_click((761, 421))  # too near to the side: no width
    assert (rectangle.labels() == 255).all()
    rectangle.mouse.click(CLICKS[2])
    assert (rectangle.labels() == rectangle.expected(REGION, 0)).all()


def test_a_refused_third_click_is_made_again(rectangle) -> None:
    click_all(rectangle, CLICKS[:2])
    rectangle.context.project.busy = True
    rectangle.mouse.click((500, 700))
    assert rectangle.context.refusals == 1
    rectangle.context.project.busy = False
    rectangle.mouse.click(CLICKS[2])
    assert (rectangle.labels() == rectangle.expected(REGION, 0)).all()


def test_locked_classes_and_only_unlabelled_are_kept(rectangle) -> None:
    rectangle.paint(BLOCK, 3)
    rectangle.context.only_unlabelled = True
    click_all(rectangle)
    assert (rectangle.labels() == rectangle.expected(BLOCK, 3, rectangle.expected(REGION, 0))).all()


PLACES = st.tuples(st.integers(405, 1095), st.integers(305, 795)).map(lambda at: (float(at[0]), float(at[1])))


@given(a=PLACES, b=PLACES, c=PLACES)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_three_clicks_paint_their_rectangle(at_work, a, b, c) -> None:
    _, _, far, near = rectangle_on(a, b, c)
    assume(abs(far[0] - b[0]) + abs(far[1] - b[1]) > 8 < abs(a[0] - b[0]) + abs(a[1] - b[1]))
    sitting = at_work("rotated_rectangle")
    sitting.paint(RectangleRegion((0, 0), (1500, 1100)), 255)
    click_all(sitting, [a, b, c])
    assert (sitting.labels() == sitting.expected(PolygonRegion([(a, b, far, near)]), 0)).all()
