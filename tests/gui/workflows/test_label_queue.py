"""Labelling where it helps most: questions, answers by keys and buttons, and what else happens meanwhile."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot
from support.painted_project import SIDE
from support.tool_user import ToolUser

from landseg_core.errors import RasterError
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED, LandClass
from landseg_core.labels.regions import RectangleRegion
from landseg_gui.main_window.tool_context import SessionToolContext
from landseg_gui.panels.question_bar import QuestionBar
from landseg_gui.session.session import Session
from landseg_gui.workflows.label_queue import LabelQueueFlow

LONG_MS = 30_000
WHOLE = PixelWindow(0, 0, SIDE, SIDE)


@pytest.fixture
def layers(session: Session):
    """Return the layers of the session, for the viewport."""
    return session.layers


@pytest.fixture
def user(session: Session, viewport) -> ToolUser:
    return ToolUser(
        SessionToolContext(viewport, session.project_session, session.notifier, session.cells, session.segmenter)
    )


@pytest.fixture
def flow(qtbot: QtBot, session: Session, user: ToolUser, painted_project):
    """Return the mode, which asks its first question about the first image."""
    flow = LabelQueueFlow(session, user.tools)
    qtbot.addWidget(flow.bar)
    flow.begin()
    wait_for_question(qtbot, flow)
    yield flow
    flow.close()


def wait_for_question(qtbot: QtBot, flow: LabelQueueFlow) -> None:
    qtbot.waitUntil(lambda: region(flow) is not None, timeout=LONG_MS)


def settled(qtbot: QtBot, flow: LabelQueueFlow) -> None:
    """Wait until nothing is looked for."""
    qtbot.waitUntil(lambda: not flow.is_looking, timeout=LONG_MS)


def region(flow: LabelQueueFlow):
    """Return the pixels that are asked about, None while nothing is."""
    return flow.question.region if flow.question else None


def labels(session: Session) -> np.ndarray:
    return session.project_session.labels.read(WHOLE)


def press(flow: LabelQueueFlow, user: ToolUser, key: Qt.Key, *, repeats: bool = False) -> None:
    event = QKeyEvent(QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier, "", repeats)
    assert user.tools.key_press(event)


def steps(session: Session) -> list[str]:
    return [step.name for step in session.project_session.project.history.steps]


def button(flow: LabelQueueFlow, name: str) -> QToolButton:
    return flow.bar.findChild(QToolButton, f"question_{name}")


def test_the_cell_is_in_the_middle_and_outlined(flow, user, session) -> None:
    bounds, viewport = region(flow).bounds, user.context.viewport
    middle = viewport.frame.to_raster(viewport.frame.width / 2, viewport.frame.height / 2)
    assert middle == pytest.approx((bounds.x + bounds.width / 2, bounds.y + bounds.height / 2))
    assert 40 <= max(bounds.width, bounds.height) * user.context.screen_scale <= 160
    (shape,) = viewport.overlay.shapes("question")
    assert shape.path.boundingRect().toRect().getRect()[2:] == (bounds.width, bounds.height)
    assert (labels(session)[region(flow).mask(WHOLE)] == UNLABELLED).all()


def test_a_digit_labels_the_cell_as_one_step_and_goes_on(qtbot, flow, user, session) -> None:
    before, cell, count = labels(session), region(flow), len(steps(session))
    press(flow, user, Qt.Key.Key_4)
    after = labels(session)
    assert (after[cell.mask(WHOLE)] == session.project_session.schema.values[3]).all()
    assert (after == before)[~cell.mask(WHOLE)].all()
    assert len(steps(session)) == count + 1
    assert steps(session)[-1].startswith("Superpixels: ")
    qtbot.waitUntil(lambda: region(flow) not in (None, cell), timeout=LONG_MS)


def test_enter_accepts_what_is_suggested(flow, user, session) -> None:
    cell, value, share = region(flow), flow.question.value, flow.question.share
    name = {item.value: item.name for item in session.project_session.schema.classes}[value]
    assert flow.bar.text() == f"{name} {round(100 * share)} %?"
    press(flow, user, Qt.Key.Key_Return)
    assert (labels(session)[cell.mask(WHOLE)] == value).all()


def test_the_next_question_does_not_change_while_others_are_looked_for(qtbot, flow, user) -> None:
    settled(qtbot, flow)
    press(flow, user, Qt.Key.Key_1)
    shown = flow.question
    assert shown is not None  # at once
    settled(qtbot, flow)
    assert flow.question is shown


def test_skipping_labels_nothing_and_does_not_ask_again(qtbot, flow, user, session) -> None:
    before, seen = labels(session), []
    while flow.question is not None and len(seen) < 20:
        seen.append(flow.question.position)
        press(flow, user, Qt.Key.Key_S)
        settled(qtbot, flow)
    assert len(seen) > 1
    assert len(set(seen)) == len(seen)
    assert flow.question is None
    assert flow.bar.text() == "Nothing left to ask."
    assert (labels(session) == before).all()


def test_going_back_replaces_an_answer(qtbot, flow, user, session) -> None:
    settled(qtbot, flow)
    cell, (first, other) = region(flow), session.project_session.schema.values[:2]
    user.context.only_unlabelled = True
    press(flow, user, Qt.Key.Key_1)
    later = flow.question
    press(flow, user, Qt.Key.Key_Backspace)
    assert region(flow) is cell
    assert flow.bar.text().startswith("Answered: ")
    assert (labels(session)[cell.mask(WHOLE)] == first).all()
    press(flow, user, Qt.Key.Key_2)
    assert (labels(session)[cell.mask(WHOLE)] == other).all()
    assert flow.question is later
    press(flow, user, Qt.Key.Key_Backspace)
    press(flow, user, Qt.Key.Key_Backspace)  # there is none before
    assert region(flow) is cell


def test_a_held_key_answers_once(flow, user, session) -> None:
    count = len(steps(session))
    press(flow, user, Qt.Key.Key_1)
    press(flow, user, Qt.Key.Key_1, repeats=True)
    assert len(steps(session)) == count + 1


def test_escape_leaves_and_gives_the_keys_back(flow, user, session) -> None:
    viewport = user.context.viewport
    frame = viewport.frame
    press(flow, user, Qt.Key.Key_Escape)
    assert not flow.on
    assert flow.bar.isHidden()
    assert viewport.overlay.shapes("question") == ()
    assert viewport.frame == frame
    count = len(steps(session))
    press(flow, user, Qt.Key.Key_2)  # chooses a class again
    assert user.context.active_value == session.project_session.schema.values[1]
    assert len(steps(session)) == count


def test_a_tool_in_the_middle_of_something_has_its_keys_first(flow, user, session) -> None:
    shown = flow.question
    user.tools.select("polygon")
    for position in ((10, 10), (30, 10), (30, 30)):
        user.mouse.click(position)
    press(flow, user, Qt.Key.Key_Escape)
    assert flow.on
    assert flow.question is shown
    press(flow, user, Qt.Key.Key_Escape)
    assert not flow.on


def test_the_bar_has_a_button_for_everything(qtbot, flow, user, session) -> None:
    settled(qtbot, flow)
    first, value = flow.question, session.project_session.schema.values[2]
    assert not button(flow, "back").isEnabled()
    button(flow, f"class_{value}").click()
    assert (labels(session)[first.region.mask(WHOLE)] == value).all()
    second = flow.question
    button(flow, "back").click()
    assert flow.question is first
    button(flow, "skip").click()
    assert flow.question is second
    button(flow, "accept").click()
    assert (labels(session)[second.region.mask(WHOLE)] == second.value).all()
    button(flow, "close").click()
    assert not flow.on


def test_the_next_image_is_offered_when_nothing_is_left(qtbot, flow, user, session) -> None:
    project, first = session.project_session, session.project_session.image
    settled(qtbot, flow)  # so that the questions after this one are known
    edit = project.editing.begin()
    edit.paint(RectangleRegion((0, 0), (SIDE, SIDE)), 1)
    project.editing.record(edit, "Paint")
    press(flow, user, Qt.Key.Key_S)
    assert flow.question is None  # those that were known are about labelled cells now
    qtbot.waitUntil(lambda: flow.bar.text() == "Nothing left to ask.", timeout=LONG_MS)
    button(flow, "next_image").click()
    qtbot.waitUntil(lambda: project.image not in (None, first), timeout=LONG_MS)
    wait_for_question(qtbot, flow)
    assert flow.on


def test_closing_the_project_ends_it(flow, session) -> None:
    assert session.project_session.lifecycle.close()
    assert not flow.on
    assert flow.bar.isHidden()


def test_an_image_that_cannot_be_read_is_one_sentence(qtbot, session, user, painted_project, monkeypatch) -> None:
    def unreadable(*_: object) -> None:
        raise RasterError("the file north.tif is gone")

    monkeypatch.setattr("landseg_core.assistant.image_assistant.read_tile_image", unreadable)
    flow = LabelQueueFlow(session, user.tools)
    qtbot.addWidget(flow.bar)
    with qtbot.waitSignal(session.notifier.posted, timeout=LONG_MS) as posted:
        flow.begin()
    assert "north.tif" in posted.args[0].text
    assert not flow.on
    flow.close()


def test_many_classes_have_a_menu(qtbot) -> None:
    bar = QuestionBar()
    qtbot.addWidget(bar)
    bar.set_classes([LandClass(value=value, name=f"<b>{value}", colour="#102030") for value in range(12)])
    bar.show_question("Which class?", suggested=False, first=True)
    assert not bar.findChild(QToolButton, "question_accept").isEnabled()
    assert [bar.findChild(QToolButton, f"question_class_{value}").text() for value in (0, 9)] == ["1", "0"]
    menu = bar.findChild(QToolButton, "question_more").menu()
    with qtbot.waitSignal(bar.answered) as answered:
        menu.actions()[1].trigger()
    assert answered.args == [11]
