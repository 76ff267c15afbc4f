"""A running job shows in the status bar: its name, a bar, the time left, and Cancel."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QProgressBar, QToolButton
from pytestqt.qtbot import QtBot

from landseg_core.events import JobControl, OnEvent, Progress
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.panels.jobs import job_field
from landseg_gui.panels.jobs.job_field import JobField


class Waiting:
    """Work that is halfway, until it is released or stopped."""

    def __init__(self) -> None:
        self.release = threading.Event()

    def __call__(self, on_event: OnEvent, control: JobControl) -> None:
        on_event(Progress("predicting", 50, 100, 60.0))
        while not self.release.wait(0.002):
            control.checkpoint()


@pytest.fixture
def field(runner: JobRunner, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> JobField:
    monkeypatch.setattr(job_field, "_CALM_MS", 0)
    field = JobField(runner)
    qtbot.addWidget(field)
    return field


def state(field: JobField) -> str:
    return field.findChild(QLabel, "status_job_state").text()


def test_it_shows_name_progress_and_time_left(field: JobField, runner: JobRunner, qtbot: QtBot) -> None:
    assert field.isHidden()
    work = Waiting()
    runner.start("Predict town.tif", work)
    qtbot.waitUntil(lambda: "left" in state(field))
    assert not field.isHidden()
    assert field.findChild(QLabel, "status_job_title").text() == "Predict town.tif"
    assert field.findChild(QProgressBar, "status_job_bar").value() == 500
    assert state(field).startswith("50")
    assert "1 min 0 s left" in state(field)
    work.release.set()
    qtbot.waitUntil(field.isHidden)


def test_of_several_jobs_the_newest_shows_and_the_number_of_the_others(
    field: JobField, runner: JobRunner, qtbot: QtBot
) -> None:
    first, second = Waiting(), Waiting()
    runner.start("First", first)
    qtbot.waitUntil(lambda: not field.isHidden())
    runner.start("Second", second)
    qtbot.waitUntil(lambda: state(field).endswith("(+1)"))
    title = field.findChild(QLabel, "status_job_title")
    assert title.text() == "Second"
    second.release.set()
    qtbot.waitUntil(lambda: title.text() == "First")
    first.release.set()


def test_cancel_stops_the_job_that_is_shown(field: JobField, runner: JobRunner, qtbot: QtBot) -> None:
    job = runner.start("Predict town.tif", Waiting())
    qtbot.waitUntil(lambda: not field.isHidden())
    with qtbot.waitSignal(job.stopped):
        field.findChild(QToolButton, "status_job_cancel").click()
    qtbot.waitUntil(field.isHidden)


def test_a_click_asks_for_the_list(field: JobField, runner: JobRunner, qtbot: QtBot) -> None:
    work = Waiting()
    runner.start("Predict town.tif", work)
    qtbot.waitUntil(lambda: not field.isHidden())
    with qtbot.waitSignal(field.clicked):
        QTest.mouseClick(field, Qt.MouseButton.LeftButton)
    work.release.set()
