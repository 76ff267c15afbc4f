from __future__ import annotations

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QPlainTextEdit, QPushButton, QToolButton, QVBoxLayout, QWidget

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


def test_a_notice_leaves_by_itself(qtbot, bar) -> None:
    bar.show_notice("All is well")
    assert bar.isVisible()
    assert bar.text() == "All is well"
    qtbot.waitUntil(lambda: not bar.isVisible())


def test_a_problem_stays_until_it_is_closed(qtbot, bar) -> None:
    bar.show_notice("All is well")
    bar.show_problem("The file is cut short", "block 7 of 12")
    assert bar.isVisible()
    assert not bar.findChild(QTimer).isActive()
    qtbot.mouseClick(bar.findChild(QToolButton, "message_close"), Qt.MouseButton.LeftButton)
    assert not bar.isVisible()


def test_details_unfold(qtbot, bar) -> None:
    details = bar.findChild(QPlainTextEdit, "message_details")
    bar.show_problem("The file is cut short", "block 7 of 12")
    assert not details.isVisible()
    qtbot.mouseClick(bar.findChild(QPushButton, "message_unfold"), Qt.MouseButton.LeftButton)
    assert details.isVisible()
    assert details.toPlainText() == "block 7 of 12"
    bar.show_problem("Another", "")
    assert not details.isVisible()


def test_several_problems_are_kept_together(bar) -> None:
    bar.show_problem("First")
    bar.show_problem("Second")
    bar.show_problem("Third")
    assert bar.text() == "Third"
    assert bar.findChild(QPlainTextEdit, "message_details").toPlainText() == "First\nSecond\nThird"


def test_without_details_there_is_nothing_to_unfold(bar) -> None:
    bar.show_problem("Alone")
    assert not bar.findChild(QPushButton, "message_unfold").isVisible()
