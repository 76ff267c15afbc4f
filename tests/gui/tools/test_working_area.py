from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from landseg_core.labels.regions import AreasRegion, PolygonRegion, RectangleRegion

RIGHT = Qt.MouseButton.RightButton
FIRST = ((600.0, 400.0), (820.0, 430.0), (790.0, 640.0), (640.0, 600.0))
SECOND = ((850.0, 600.0), (1000.0, 600.0), (1000.0, 700.0))


@pytest.fixture
def area(at_work):
    return at_work("area")


def draw(sitting, ring) -> None:
    for position in ring:
        sitting.mouse.click(position)
    sitting.key(Qt.Key.Key_Return)


def test_a_polygon_becomes_an_area_and_paints_nothing(area) -> None:
    draw(area, FIRST)
    draw(area, SECOND)
    assert area.context.project.drawn == (FIRST, SECOND)
    assert area.context.project.names == ["Working area", "Working area"]
    assert (area.labels() == 255).all()
    assert len(area.shapes("areas")) == 2


def test_areas_stay_in_sight_with_other_tools_and_go_with_the_image(area) -> None:
    draw(area, FIRST)
    area.tools.select("brush")
    assert len(area.shapes("areas")) == 1
    area.context.labels = None
    area.context.image_changed.emit()
    assert area.shapes("areas") == []


@pytest.mark.parametrize("key", [Qt.Key.Key_Delete, Qt.Key.Key_Backspace])
def test_a_click_inside_selects_and_delete_removes(area, key) -> None:
    draw(area, FIRST)
    draw(area, SECOND)
    area.mouse.click((700, 500))
    assert len(area.shapes("tool")) == 1
    area.key(key)
    assert area.context.project.drawn == (SECOND,)
    assert area.context.project.names[-1] == "Remove working area"
    assert area.shapes("tool") == []


def test_delete_without_a_selection_removes_nothing(area) -> None:
    draw(area, FIRST)
    area.key(Qt.Key.Key_Delete)
    area.mouse.click((700, 500))
    area.key(Qt.Key.Key_Escape)
    area.key(Qt.Key.Key_Delete)
    assert area.context.project.drawn == (FIRST,)


def test_an_undone_area_is_no_longer_selected(area) -> None:
    draw(area, FIRST)
    area.mouse.click((700, 500))
    area.context.project.drawn = ()
    area.context.areas_changed.emit()
    assert area.shapes("tool") == []
    assert area.shapes("areas") == []


def test_the_right_button_means_nothing(area) -> None:
    for position in FIRST:
        area.mouse.click(position, RIGHT)
    area.key(Qt.Key.Key_Return)
    assert area.context.project.drawn == ()


def test_no_area_where_the_project_cannot_be_changed(area) -> None:
    draw(area, FIRST)
    area.mouse.click((700, 500))
    area.context.project.read_only = True
    area.key(Qt.Key.Key_Delete)
    area.mouse.click((900, 650))
    assert area.context.project.drawn == (FIRST,)
    assert area.context.refusals == 2


# --- the rest of the area


def test_the_rest_of_all_areas_gets_the_active_class_in_one_step(area) -> None:
    draw(area, FIRST)
    draw(area, SECOND)
    block = RectangleRegion((650, 450), (700, 500))
    area.paint(block, 3)
    area.context.active_value = 1
    area.tools.fill_rest()
    rest = area.expected(AreasRegion([FIRST, SECOND]), 1)
    assert (area.labels() == area.expected(block, 3, rest)).all()
    assert area.steps == [f"Fill rest: {area.context.schema.names[1]}"]


def test_the_rest_of_the_selected_area_alone(area) -> None:
    draw(area, FIRST)
    draw(area, SECOND)
    area.mouse.click((950, 620))
    area.tools.fill_rest()
    assert (area.labels() == area.expected(PolygonRegion([SECOND]), 0)).all()


def test_without_an_area_there_is_no_rest(area) -> None:
    area.tools.fill_rest()
    assert area.said == ["Draw a working area first."]
    assert (area.labels() == 255).all()


def test_a_large_rest_is_a_job_that_paints_only_what_is_unlabelled(area, monkeypatch) -> None:
    monkeypatch.setattr("landseg_gui.tools.context.LARGE_PIXELS", 10_000)
    draw(area, FIRST)
    area.tools.fill_rest()
    ((region, value, _, paintable),) = area.context.large
    assert (region, value) == (AreasRegion((FIRST,)), 0)
    assert paintable.nonzero()[0].tolist() == [255]
