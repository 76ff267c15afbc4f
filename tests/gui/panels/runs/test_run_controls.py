from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QProgressBar, QPushButton
from pytestqt.qtbot import QtBot

from landseg_core.events import JobControl, OnEvent
from landseg_gui.jobs.runner import Job, JobRunner
from landseg_gui.panels.runs.run_controls import RunControls


@pytest.fixture
def job(runner: JobRunner) -> Iterator[Job]:
    """Return a job that goes on until the test is over, whatever is asked of it."""
    over = threading.Event()

    def work(_on_event: OnEvent, control: JobControl) -> None:
        over.wait(20)
        control.checkpoint()

    yield runner.start("Train", work)
    over.set()


@pytest.fixture
def controls(qtbot: QtBot, job: Job) -> RunControls:
    controls = RunControls()
    qtbot.addWidget(controls)
    controls.follow(job)
    return controls


def button(controls: RunControls, name: str) -> QPushButton:
    return controls.findChild(QPushButton, f"training_{name}")


def test_the_bar_is_busy_until_it_is_known_how_far_a_run_is(controls: RunControls) -> None:
    bar = controls.findChild(QProgressBar, "training_progress")
    assert bar.maximum() == 0
    controls.show_progress(0.25)
    assert bar.value() / bar.maximum() == 0.25


def test_pausing_and_resuming_reach_the_run(controls: RunControls, job: Job) -> None:
    button(controls, "pause").click()
    assert (job.control.paused, controls.wish) == (True, "Paused")
    button(controls, "pause").click()
    assert (job.control.paused, controls.wish) == (False, None)


def test_a_paused_run_is_stopped_all_the_same(controls: RunControls, job: Job) -> None:
    button(controls, "pause").click()
    button(controls, "stop").click()
    assert (job.control.stop_requested, job.control.paused) == (True, False)
    assert controls.wish.startswith("Stopping")
    assert not button(controls, "stop").isEnabled()
