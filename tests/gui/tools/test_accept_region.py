from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt

from landseg_core.geo.window import PixelWindow
from landseg_core.labels.regions import MaskRegion, RectangleRegion
from landseg_core.project.predicted_region import PredictedRegion
from landseg_gui.tools.accept_region import FoundRegion

RIGHT = Qt.MouseButton.RightButton
LABEL = 3
BOX = PixelWindow(600, 400, 150, 120)
RING = ((600.0, 400.0), (750.0, 400.0), (750.0, 520.0), (600.0, 520.0))


def region(box: PixelWindow = BOX, label: int = LABEL, *, is_cut: bool = False) -> FoundRegion:
    pixels = np.ones((box.height, box.width), bool)
    ring = ((box.x, box.y), (box.right, box.y), (box.right, box.bottom), (box.x, box.bottom))
    return FoundRegion(PredictedRegion(MaskRegion(box, pixels), 1, (ring,), is_cut), label)


@pytest.fixture
def accepting(at_work):
    """Return somebody with the tool in hand; `asked` and `accepted` collect what the tool asks for and accepts."""
    sitting = at_work("accept_region")
    tool = sitting.tools.tool("accept_region")
    sitting.tool, sitting.asked, sitting.accepted = tool, [], []
    tool.may_accept = lambda: True
    tool.ask, tool.accept = sitting.asked.append, sitting.accepted.append
    return sitting


def masks(sitting) -> list[np.ndarray]:
    return [sitting.expected(item, 1) == 1 for item in sitting.accepted]


def test_the_region_under_the_cursor_is_outlined_and_a_click_accepts_it(accepting) -> None:
    accepting.mouse.move((650, 450))
    assert accepting.asked == [(650, 450)]
    assert accepting.shapes("tool") == []
    accepting.tool.show_answer((650, 450), region())
    (shape,) = accepting.shapes("tool")
    assert shape.path.contains(QPointF(740, 410))
    assert shape.line.name() == accepting.context.colour(LABEL).name()
    accepting.mouse.click((740, 510))  # inside the same region: nothing has to be looked for
    assert accepting.asked == [(650, 450)]
    (mask,) = masks(accepting)
    assert (mask == (accepting.expected(RectangleRegion((600, 400), (750, 520)), 1) == 1)).all()
    assert (accepting.labels() == 255).all()  # that is left to the workflow


def test_the_outline_goes_when_the_cursor_leaves_the_region(accepting) -> None:
    accepting.mouse.move((650, 450))
    accepting.tool.show_answer((650, 450), region())
    accepting.mouse.move((800, 450))
    assert accepting.shapes("tool") == []
    assert accepting.asked[-1] == (800, 450)


def test_an_answer_that_comes_too_late_is_not_shown(accepting) -> None:
    accepting.mouse.move((650, 450))
    accepting.mouse.move((900, 700))
    accepting.tool.show_answer((650, 450), region())
    assert accepting.shapes("tool") == []
    assert accepting.asked[-1] == (900, 700)


def test_a_click_waits_for_its_answer_wherever_the_cursor_goes(accepting) -> None:
    accepting.mouse.click((650, 450))
    assert accepting.accepted == []
    accepting.mouse.move((900, 700))
    assert accepting.asked[-1] == (650, 450)
    accepting.tool.show_answer((650, 450), region())
    assert len(accepting.accepted) == 1
    assert accepting.asked[-1] == (900, 700)


def test_escape_drops_a_click_that_waits(accepting) -> None:
    accepting.mouse.click((650, 450))
    accepting.key(Qt.Key.Key_Escape)
    accepting.tool.show_answer((650, 450), region())
    assert accepting.accepted == []


def test_the_right_button_erases_the_labels_of_the_predicted_class(accepting) -> None:
    accepting.paint(RectangleRegion((580, 380), (700, 480)), LABEL)
    accepting.paint(RectangleRegion((620, 420), (660, 440)), 0)  # corrected by hand
    before = accepting.labels()
    accepting.mouse.move((650, 450))
    accepting.tool.show_answer((650, 450), region())
    accepting.mouse.click((650, 450), RIGHT)
    inside = accepting.expected(RectangleRegion((600, 400), (750, 520)), 1) == 1
    assert (accepting.labels() == np.where(inside & (before == LABEL), 255, before)).all()
    assert accepting.steps == [f"Reject region: {accepting.context.schema.classes[LABEL].name}"]
    accepting.mouse.click((650, 450), RIGHT)
    assert "nothing to erase" in accepting.said[-1]
    assert accepting.accepted == []


def test_a_locked_class_is_not_erased(accepting) -> None:
    accepting.paint(RectangleRegion((580, 380), (700, 480)), LABEL)
    accepting.context.locked = frozenset({LABEL})
    accepting.mouse.click((650, 450), RIGHT)
    accepting.tool.show_answer((650, 450), region())
    assert (accepting.labels() == LABEL).sum() == 12_000


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (None, "Nothing is predicted or suggested here."),
        (region(label=255), "does not have the class"),
        (region(is_cut=True), "limited to the area near the view"),
    ],
)
def test_what_a_click_cannot_do_is_said(accepting, found, sentence: str) -> None:
    accepting.mouse.click((650, 450))
    accepting.tool.show_answer((650, 450), found)
    assert sentence in accepting.said[-1]


def test_a_failure_is_shown_to_somebody_who_has_clicked(accepting) -> None:
    accepting.mouse.move((650, 450))
    accepting.tool.show_failure("The map cannot be read.")
    assert accepting.problems == []
    accepting.mouse.click((650, 450))
    accepting.tool.show_failure("The map cannot be read.")
    assert accepting.problems == ["The map cannot be read."]


def test_a_region_is_clipped_to_the_working_areas(accepting) -> None:
    accepting.context.project.drawn = (((620.0, 300.0), (700.0, 300.0), (700.0, 800.0), (620.0, 800.0)),)
    accepting.context.clips = True
    accepting.mouse.click((650, 450))
    accepting.tool.show_answer((650, 450), region())
    (mask,) = masks(accepting)
    assert (mask == (accepting.expected(RectangleRegion((620, 400), (700, 520)), 1) == 1)).all()


def test_without_a_prediction_or_labels_nothing_is_accepted(accepting) -> None:
    accepting.paint(RectangleRegion((580, 380), (700, 480)), LABEL)
    accepting.context.project.read_only = True
    accepting.mouse.click((650, 450), RIGHT)
    assert accepting.context.refusals == 1
    accepting.tool.may_accept = lambda: False
    accepting.mouse.click((650, 450))
    accepting.tool.show_answer((650, 450), region())
    assert accepting.accepted == []
    assert (accepting.labels() == LABEL).sum() == 12_000


def test_forgetting_leaves_the_preview_of_another_tool(accepting) -> None:
    accepting.tools.select("polygon")
    accepting.mouse.click((650, 450))
    shapes = accepting.shapes("tool")
    accepting.tool.forget()
    assert accepting.shapes("tool") == shapes != []
