from __future__ import annotations

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QPushButton, QToolButton, QVBoxLayout, QWidget

from landseg_gui.notifier import Notifier
from landseg_gui.panels import message_bar
from landseg_gui.panels.message_bar import MessageBar


@pytest.fixture
def window(qtbot) -> QWidget:
    window = QWidget()
    qtbot.addWidget(window)
    with qtbot.waitExposed(window):
        window.show()
    return window


@pytest.fixture
def bar(window, monkeypatch) -> MessageBar:
    monkeypatch.setattr(message_bar, "_NOTICE_MS", 50)
    bar = MessageBar()
    QVBoxLayout(window).addWidget(bar)
    return bar


@pytest.fixture
def notifier(bar: MessageBar) -> Notifier:
    """Return what the bar listens to."""
    notifier = Notifier(bar)
    notifier.posted.connect(bar.show_message)
    return notifier


def details(bar: MessageBar) -> QPlainTextEdit:
    return bar.findChild(QPlainTextEdit, "error_details")


def test_a_notice_leaves_by_itself(qtbot, bar, notifier) -> None:
    notifier.info("All is well.")
    assert bar.isVisible()
    assert bar.text() == "All is well."
    qtbot.waitUntil(lambda: not bar.isVisible())


def test_an_error_stays_until_it_is_closed(qtbot, bar, notifier) -> None:
    notifier.error("The file is cut short.")
    assert not bar.findChild(QTimer).isActive()
    qtbot.mouseClick(bar.findChild(QToolButton, "error_close"), Qt.MouseButton.LeftButton)
    assert not bar.isVisible()


@pytest.mark.parametrize("level", ["info", "warning"])
def test_what_is_good_to_know_takes_no_error_away(qtbot, bar, notifier, level: str) -> None:
    notifier.error("The file is cut short.")
    getattr(notifier, level)("The map is there.")
    error, news = bar.findChild(QLabel, "error_text"), bar.findChild(QLabel, "message_text")
    assert (error.text(), news.text()) == ("The file is cut short.", "The map is there.")
    assert error.isVisible()
    assert news.isVisible()
    qtbot.waitUntil(lambda: not news.isVisible())
    assert error.isVisible()
    assert bar.text() == "The file is cut short."


def test_several_errors_are_kept_together(qtbot, bar, notifier) -> None:
    for text in ("First.", "Second.", "Second.", "Third."):
        notifier.error(text)
    assert bar.text() == "Third."
    assert not details(bar).isVisible()
    qtbot.mouseClick(bar.findChild(QPushButton, "error_unfold"), Qt.MouseButton.LeftButton)
    assert details(bar).isVisible()
    assert details(bar).toPlainText() == "First.\nSecond.\nThird."


def test_an_error_that_was_closed_is_over(qtbot, bar, notifier) -> None:
    notifier.error("First.")
    qtbot.mouseClick(bar.findChild(QToolButton, "error_close"), Qt.MouseButton.LeftButton)
    notifier.error("Alone.")
    assert not bar.findChild(QPushButton, "error_unfold").isVisible()


def test_an_offer_is_taken_once(qtbot, bar, notifier) -> None:
    taken: list[bool] = []
    bar.show_offer("The file was deleted", "Save As…", lambda: taken.append(True))
    qtbot.mouseClick(bar.findChild(QPushButton, "error_offer"), Qt.MouseButton.LeftButton)
    assert (taken, bar.isVisible()) == ([True], False)
    notifier.error("The disk is full.")
    assert not bar.findChild(QPushButton, "error_offer").isVisible()
