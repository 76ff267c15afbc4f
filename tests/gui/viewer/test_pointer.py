from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QCursor, QFocusEvent, QKeyEvent, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from support.viewing import turn_wheel

from landseg_gui.viewer.viewport import Viewport

LEFT, MIDDLE, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton
NONE = Qt.MouseButton.NoButton
PLAIN, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier


class Listener:
    """Notes what comes, with places rounded; takes the key A."""

    def __init__(self) -> None:
        self.heard: list[tuple] = []

    def press(self, position, button, modifiers) -> None:
        self.heard.append(("press", rounded(position), button, modifiers))

    def move(self, position, buttons, modifiers) -> None:
        self.heard.append(("move", rounded(position), buttons, modifiers))

    def release(self, position, button, modifiers) -> None:
        self.heard.append(("release", rounded(position), button, modifiers))

    def double_click(self, position, modifiers) -> None:
        self.heard.append(("double_click", rounded(position), modifiers))

    def leave(self) -> None:
        self.heard.append(("leave",))

    def key_press(self, event: QKeyEvent) -> bool:
        self.heard.append(("key", event.key()))
        return event.key() == Qt.Key.Key_A

    def cursor(self) -> QCursor:
        return QCursor(Qt.CursorShape.CrossCursor)

    @property
    def kinds(self) -> list[str]:
        return [entry[0] for entry in self.heard]


def rounded(position: tuple[float, float]) -> tuple[int, int]:
    return round(position[0]), round(position[1])


@pytest.fixture
def view(shown: Viewport) -> Viewport:
    """Return a viewport at 1:1 whose upper left corner is raster place (400, 300)."""
    shown.centre_on(750, 550, 1.0)
    return shown


@pytest.fixture
def listener(view) -> Listener:
    view.pointer = listener = Listener()
    return listener


def send(view: Viewport, kind: QEvent.Type, at: tuple[int, int], button=NONE, held=NONE, modifiers=PLAIN) -> None:
    position = QPointF(*at)
    event = QMouseEvent(kind, position, view.viewport().mapToGlobal(position), button, held, modifiers)
    QApplication.sendEvent(view.viewport(), event)


def press(view: Viewport, at: tuple[int, int], button=LEFT, held=None, modifiers=PLAIN) -> None:
    send(view, QEvent.Type.MouseButtonPress, at, button, held or button, modifiers)


def move(view: Viewport, at: tuple[int, int], held=NONE) -> None:
    send(view, QEvent.Type.MouseMove, at, NONE, held)


def release(view: Viewport, at: tuple[int, int], button=LEFT, held=NONE) -> None:
    send(view, QEvent.Type.MouseButtonRelease, at, button, held)


def shape(view: Viewport) -> Qt.CursorShape:
    return view.viewport().cursor().shape()


@pytest.mark.parametrize("button", [LEFT, RIGHT])
def test_the_handler_gets_the_mouse_in_raster_places(view, listener, button) -> None:
    frame = view.frame
    move(view, (10, 20))
    press(view, (100, 50), button, modifiers=SHIFT)
    move(view, (120, 60), button)
    release(view, (130, 70), button)
    assert listener.heard == [
        ("move", (410, 320), NONE, PLAIN),
        ("press", (500, 350), button, SHIFT),
        ("move", (520, 360), button, PLAIN),
        ("release", (530, 370), button, PLAIN),
    ]
    assert view.frame == frame
    assert shape(view) == Qt.CursorShape.CrossCursor


def test_every_move_comes(view, listener) -> None:
    for step in range(50):
        move(view, (step, 5))
    assert len(listener.heard) == 50


def test_the_middle_button_pans(view, listener) -> None:
    move(view, (100, 100))
    position = view.raster_position(QPointF(100, 100))
    press(view, (100, 100), MIDDLE)
    assert shape(view) == Qt.CursorShape.ClosedHandCursor
    move(view, (140, 80), MIDDLE)
    release(view, (140, 80), MIDDLE)
    assert view.raster_position(QPointF(140, 80)) == pytest.approx(position)
    assert listener.kinds == ["move"]
    assert shape(view) == Qt.CursorShape.CrossCursor


def test_panning_in_a_stroke_leaves_the_stroke_where_it_is(view, listener) -> None:
    press(view, (100, 100))
    press(view, (100, 100), MIDDLE, LEFT | MIDDLE)
    move(view, (160, 130), LEFT | MIDDLE)
    release(view, (160, 130), MIDDLE, LEFT)
    move(view, (161, 130), LEFT)
    release(view, (161, 130))
    assert [entry[:2] for entry in listener.heard] == [
        ("press", (500, 400)),
        ("move", (501, 400)),
        ("release", (501, 400)),
    ]


def test_held_space_makes_it_the_hand(view, listener) -> None:
    left = view.frame.left
    QTest.keyPress(view, Qt.Key.Key_Space)
    assert shape(view) == Qt.CursorShape.OpenHandCursor
    assert listener.kinds == ["leave"]
    press(view, (100, 100))
    assert shape(view) == Qt.CursorShape.ClosedHandCursor
    move(view, (60, 100), LEFT)
    release(view, (60, 100))
    assert view.frame.left == pytest.approx(left + 40)
    assert shape(view) == Qt.CursorShape.OpenHandCursor
    move(view, (61, 100))
    QTest.keyRelease(view, Qt.Key.Key_Space)
    assert shape(view) == Qt.CursorShape.CrossCursor
    assert listener.kinds == ["leave"]
    press(view, (60, 100))
    assert listener.kinds == ["leave", "press"]


def test_a_held_key_repeats_without_letting_go_of_space(view, listener) -> None:
    QTest.keyPress(view, Qt.Key.Key_Space)
    for kind in (QEvent.Type.KeyRelease, QEvent.Type.KeyPress):
        QApplication.sendEvent(view, QKeyEvent(kind, Qt.Key.Key_Space, PLAIN, " ", True))  # noqa: FBT003
        assert shape(view) == Qt.CursorShape.OpenHandCursor


def test_one_button_at_a_time(view, listener) -> None:
    press(view, (100, 100))
    press(view, (100, 100), RIGHT, LEFT | RIGHT)
    release(view, (100, 100), RIGHT, LEFT)
    release(view, (100, 100))
    assert [(entry[0], entry[2]) for entry in listener.heard] == [("press", LEFT), ("release", LEFT)]


def test_both_clicks_of_a_double_click_are_presses(view, listener) -> None:
    press(view, (100, 100))
    release(view, (100, 100))
    send(view, QEvent.Type.MouseButtonDblClick, (100, 100), LEFT, LEFT)
    release(view, (100, 100))
    assert listener.kinds == ["press", "release", "press", "double_click", "release"]
    send(view, QEvent.Type.MouseButtonDblClick, (100, 100), RIGHT, RIGHT)
    assert listener.kinds[5:] == ["press"]


def test_a_stroke_ends_where_it_was_when_its_release_is_lost(view, listener) -> None:
    press(view, (100, 100))
    move(view, (110, 100), LEFT)
    move(view, (500, 400))  # without the button: it went up over another window
    assert [entry[:2] for entry in listener.heard[1:]] == [
        ("move", (510, 400)),
        ("release", (510, 400)),
        ("move", (900, 700)),
    ]
    press(view, (100, 100))
    press(view, (200, 200))
    assert listener.kinds[4:] == ["press", "release", "press"]


def test_losing_the_focus_ends_strokes_drags_and_space(view, listener) -> None:
    QTest.keyPress(view, Qt.Key.Key_Space)
    press(view, (100, 100))
    QApplication.sendEvent(view, QFocusEvent(QEvent.Type.FocusOut))
    assert shape(view) == Qt.CursorShape.CrossCursor
    frame = view.frame
    move(view, (150, 100), LEFT)
    assert view.frame == frame
    listener.heard.clear()
    press(view, (100, 100))
    QApplication.sendEvent(view, QFocusEvent(QEvent.Type.FocusOut))
    release(view, (100, 100))
    assert listener.kinds == ["press", "release"]


def test_another_handler_ends_the_stroke_of_the_first(view, listener) -> None:
    press(view, (100, 100))
    view.pointer = listener
    assert listener.kinds == ["press"]
    view.pointer = None
    assert listener.kinds == ["press", "release"]
    assert shape(view) == Qt.CursorShape.OpenHandCursor
    press(view, (100, 100))
    assert listener.kinds == ["press", "release"]
    assert shape(view) == Qt.CursorShape.ClosedHandCursor


def test_keys_are_for_the_handler_first(view, listener) -> None:
    left = view.frame.left
    QTest.keyClick(view, Qt.Key.Key_A)
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert listener.heard == [("key", Qt.Key.Key_A), ("key", Qt.Key.Key_Right)]
    assert view.frame.left > left


def test_the_handler_hears_when_the_picture_moves_under_the_cursor(view, listener) -> None:
    view.zoom_by(1.5)
    assert listener.heard == []  # the cursor is elsewhere
    move(view, (10, 10))
    view.pan_by(30, 0)
    assert listener.heard[-1][1] == rounded(view.raster_position(QPointF(10, 10)))
    assert listener.kinds == ["move", "move"]
    press(view, (10, 10))
    turn_wheel(view, QPointF(10, 10), 1)
    view.pan_by(30, 0)
    assert listener.kinds == ["move", "move", "press"]


def test_leaving_is_told(view, listener) -> None:
    move(view, (10, 10))
    QApplication.sendEvent(view.viewport(), QEvent(QEvent.Type.Leave))
    view.pan_by(30, 0)
    assert listener.kinds == ["move", "leave"]


def test_the_cursor_is_asked_for_anew(view, listener, monkeypatch) -> None:
    monkeypatch.setattr(listener, "cursor", lambda: QCursor(Qt.CursorShape.BlankCursor))
    view.update_cursor()
    assert shape(view) == Qt.CursorShape.BlankCursor


def test_a_click_takes_the_focus(qtbot, view, listener) -> None:
    view.clearFocus()
    QTest.mouseClick(view.viewport(), LEFT, PLAIN, QPoint(50, 50))
    qtbot.waitUntil(view.hasFocus)
