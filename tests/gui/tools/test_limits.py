"""What limits painting with any tool: a key held to paint behind, and the switch that clips to the working areas."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFocusEvent, QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QApplication
from support.cell_tiles import all_square_cells

from landseg_core.labels.regions import AreasRegion, RectangleRegion, StrokeRegion
from landseg_gui.tools.manager import BEHIND_KEY

BLOCK = RectangleRegion((650, 450), (800, 560))
AREA = ((560.0, 380.0), (760.0, 400.0), (740.0, 620.0), (580.0, 600.0))
OTHER = ((1000.0, 700.0), (1050.0, 700.0), (1050.0, 760.0))
RING = [(600.0, 400.0), (820.0, 430.0), (790.0, 640.0), (640.0, 600.0)]


def by_drag(sitting) -> None:
    sitting.mouse.drag(*RING)


def by_diagonal(sitting) -> None:
    sitting.mouse.drag((600, 400), (820, 600))


def by_clicks(sitting) -> None:
    for position in RING:
        sitting.mouse.click(position)
    sitting.key(Qt.Key.Key_Return)


def by_three_clicks(sitting) -> None:
    for position in RING[:3]:
        sitting.mouse.click(position)


def by_one_click(sitting) -> None:
    sitting.mouse.click((700, 420))


@pytest.fixture(autouse=True)
def _cells_are_cut(sitting) -> None:
    """Have cells for the tools that label these."""
    sitting.context.cells.tiles = all_square_cells(sitting.viewport.image.reader.pyramid, 0)


GESTURES = {
    "brush": by_drag,
    "edge_brush": by_drag,
    "superpixel": by_drag,
    "lasso": by_drag,
    "rectangle": by_diagonal,
    "polygon": by_clicks,
    "line": by_clicks,
    "rotated_rectangle": by_three_clicks,
    "fill": by_one_click,
}


def hold(sitting, *, repeats: bool = False) -> None:
    event = QKeyEvent(QEvent.Type.KeyPress, BEHIND_KEY, Qt.KeyboardModifier.NoModifier, "q", repeats)
    QApplication.sendEvent(sitting.viewport, event)


def let_go(sitting, *, repeats: bool = False) -> None:
    event = QKeyEvent(QEvent.Type.KeyRelease, BEHIND_KEY, Qt.KeyboardModifier.NoModifier, "q", repeats)
    QApplication.sendEvent(sitting.viewport, event)


@pytest.mark.parametrize("tool", sorted(GESTURES))
def test_with_the_key_held_labels_stay_as_they_are(at_work, tool) -> None:
    sitting = at_work(tool)
    sitting.paint(BLOCK, 3)
    hold(sitting)
    GESTURES[tool](sitting)
    let_go(sitting)
    behind = sitting.labels()
    assert (behind[BLOCK.bounds.slices()] == 3).all()
    assert (behind == 0).any()
    if tool != "fill":  # which follows the labels
        GESTURES[tool](sitting)
        over = sitting.labels()
        assert ((over != behind) == (sitting.expected(BLOCK, 1) == 1) & (over == 0)).all()
        assert (over != behind).any()


def test_the_key_counts_in_the_middle_of_a_stroke(at_work) -> None:
    sitting = at_work("brush")
    sitting.paint(RectangleRegion((0, 0), (1500, 1100)), 3)
    sitting.mouse.press((600, 500))
    hold(sitting)
    sitting.mouse.move((800, 500))
    let_go(sitting)
    sitting.mouse.move((801, 500))
    sitting.mouse.release((801, 500))
    assert sitting.labels()[500, 600] == 0
    assert sitting.labels()[500, 700] == 3
    assert sitting.labels()[500, 801] == 0


def test_a_repeating_key_stays_held(at_work) -> None:
    sitting = at_work("brush")
    hold(sitting)
    for _ in range(3):
        let_go(sitting, repeats=True)
        assert sitting.context.paints_behind
        hold(sitting, repeats=True)
    let_go(sitting)
    assert not sitting.context.paints_behind


def test_erasing_is_not_limited_by_the_key(at_work) -> None:
    sitting = at_work("rectangle")
    sitting.paint(BLOCK, 3)
    hold(sitting)
    sitting.mouse.drag((600, 400), (820, 600), button=Qt.MouseButton.RightButton)
    assert (sitting.labels() != 3).sum() > (sitting.expected(BLOCK, 3) != 3).sum()


@pytest.mark.parametrize("tool", ["pan", "brush"])
def test_a_key_whose_release_goes_elsewhere_is_released(at_work, tool) -> None:
    sitting = at_work(tool)
    sitting.context.paints_behind = True
    QApplication.sendEvent(sitting.viewport, QFocusEvent(QEvent.Type.FocusOut))
    assert not sitting.context.paints_behind
    sitting.context.paints_behind = True
    QGuiApplication.instance().focusWindowChanged.emit(None)
    assert not sitting.context.paints_behind


def test_with_control_the_key_is_for_the_window(at_work) -> None:
    sitting = at_work("brush")
    event = QKeyEvent(QEvent.Type.KeyPress, BEHIND_KEY, Qt.KeyboardModifier.ControlModifier)
    assert not sitting.tools.key_press(event)
    assert not sitting.context.paints_behind


# --- the working areas


@pytest.fixture
def clipping(sitting):
    """Return somebody who paints in two working areas only."""
    sitting.context.project.drawn = (AREA, OTHER)
    sitting.context.areas_changed.emit()
    sitting.context.clips = True
    return sitting


@pytest.mark.parametrize("tool", sorted(GESTURES))
def test_painting_stays_inside_the_areas(clipping, tool) -> None:
    clipping.tools.select(tool)
    GESTURES[tool](clipping)
    clipped = clipping.labels()
    inside = clipping.expected(AreasRegion([AREA, OTHER]), 1) == 1
    clipping.paint(RectangleRegion((0, 0), (1500, 1100)), 255)
    clipping.context.clips = False
    GESTURES[tool](clipping)
    everywhere = clipping.labels()
    assert (clipped == np.where(inside, everywhere, 255)).all()
    assert 0 < (clipped == 0).sum() < (everywhere == 0).sum()


def test_erasing_stays_inside_too(clipping) -> None:
    clipping.paint(BLOCK, 3)
    clipping.tools.select("eraser")
    clipping.mouse.drag((600, 500), (900, 500))
    stroke = StrokeRegion([(600, 500), (900, 500)], clipping.tools.settings.diameter)
    inside = clipping.expected(AreasRegion([AREA]), 1) == 1
    erased = (clipping.expected(stroke, 1) == 1) & inside
    before = clipping.expected(BLOCK, 3)
    assert (clipping.labels() == np.where(erased, 255, before)).all()
    assert (clipping.labels()[500, 765:800] == 3).all()


@pytest.mark.parametrize("tool", ["brush", "rectangle"])
def test_painting_elsewhere_says_why_nothing_happens(clipping, tool) -> None:
    clipping.tools.select(tool)
    clipping.mouse.drag((900, 400), (950, 450))
    assert (clipping.labels() == 255).all()
    assert clipping.steps == []
    assert len(clipping.said) == 1
    assert "Only in working areas" in clipping.said[0]


def test_painting_over_the_same_class_says_nothing(clipping) -> None:
    clipping.tools.select("brush")
    for _ in range(2):
        clipping.mouse.drag((650, 450), (660, 460))
    assert clipping.said == []


def test_without_an_area_nothing_is_clipped(sitting) -> None:
    sitting.context.clips = True
    sitting.tools.select("rectangle")
    sitting.mouse.drag((600, 400), (700, 500))
    assert (sitting.labels() == sitting.expected(RectangleRegion((600, 400), (700, 500)), 0)).all()


def test_a_large_painting_is_clipped_as_well(clipping, monkeypatch) -> None:
    monkeypatch.setattr("landseg_gui.tools.context.LARGE_PIXELS", 10_000)
    clipping.tools.select("rectangle")
    clipping.mouse.drag((500, 350), (1060, 770))
    ((region, *_),) = clipping.context.large
    assert (clipping.expected(region, 0) == clipping.expected(AreasRegion([AREA, OTHER]), 0)).all()


def test_an_accepted_polygon_is_clipped(clipping) -> None:
    clipping.tools.select("accept")
    tool, accepted = clipping.tools.tool("accept"), []
    tool.may_accept, tool.accept_in = (lambda: True), accepted.append
    by_clicks(clipping)
    (region,) = accepted
    inside = clipping.expected(AreasRegion([AREA, OTHER]), 0) == 0
    assert not (clipping.expected(region, 0) == 0)[~inside].any()
    assert (clipping.expected(region, 0) == 0).any()


def test_the_switches_come_back_and_the_key_does_not(sitting) -> None:
    context = sitting.context
    context.clips, context.only_unlabelled, context.paints_behind = True, True, True
    state = sitting.tools.state()
    context.clips = context.only_unlabelled = context.paints_behind = False
    sitting.tools.restore(state)
    assert (context.clips, context.only_unlabelled, context.paints_behind) == (True, True, False)
    sitting.tools.restore({"clips": "yes", "only_unlabelled": 1})
    assert (context.clips, context.only_unlabelled) == (False, False)
