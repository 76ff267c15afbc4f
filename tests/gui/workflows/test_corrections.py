"""Keeping a correction of the model in use, with the real network in a real thread."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot
from support.messages import collect_errors, collect_news
from support.projects import paint_rectangle

from landseg_core.assistant import correction_rows
from landseg_core.assistant.correcting import kept_correction
from landseg_core.models.header import model_reference
from landseg_core.project.project import Project
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.session.session import Session
from landseg_gui.workflows.corrections import CorrectionFlow

SECONDS = 60_000


@pytest.fixture
def flow(session: Session, runner: JobRunner, window: QWidget, project: Project, model: Path) -> CorrectionFlow:
    session.model.path = model
    return CorrectionFlow(session, runner, window)


def test_the_labels_correct_the_model_and_the_project_holds_it(
    flow: CorrectionFlow,
    session: Session,
    runner: JobRunner,
    project: Project,
    model: Path,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(correction_rows, "REPLAY_WINDOWS", 2)
    messages: list[str] = []
    collect_news(session.notifier, messages)
    paint_rectangle(project, project.schema.values[1], (20, 30, 40, 50))
    with qtbot.waitSignal(runner.idle, timeout=SECONDS):
        assert flow.start() is not None
        assert flow.start() is None  # one at a time
    reference = model_reference(model)
    (entry,) = project.corrections.entries
    assert (entry.model_hash, entry.model) == (reference.hash, reference.title)
    assert messages[-1] == (
        f"The correction of {reference.title} is fitted to 400 labelled px of one image. Predict can use it."
    )
    assert kept_correction(project.path, reference).model_hash == reference.hash


def test_without_labels_it_is_one_sentence_and_nothing_is_stored(
    flow: CorrectionFlow, session: Session, runner: JobRunner, project: Project, qtbot: QtBot
) -> None:
    problems: list[str] = []
    collect_errors(session.notifier, problems)
    with qtbot.waitSignal(runner.idle, timeout=SECONDS):
        flow.start()
    assert "has no labels of the model's classes" in problems[0]
    assert project.corrections.entries == ()


def test_without_a_model_it_says_what_to_do(flow: CorrectionFlow, session: Session) -> None:
    messages: list[str] = []
    collect_news(session.notifier, messages)
    session.model.path = None
    assert flow.start() is None
    assert messages == ["Choose a model first: train one, or use one of the Runs panel."]
