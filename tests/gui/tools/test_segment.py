"""The tool that segments by clicks, by mouse and keys, with answers that the test gives."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt

from landseg_core.assistant.click_segment.model import Click, Segment
from landseg_core.labels.outlines import outline
from landseg_core.labels.regions import CoarseRegion, RectangleRegion
from landseg_gui.tools.segmenter import Question, SegmenterState

RIGHT = Qt.MouseButton.RightButton
BUSY, CROSS = Qt.CursorShape.BusyCursor, Qt.CursorShape.CrossCursor
HERE, THERE, BESIDE = (700.5, 500.5), (740.5, 520.5), (760.5, 540.5)
BOX = (680, 480, 100, 80)


def answer(box: tuple[int, int, int, int] | None = BOX) -> Segment:
    """Return a segment of a rectangle (x, y, width, height), or without a pixel."""
    logits = np.zeros((1, 1, 4, 4), np.float32)
    if box is None:
        return Segment(None, (), logits)
    region = CoarseRegion(box[0], box[1], 1, np.ones((box[3], box[2]), bool))
    return Segment(region, outline(region.pixels, box[:2]), logits)


def rectangle(box: tuple[int, int, int, int] = BOX) -> RectangleRegion:
    return RectangleRegion((box[0], box[1]), (box[0] + box[2], box[1] + box[3]))


@pytest.fixture
def clicking(at_work):
    """Return somebody with the tool in hand and the view encoded; `model` answers when the test does."""
    sitting = at_work("segment")
    sitting.model = sitting.context.segmenter
    sitting.model.show_state(SegmenterState.READY)
    sitting.context.active_value = 2
    return sitting


def reply(sitting, box: tuple[int, int, int, int] | None = BOX) -> None:
    """Answer the newest question."""
    sitting.model.answered.emit(sitting.model.asked[-1], answer(box))


def outlined(sitting) -> tuple | None:
    """Return the box of the outline that is shown, or None: it is the first shape, unless there are only clicks."""
    shapes = sitting.shapes("tool")
    return shapes[0].path.boundingRect().getRect() if shapes else None


def outline_of(box: tuple[int, int, int, int]) -> tuple[float, float, float, float]:
    return box[0] + 0.25, box[1] + 0.25, box[2] - 0.5, box[3] - 0.5


# --- the view


def test_the_view_is_encoded_once_it_rests(at_work, qtbot) -> None:
    sitting = at_work("segment")
    model = sitting.context.segmenter
    qtbot.waitUntil(lambda: len(model.crops) == 1)
    (crop,) = model.crops
    window = sitting.viewport.view_window()
    assert (crop.x, crop.y, crop.scale) == (window.x, window.y, 1)
    assert crop.rgb.shape == (window.height, window.width, 3)
    assert crop.rgb[10, 20].tolist() == [(window.x + 20) % 256, (window.y + 10) % 256, 60]
    sitting.mouse.move(HERE)  # the same view: nothing to encode
    assert not sitting.tools.tool("segment")._view._timer.isActive()
    sitting.viewport.centre_on(600, 500, 0.5)
    qtbot.waitUntil(lambda: len(model.crops) == 2)
    assert model.crops[1].scale == 2


def test_other_tools_encode_nothing(at_work) -> None:
    sitting = at_work("segment")
    view = sitting.tools.tool("segment")._view
    assert view._timer.isActive()
    sitting.tools.select("brush")
    assert not view._timer.isActive()
    assert sitting.context.segmenter.calls[-1] == "pause"
    sitting.viewport.centre_on(600, 500, 0.5)
    sitting.mouse.move(HERE)
    assert not view._timer.isActive()


def test_another_model_encodes_the_same_view_again(clicking, qtbot) -> None:
    clicking.model.show_state(SegmenterState.IDLE)
    assert clicking.tools.tool("segment")._view._timer.isActive()


def test_the_hint_and_the_cursor_show_what_is_waited_for(clicking) -> None:
    ready = clicking.tools.hint
    heard: list[str] = []
    clicking.tools.hint_changed.connect(heard.append)
    clicking.mouse.move(HERE)
    clicking.model.show_state(SegmenterState.ENCODING)
    assert heard == ["Encoding the view…"] == [clicking.tools.hint]
    assert clicking.viewport.viewport().cursor().shape() == BUSY
    clicking.model.show_state(SegmenterState.READY)
    assert clicking.tools.hint == ready
    assert clicking.viewport.viewport().cursor().shape() == CROSS


# --- before a click


def test_what_is_under_the_cursor_is_outlined_before_the_click(clicking) -> None:
    clicking.mouse.move(HERE)
    assert clicking.model.asked[-1] == Question((Click(*HERE),), hovers=True)
    reply(clicking)
    assert outlined(clicking) == outline_of(BOX)
    (shape,) = clicking.shapes("tool")
    assert shape.line == clicking.context.colour(2)
    assert shape.fill is None
    clicking.tools.leave()
    assert outlined(clicking) is None


def test_an_outline_follows_the_cursor_even_if_its_answer_is_late(clicking) -> None:
    clicking.mouse.move(HERE)
    late = clicking.model.asked[-1]
    clicking.mouse.move(THERE)
    clicking.model.answered.emit(late, answer())
    assert outlined(clicking) == outline_of(BOX)


def test_beyond_the_image_nothing_is_asked(clicking) -> None:
    clicking.viewport.centre_on(1480, 1090, 1.0)
    asked = len(clicking.model.asked)
    clicking.mouse.move((1510.0, 1095.0))
    clicking.mouse.click((1510.0, 1095.0))
    assert len(clicking.model.asked) == asked
    assert not clicking.tools.tool("segment").is_busy


# --- clicks


def test_clicks_are_asked_for_and_enter_paints_the_answer_as_one_step(clicking) -> None:
    clicking.mouse.click(HERE)
    clicking.mouse.click(BESIDE, RIGHT)
    assert clicking.model.asked[-1] == Question((Click(*HERE), Click(*BESIDE, on=False)))
    reply(clicking)
    assert outlined(clicking) == outline_of(BOX)
    assert (clicking.labels() == 255).all()
    clicking.key(Qt.Key.Key_Return)
    assert (clicking.labels() == clicking.expected(rectangle(), 2)).all()
    (step,) = clicking.steps
    assert step == f"Segment by Clicks: {clicking.context.class_of(2).name}"
    assert outlined(clicking) is None
    assert not clicking.tools.tool("segment").is_busy


def test_each_click_is_marked(clicking) -> None:
    clicking.mouse.click(HERE)
    clicking.mouse.click(BESIDE, RIGHT)
    discs = clicking.shapes("tool")[::2]
    for disc, at in zip(discs, (HERE, BESIDE), strict=True):
        assert disc.path.boundingRect().center() == QPointF(*at)
    signs = clicking.shapes("tool")[1::2]
    plus, minus = (sign.path.boundingRect() for sign in signs)
    assert plus.height() == pytest.approx(plus.width())
    assert minus.height() == 0 < minus.width()


def test_while_there_are_clicks_the_cursor_asks_for_nothing(clicking) -> None:
    clicking.mouse.click(HERE)
    asked = len(clicking.model.asked)
    clicking.mouse.move(THERE)
    clicking.tools.leave()
    assert len(clicking.model.asked) == asked
    reply(clicking)
    assert outlined(clicking) == outline_of(BOX)


def test_an_answer_to_other_clicks_is_dropped(clicking) -> None:
    clicking.mouse.move(HERE)
    hover = clicking.model.asked[-1]
    clicking.mouse.click(HERE)
    first = clicking.model.asked[-1]
    clicking.mouse.click(THERE)
    for stale in (hover, first):
        clicking.model.answered.emit(stale, answer((0, 0, 9, 9)))
    assert outlined(clicking) != outline_of((0, 0, 9, 9))
    reply(clicking)
    assert outlined(clicking) == outline_of(BOX)


def test_the_former_outline_stays_until_the_answer_comes(clicking) -> None:
    clicking.mouse.click(HERE)
    reply(clicking)
    clicking.mouse.click(THERE)
    assert outlined(clicking) == outline_of(BOX)


def test_enter_before_the_answer_paints_once_it_is_there(clicking) -> None:
    clicking.mouse.click(HERE)
    clicking.key(Qt.Key.Key_Enter)
    assert clicking.viewport.viewport().cursor().shape() == BUSY
    assert clicking.steps == []
    reply(clicking)
    assert (clicking.labels() == clicking.expected(rectangle(), 2)).all()
    assert len(clicking.steps) == 1
    assert clicking.viewport.viewport().cursor().shape() == CROSS


def test_another_click_after_enter_waits_for_another_enter(clicking) -> None:
    clicking.mouse.click(HERE)
    clicking.key(Qt.Key.Key_Return)
    clicking.mouse.click(THERE)
    reply(clicking)
    assert clicking.steps == []


def test_a_double_click_paints_and_counts_as_one_click(clicking) -> None:
    clicking.mouse.double_click(HERE)
    assert clicking.model.asked[-1] == Question((Click(*HERE),))
    reply(clicking)
    assert (clicking.labels() == clicking.expected(rectangle(), 2)).all()
    assert len(clicking.steps) == 1


def test_backspace_and_undo_take_the_last_click_back(clicking) -> None:
    clicking.mouse.click(HERE)
    clicking.mouse.click(THERE)
    clicking.mouse.click(BESIDE, RIGHT)
    clicking.key(Qt.Key.Key_Backspace)
    assert clicking.model.asked[-1] == Question((Click(*HERE), Click(*THERE)))
    assert clicking.tools.undo_last()
    assert clicking.model.asked[-1] == Question((Click(*HERE),))
    clicking.key(Qt.Key.Key_Backspace)
    assert outlined(clicking) is None
    assert not clicking.tools.undo_last()


def test_escape_drops_all_clicks(clicking) -> None:
    clicking.mouse.click(HERE)
    reply(clicking)
    clicking.key(Qt.Key.Key_Escape)
    clicking.tools.leave()
    assert outlined(clicking) is None
    clicking.key(Qt.Key.Key_Return)
    assert clicking.steps == []


def test_the_right_button_does_not_begin(clicking) -> None:
    clicking.mouse.click(HERE, RIGHT)
    assert not clicking.tools.tool("segment").is_busy
    assert clicking.said == ["Click the object first: the right button leaves out what is not part of it."]


def test_control_and_a_click_pick_the_class_until_there_are_clicks(clicking) -> None:
    clicking.paint(RectangleRegion((600, 400), (800, 600)), 3)
    control = clicking.mouse.holding(Qt.KeyboardModifier.ControlModifier)
    control.click(HERE)
    assert clicking.context.active_value == 3
    assert not clicking.tools.tool("segment").is_busy


def test_another_class_is_shown_and_painted(clicking) -> None:
    clicking.mouse.click(HERE)
    reply(clicking)
    clicking.context.active_value = 4
    assert clicking.shapes("tool")[0].line == clicking.context.colour(4)
    clicking.key(Qt.Key.Key_Return)
    assert (clicking.labels() == clicking.expected(rectangle(), 4)).all()


@pytest.mark.parametrize("how", ["locked", "only_unlabelled", "clips"])
def test_what_is_protected_stays(clicking, how: str) -> None:
    left = RectangleRegion((600, 400), (720, 600))
    clicking.paint(left, 3)
    ground = clicking.labels()
    if how == "locked":
        clicking.context.locked = frozenset({3})
    elif how == "only_unlabelled":
        clicking.context.only_unlabelled = True
    else:
        clicking.context.project.drawn = (((720.0, 0.0), (900.0, 0.0), (900.0, 900.0), (720.0, 900.0)),)
        clicking.context.clips = True
    clicking.mouse.click(HERE)
    reply(clicking)
    clicking.key(Qt.Key.Key_Return)
    expected = clicking.expected(rectangle((720, 480, 60, 80)), 2, ground)
    assert (clicking.labels() == expected).all()


def test_nothing_to_paint_is_said(clicking) -> None:
    clicking.mouse.click(HERE)
    reply(clicking, None)
    clicking.key(Qt.Key.Key_Return)
    assert clicking.steps == []
    assert "nothing to paint" in clicking.said[-1]
    assert clicking.tools.tool("segment").is_busy


# --- another view


def test_clicks_stay_when_the_view_is_another_one_and_are_answered_anew(clicking) -> None:
    clicking.mouse.click(HERE)
    reply(clicking)
    clicking.viewport.centre_on(760, 560, 2.0)
    clicking.model.show_state(SegmenterState.ENCODING)
    assert outlined(clicking) == outline_of(BOX)
    asked = len(clicking.model.asked)
    clicking.model.show_state(SegmenterState.READY)
    assert clicking.model.asked[asked:] == [Question((Click(*HERE),))]
    reply(clicking, (690, 490, 20, 20))
    assert outlined(clicking) == outline_of((690, 490, 20, 20))


def test_where_no_click_is_in_view_the_outline_stays_as_it_was(clicking) -> None:
    clicking.mouse.click(HERE)
    reply(clicking)
    clicking.model.show_state(SegmenterState.READY)
    clicking.model.answered.emit(clicking.model.asked[-1], None)
    assert outlined(clicking) == outline_of(BOX)
    clicking.key(Qt.Key.Key_Return)
    assert (clicking.labels() == clicking.expected(rectangle(), 2)).all()


def test_another_image_drops_everything(clicking) -> None:
    clicking.mouse.click(HERE)
    reply(clicking)
    clicking.context.image_changed.emit()
    assert not clicking.tools.tool("segment").is_busy
    assert outlined(clicking) is None
    assert clicking.model.calls[-1] == "reset"


# --- what cannot be done


def test_without_a_model_a_click_shows_the_dialog_that_chooses_one(clicking) -> None:
    chosen = []
    clicking.tools.tool("segment").choose_model = lambda: chosen.append(True)
    clicking.model.show_state(SegmenterState.NO_MODEL)
    assert clicking.tools.hint == "Choose a model in Settings"
    clicking.mouse.click(HERE)
    assert chosen == [True]
    assert not clicking.tools.tool("segment").is_busy


def test_a_model_that_fails_paints_nothing_and_is_tried_again_later(clicking) -> None:
    clicking.mouse.click(HERE)
    clicking.model.show_state(SegmenterState.FAILED)
    clicking.key(Qt.Key.Key_Return)
    assert clicking.steps == []
    assert clicking.said[-1] == "Choose another model in Settings."
    clicking.tools.select("brush")
    clicking.tools.select("segment")
    assert clicking.model.calls[-1] == "retry"


def test_nothing_is_clicked_where_nothing_can_be_saved(clicking) -> None:
    clicking.context.project.read_only = True
    clicking.mouse.click(HERE)
    assert clicking.context.refusals == 1
    assert not clicking.tools.tool("segment").is_busy


def test_an_answer_leaves_the_preview_of_another_tool(clicking) -> None:
    clicking.mouse.click(HERE)
    question = clicking.model.asked[-1]
    clicking.tools.select("polygon")
    clicking.mouse.click(THERE)
    shapes = clicking.shapes("tool")
    clicking.model.answered.emit(question, answer())
    clicking.model.show_state(SegmenterState.READY)
    assert clicking.shapes("tool") == shapes != []
