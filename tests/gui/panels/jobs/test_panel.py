from __future__ import annotations

import sys
import threading

import pytest
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton
from pytestqt.qtbot import QtBot

from landseg_core.errors import OutputError
from landseg_core.events import JobControl, OnEvent, Progress, StepFinished
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.panels.jobs import panel as jobs_panel
from landseg_gui.panels.jobs.panel import JobRow, JobsPanel


@pytest.fixture
def panel(runner: JobRunner, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> JobsPanel:
    monkeypatch.setattr(jobs_panel, "_LINGER_MS", 60)
    monkeypatch.setattr(jobs_panel, "_FADE_MS", 20)
    panel = JobsPanel(runner)
    qtbot.addWidget(panel)
    panel.show()
    return panel


class Step:
    """Work that emits what it is given and then waits to be released or stopped."""

    def __init__(self, *events: object) -> None:
        self.events = events
        self.release = threading.Event()

    def __call__(self, on_event: OnEvent, control: JobControl) -> None:
        for event in self.events:
            on_event(event)
        while not self.release.wait(0.002):
            control.checkpoint()


def rows(panel: JobsPanel) -> list[JobRow]:
    return panel.findChildren(JobRow)


def state(panel: JobsPanel) -> str:
    return rows(panel)[0].findChild(QLabel, "job_state").text()


def test_without_a_job_the_panel_says_so(panel: JobsPanel) -> None:
    assert panel.findChild(QLabel, "jobs_empty").isVisible()


def test_a_job_shows_title_throughput_and_time_left(runner: JobRunner, panel: JobsPanel, qtbot: QtBot) -> None:
    runner.start("Predict town.tif", Step(Progress("predicting", 25, 100, 43.4)))
    qtbot.waitUntil(lambda: "2 min 10 s left" in state(panel))
    (row,) = rows(panel)
    assert row.findChild(QLabel, "job_title").text() == "Predict town.tif"
    bar = row.findChild(QProgressBar)
    assert bar.value() / bar.maximum() == 0.25
    assert not panel.findChild(QLabel, "jobs_empty").isVisible()


def test_before_there_is_progress_the_bar_is_busy(runner: JobRunner, panel: JobsPanel) -> None:
    runner.start("Wait", Step())
    assert rows(panel)[0].findChild(QProgressBar).maximum() == 0


def test_a_run_goes_by_its_steps_and_not_by_its_validations(runner: JobRunner, panel: JobsPanel, qtbot: QtBot) -> None:
    step = StepFinished(1, 1, 0.5, 0.001, 0.4, 10.0, 15.0)
    runner.start("Train", Step(step, Progress("validation", 1, 1, 1.0)))
    qtbot.waitUntil(lambda: "15 s left" in state(panel))
    assert rows(panel)[0].findChild(QProgressBar).value() == 400


def test_cancel_stops_the_job_and_its_row_goes(runner: JobRunner, panel: JobsPanel, qtbot: QtBot) -> None:
    runner.start("Wait", Step())
    rows(panel)[0].findChild(QPushButton, "job_cancel").click()
    assert state(panel) == "Stopping…"
    qtbot.waitUntil(lambda: state(panel) == "Stopped")
    qtbot.waitUntil(lambda: panel.findChild(QLabel, "jobs_empty").isVisible())
    qtbot.waitUntil(lambda: rows(panel) == [])


def test_a_finished_job_is_full_and_goes(runner: JobRunner, panel: JobsPanel, qtbot: QtBot) -> None:
    step = Step()
    runner.start("Short", step)
    step.release.set()
    qtbot.waitUntil(lambda: state(panel) == "Done")
    bar = rows(panel)[0].findChild(QProgressBar)
    assert bar.value() == bar.maximum() > 0
    qtbot.waitUntil(lambda: rows(panel) == [])


def test_a_failure_is_told_with_its_reason(runner: JobRunner, panel: JobsPanel, qtbot: QtBot) -> None:
    def work(_on_event: OnEvent, _control: JobControl) -> None:
        raise OutputError("the disk is full")

    runner.start("Export", work)
    qtbot.waitUntil(lambda: state(panel) == "Failed")
    assert rows(panel)[0].findChild(QLabel, "job_state").toolTip() == "The disk is full."


def test_a_crash_is_a_failure_too(
    runner: JobRunner, panel: JobsPanel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "excepthook", lambda *_crash: None)

    def work(_on_event: OnEvent, _control: JobControl) -> None:
        raise ZeroDivisionError

    runner.start("Crash", work)
    qtbot.waitUntil(lambda: state(panel) == "Failed")


def test_other_rows_stay_when_one_goes(runner: JobRunner, panel: JobsPanel, qtbot: QtBot) -> None:
    short, long = Step(), Step()
    runner.start("Short", short)
    runner.start("Long", long)
    short.release.set()
    qtbot.waitUntil(lambda: len(rows(panel)) == 1)
    assert rows(panel)[0].findChild(QLabel, "job_title").text() == "Long"
    assert not panel.findChild(QLabel, "jobs_empty").isVisible()
