from __future__ import annotations

import threading

import pytest
from PySide6.QtWidgets import QDialog, QWidget
from pytestqt.qtbot import QtBot

from landseg_core.errors import LandsegError
from landseg_core.events import JobControl, OnEvent
from landseg_core.project.project import Project
from landseg_gui.jobs.runner import Job, JobRunner, Work
from landseg_gui.session.session import Session
from landseg_gui.workflows.flow import Flow


class PlainFlow(Flow):
    """A workflow of the least: a dialog that asks nothing, and any work."""

    def open(self) -> QDialog:
        dialog = QDialog(self._window)
        self._open_dialog(dialog)
        return dialog

    def start(self, work: Work) -> Job:
        return self._start("Work", work)


@pytest.fixture
def flow(session: Session, runner: JobRunner, window: QWidget) -> PlainFlow:
    return PlainFlow(session, runner, window)


def test_a_flow_is_running_until_the_last_of_its_jobs_has_ended(flow: PlainFlow, qtbot: QtBot) -> None:
    may_end = threading.Event()
    first = flow.start(lambda _on_event, _control: may_end.wait(20))
    second = flow.start(lambda _on_event, _control: None)
    qtbot.waitUntil(lambda: not second.running)
    assert flow.running
    may_end.set()
    qtbot.waitUntil(lambda: not first.running)
    assert not flow.running


def test_the_user_is_told_why_work_failed(flow: PlainFlow, qtbot: QtBot, messages) -> None:
    def fail(_on_event: OnEvent, _control: JobControl) -> None:
        raise LandsegError("the disk is full")

    with qtbot.waitSignal(flow.start(fail).ended):
        pass
    assert messages.problems == ["The disk is full."]


def test_a_dialog_is_taken_back_when_its_project_goes(flow: PlainFlow, session: Session, project: Project) -> None:
    answers: list[int] = []
    flow.open().finished.connect(answers.append)
    assert session.project_session.lifecycle.close()
    assert answers == [QDialog.DialogCode.Rejected]
