"""The disk fills up, or is slow: the user is warned, and nothing is lost without a question."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PySide6.QtWidgets import QLabel, QPushButton
from support.open_project import labelled_pixels, paint_square

from landseg_core.geo.window import PixelWindow
from landseg_core.project.project import Project
from landseg_core.project.storage.writer import Task
from landseg_gui.panels.save_indicator import SaveIndicator
from landseg_gui.session import save_guard


class Disk:
    """Room for the project's file that a test takes away and gives back."""

    def __init__(self, project: Project) -> None:
        self._connection = project._file._writer._connection

    def fill(self) -> None:
        pages = self._connection.execute("PRAGMA page_count").fetchone()[0]
        self._connection.execute(f"PRAGMA max_page_count = {pages}")

    def free(self) -> None:
        self._connection.execute("PRAGMA max_page_count = 1000000")


@pytest.fixture
def disk(opened) -> Disk:
    opened.project.flush()
    return Disk(opened.project)


@pytest.fixture
def full(qtbot, opened, disk):
    """Return a session whose last edit does not fit on the disk any more."""
    paint_square(opened, 10, "Brush: first")
    opened.project.flush()
    disk.fill()
    edit = opened.editing.begin()
    noise = np.random.default_rng(3).integers(0, 5, (400, 600), np.uint8)  # it cannot be compressed away
    edit.put(PixelWindow(0, 0, 600, 400), noise, np.ones((400, 600), bool))
    opened.editing.record(edit, "Brush: noise")
    qtbot.waitUntil(lambda: bool(opened.project.failure))
    yield opened
    if opened.project:
        disk.free()


@pytest.fixture
def field(qtbot, opened) -> SaveIndicator:
    field = SaveIndicator(opened)
    qtbot.addWidget(field)
    field.show()
    return field


def shown(field: SaveIndicator) -> tuple[str, bool]:
    """Return the words, and whether there is a button to try again."""
    return (
        field.findChild(QLabel, "status_stored").text(),
        field.findChild(QPushButton, "status_retry").isVisible(),
    )


def test_all_is_on_disk_after_a_stroke(qtbot, opened, field) -> None:
    paint_square(opened, 10)
    qtbot.waitUntil(lambda: not opened.project.waiting)
    qtbot.waitUntil(lambda: shown(field) == ("Saved", False))
    assert str(opened.project.path) in field.toolTip()


def test_the_field_is_not_there_without_a_project(qtbot, opened, field) -> None:
    assert opened.lifecycle.close()
    qtbot.waitUntil(lambda: not field.isVisible())


def test_a_full_disk_is_told_and_stops_painting(qtbot, field, full, messages) -> None:
    qtbot.waitUntil(lambda: shown(field) == ("One edit not saved", True))
    qtbot.waitUntil(lambda: bool(messages.problems))
    assert "the disk is full; free some space" in messages.problems[0]
    assert "choose Try Again in the status bar" in messages.problems[0]
    assert "the disk is full" in field.toolTip()
    assert full.editing.begin() is None
    assert full.editing.run("Edit", lambda *_: None) is None
    full.editing.undo()
    assert full.project.history.position == 2
    assert labelled_pixels(full) == 600 * 400


def test_with_room_again_everything_is_stored(qtbot, field, full, disk, project_path) -> None:
    disk.free()
    field.findChild(QPushButton, "status_retry").click()
    qtbot.waitUntil(lambda: shown(field) == ("Saved", False))
    assert full.editing.may_paint()
    assert full.lifecycle.close()
    with Project.open(project_path) as again:
        assert [step.name for step in again.history.steps] == ["Brush: first", "Brush: noise"]
        assert sum(again.class_pixels(again.images[0].id).values()) == 600 * 400


class Answers:
    """Stands in for the user who is asked: gives prepared answers, and keeps the questions."""

    def __init__(self, *answers: str | None) -> None:
        self.left = list(answers)
        self.questions: list[str] = []

    def __call__(self, _window, question: str, explanation: str, actions) -> str | None:
        self.questions.append(f"{question} {explanation}")
        answer = self.left.pop(0)
        assert answer is None or answer in actions
        return answer


def test_closing_asks_before_anything_is_lost(full, disk, monkeypatch) -> None:
    answers = Answers(None, "Try Again", None)
    monkeypatch.setattr(save_guard, "choose", answers)
    assert not full.lifecycle.close()
    assert not full.lifecycle.close()
    assert full.project is not None
    assert "One edit could not be saved. Close town.landseg anyway?" in answers.questions[0]
    assert "the disk is full" in answers.questions[0]
    disk.free()
    full.saving.retry()
    assert full.lifecycle.close()
    assert answers.left == []


def test_trying_again_from_the_question_stores_and_closes(full, disk, project_path, monkeypatch) -> None:
    def choose(*_) -> str:
        disk.free()
        return "Try Again"

    monkeypatch.setattr(save_guard, "choose", choose)
    assert full.lifecycle.close()
    with Project.open(project_path) as again:
        assert len(again.history.steps) == 2


def test_what_cannot_be_stored_is_let_go_only_on_request(full, project_path, monkeypatch, messages) -> None:
    monkeypatch.setattr(save_guard, "choose", Answers("Close without Saving"))
    assert full.lifecycle.close()
    assert "could not be stored and is lost" in messages.problems[-1]
    with Project.open(project_path) as again:
        assert [step.name for step in again.history.steps] == ["Brush: first"]
        assert sum(again.class_pixels(again.images[0].id).values()) == 100


def test_another_project_does_not_push_out_unstored_edits(qtbot, full, disk, project_path, schema, monkeypatch) -> None:
    answers = Answers(None)
    monkeypatch.setattr(save_guard, "choose", answers)
    full.lifecycle.create(project_path.with_name("other.landseg"), schema, [])
    qtbot.waitUntil(lambda: not answers.left)
    assert full.project.path == project_path
    disk.free()
    full.saving.retry()
    assert full.lifecycle.close()


def test_closing_waits_for_a_slow_disk_with_the_window_alive(
    qtbot, session, opened, project_path, messages, monkeypatch
) -> None:
    monkeypatch.setattr(save_guard, "_NOTICE_AFTER_MS", 20)
    may_go_on = threading.Event()
    opened.project._file._writer.put(Task(lambda _connection: may_go_on.wait(20)))
    paint_square(opened, 10)
    meanwhile = []

    def notice(_text: str) -> None:  # the notice comes through the event loop
        if not may_go_on.is_set():
            may_go_on.set()
            meanwhile.extend([opened.editing.begin(), opened.lifecycle.close()])

    session.notifier.posted.connect(notice)
    assert opened.lifecycle.close()
    assert meanwhile == [None, False]
    assert "edits of town.landseg…" in messages.texts[0]
    with Project.open(project_path) as again:
        assert len(again.history.steps) == 1
