from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from landseg_core.labels.regions import PolygonRegion
from landseg_gui.tools import manager
from landseg_gui.tools.accept import ACCEPT_SPEC

RING = [(600.0, 400.0), (820.0, 430.0), (790.0, 640.0), (640.0, 600.0)]


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    others = tuple(row for row in manager.TOOLS if row.name != ACCEPT_SPEC.name)
    monkeypatch.setattr(manager, "TOOLS", (*others, ACCEPT_SPEC))


@pytest.fixture
def accepting(at_work):
    """Return somebody with the tool in hand and a prediction to accept; `accepted` collects the polygons."""
    sitting = at_work("accept")
    tool = sitting.tools.tool("accept")
    sitting.accepted = []
    tool.may_accept = lambda: True
    tool.accept_in = sitting.accepted.append
    return sitting


def click_all(sitting, ring=RING) -> None:
    for position in ring:
        sitting.mouse.click(position)


def test_the_polygon_is_handed_on(accepting) -> None:
    click_all(accepting)
    assert accepting.shapes("tool")
    accepting.key(Qt.Key.Key_Return)
    assert [region.rings for region in accepting.accepted] == [PolygonRegion([tuple(RING)]).rings]
    assert accepting.shapes("tool") == []
    assert (accepting.labels() == 255).all()


def test_several_follow_each_other(accepting) -> None:
    for _ in range(2):
        click_all(accepting)
        accepting.key(Qt.Key.Key_Return)
    assert len(accepting.accepted) == 2


def test_escape_takes_it_back(accepting) -> None:
    click_all(accepting)
    accepting.key(Qt.Key.Key_Escape)
    accepting.key(Qt.Key.Key_Return)
    assert accepting.accepted == []


def test_the_right_button_means_nothing_here(accepting) -> None:
    for position in RING:
        accepting.mouse.click(position, Qt.MouseButton.RightButton)
    accepting.key(Qt.Key.Key_Return)
    assert accepting.accepted == []


def test_without_a_prediction_no_polygon_begins(at_work) -> None:
    sitting = at_work("accept")
    click_all(sitting)
    assert sitting.shapes("tool") == []


def test_without_a_place_for_labels_no_polygon_begins(accepting) -> None:
    accepting.context.project.read_only = True
    click_all(accepting)
    assert accepting.shapes("tool") == []
    assert accepting.context.refusals
