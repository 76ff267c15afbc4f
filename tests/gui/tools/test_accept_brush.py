from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt

from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.regions import RectangleRegion, StrokeRegion
from landseg_core.project.acceptance import Predicted
from landseg_core.project.map_on_image import EnlargedMap

RIGHT = Qt.MouseButton.RightButton
WAY = [(650.0, 520.0), (860.0, 540.0)]
SIZE = 40
WINDOW = PixelWindow(600, 450, 240, 200)  # the stroke begins in it, and ends beyond it


def suggested_values() -> np.ndarray:
    """Return (1100, 1500) what is suggested: 0 and 2 side by side, 255 in the middle and beyond the window."""
    values = np.full((1100, 1500), 255, np.uint8)
    values[450:650, 600:720] = 0
    values[450:650, 720:840] = 2
    values[450:650, 700:704] = 255
    return values


@pytest.fixture
def accepting(at_work, schema: ClassSchema):
    """Return somebody with the tool in hand, and a suggestion of level 2."""
    sitting = at_work("accept_brush")
    sitting.tools.settings.size = SIZE
    coarse = suggested_values()[450:650:4, 600:840:4]
    predicted = Predicted(EnlargedMap(coarse, 4, WINDOW), schema)
    sitting.tool = sitting.tools.tool("accept_brush")
    sitting.tool.suggested = lambda: predicted
    return sitting


def stroke(sitting) -> np.ndarray:
    """Return (1100, 1500) bool: what the stroke along `WAY` covers."""
    return sitting.expected(StrokeRegion(WAY, SIZE), 1) == 1


def test_each_pixel_gets_the_class_that_is_suggested_for_it(accepting) -> None:
    accepting.mouse.drag(*WAY)
    assert (accepting.labels() == np.where(stroke(accepting), suggested_values(), 255)).all()
    assert accepting.steps == ["Accept Brush"]


def test_labels_stay(accepting) -> None:
    accepting.paint(RectangleRegion((640, 500), (680, 540)), 1)
    before = accepting.labels()
    accepting.mouse.drag(*WAY)
    expected = np.where(stroke(accepting) & (before == 255), suggested_values(), before)
    assert (accepting.labels() == expected).all()


def test_the_right_button_erases_what_the_left_one_gives(accepting) -> None:
    accepting.paint(RectangleRegion((640, 500), (680, 540)), 1)
    before = accepting.labels()
    accepting.mouse.drag(*WAY)
    accepting.mouse.drag(*WAY, button=RIGHT)
    assert (accepting.labels() == before).all()
    assert accepting.steps == ["Accept Brush", "Accept Brush: erase"]


def test_a_locked_class_is_not_erased(accepting) -> None:
    accepting.mouse.drag(*WAY)
    before = accepting.labels()
    accepting.context.locked = frozenset({2})
    accepting.mouse.drag(*WAY, button=RIGHT)
    assert (accepting.labels() == np.where(before == 2, 2, 255)).all()


def test_working_areas_limit_it(accepting) -> None:
    accepting.context.project.drawn = (((620.0, 300.0), (700.0, 300.0), (700.0, 800.0), (620.0, 800.0)),)
    accepting.context.clips = True
    accepting.mouse.drag(*WAY)
    where = stroke(accepting) & (accepting.expected(RectangleRegion((620, 300), (700, 800)), 1) == 1)
    assert (accepting.labels() == np.where(where, suggested_values(), 255)).all()


def test_a_class_that_the_project_lacks_is_left_out(accepting, schema: ClassSchema) -> None:
    accepting.context.schema = ClassSchema(classes=tuple(item for item in schema.classes if item.value != 2))
    accepting.mouse.drag(*WAY)
    assert set(np.unique(accepting.labels())) == {0, 255}


def test_a_stroke_keeps_to_the_suggestion_that_it_began_with(accepting) -> None:
    accepting.mouse.press(WAY[0])
    accepting.tool.suggested = lambda: None
    accepting.mouse.move(WAY[1])
    accepting.mouse.release(WAY[1])
    assert (accepting.labels() == np.where(stroke(accepting), suggested_values(), 255)).all()


def test_without_a_suggestion_a_sentence_says_so(accepting) -> None:
    accepting.tool.suggested = lambda: None
    accepting.mouse.drag(*WAY)
    assert (accepting.labels() == 255).all()
    assert "no suggestion" in accepting.said[-1]


def test_escape_takes_the_stroke_back(accepting) -> None:
    accepting.mouse.press(WAY[0])
    accepting.mouse.move(WAY[1])
    accepting.key(Qt.Key.Key_Escape)
    assert (accepting.labels() == 255).all()
    assert accepting.steps == []
