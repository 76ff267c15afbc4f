"""The project's file is lost while it is open: the window says so, keeps all, and saves it elsewhere."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QFileDialog, QLabel, QPushButton
from support.open_project import paint_square

from landseg_core.errors import ProjectError
from landseg_core.project.project import Project
from landseg_core.project.storage import writer
from landseg_gui.panels.message_bar import MessageBar
from landseg_gui.panels.save_indicator import SaveIndicator
from landseg_gui.session import save_guard

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows keeps others from an open file")


def delete(path: Path) -> None:
    path.unlink()


def replace(path: Path) -> None:
    shutil.copy(path, path.with_name("copy"))
    path.with_name("copy").replace(path)


HARMS = [delete, replace]


@pytest.fixture(autouse=True)
def _quick(monkeypatch) -> None:
    monkeypatch.setattr(writer, "CHECK_SECONDS", 0.02)


@pytest.fixture
def _unwatched(monkeypatch) -> None:
    """Have the file looked after only when something is to be stored in it."""
    monkeypatch.setattr(writer, "CHECK_SECONDS", 600)


@pytest.fixture
def painted(opened):
    """Return a session with one stored stroke."""
    paint_square(opened, 10, "Brush: first")
    opened.project.flush()
    yield opened
    if opened.project:
        with suppress(ProjectError):
            opened.project.close()


@pytest.fixture
def asked(monkeypatch, tmp_path) -> Path:
    """Return the file that the user names when asked where to save."""
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "saved"), ""))
    return tmp_path / "saved.landseg"


def answer(monkeypatch, *answers: str | None) -> list[str]:
    """Give these answers when asked; return the questions."""
    left, questions = list(answers), []

    def choose(_window, question, explanation, actions) -> str | None:
        questions.append(f"{question} {explanation}")
        return left.pop(0)

    monkeypatch.setattr(save_guard, "choose", choose)
    return questions


@pytest.mark.parametrize("harm", HARMS)
def test_the_status_bar_says_it_although_nothing_is_painted(qtbot, painted, project_path, harm) -> None:
    field = SaveIndicator(painted)
    qtbot.addWidget(field)
    field.show()
    harm(project_path)
    text = {delete: "Project file deleted", replace: "Project file replaced"}[harm]
    qtbot.waitUntil(lambda: field.findChild(QLabel, "status_stored").text() == text)
    assert str(project_path) in field.toolTip()
    assert field.findChild(QPushButton, "status_save_as").isVisible()


def test_painting_stops_and_the_user_is_shown_what_to_do(qtbot, painted, project_path) -> None:
    with qtbot.waitSignal(painted.saving.save_wanted) as wanted:
        delete(project_path)
    assert f"{project_path} was deleted while it was open" in wanted.args[0]
    assert "choose Save As" in wanted.args[0]
    with qtbot.waitSignal(painted.saving.save_wanted):
        assert painted.editing.begin() is None
    painted.editing.undo()
    assert painted.project.history.position == 1


@pytest.mark.usefixtures("_unwatched")
@pytest.mark.parametrize("harm", HARMS)
def test_save_as_goes_on_in_another_file_with_every_stroke(
    qtbot, painted, project_path, tmp_path, harm, messages
) -> None:
    harm(project_path)
    paint_square(painted, 30, "Brush: second")
    qtbot.waitUntil(lambda: painted.project.fault is not None)
    assert painted.saving.save_as(tmp_path / "saved.landseg") is not None
    qtbot.waitUntil(lambda: painted.project is not None and painted.project.path.name == "saved.landseg")
    qtbot.waitUntil(lambda: painted.image is not None)
    assert painted.saving.state.text == "Saved"
    assert [step.name for step in painted.project.history.steps] == ["Brush: first", "Brush: second"]
    assert messages.problems == []
    paint_square(painted, 50, "Brush: third")
    assert painted.lifecycle.close()
    with Project.open(tmp_path / "saved.landseg") as saved:
        assert [step.name for step in saved.history.steps] == ["Brush: first", "Brush: second", "Brush: third"]


def test_closing_asks_before_it_is_noticed_otherwise(painted, project_path, monkeypatch) -> None:
    monkeypatch.setattr(writer, "CHECK_SECONDS", 1000)
    painted.project.flush()
    questions = answer(monkeypatch, None)
    delete(project_path)
    assert not painted.lifecycle.close()
    assert "town.landseg was deleted while it was open. Close town.landseg anyway?" in questions[0]
    assert painted.project is not None


def test_closing_saves_elsewhere_and_loses_nothing(painted, project_path, asked, monkeypatch, messages) -> None:
    replace(project_path)
    paint_square(painted, 30, "Brush: second")
    answer(monkeypatch, "Save As…")
    assert painted.lifecycle.close()
    assert messages.problems == []
    with Project.open(asked) as saved:
        assert [step.name for step in saved.history.steps] == ["Brush: first", "Brush: second"]
        assert sum(saved.class_pixels(saved.images[0].id).values()) == 900  # the second covers the first


def test_a_failed_save_asks_again(painted, project_path, monkeypatch) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("/nowhere/at/all.landseg", ""))
    delete(project_path)
    questions = answer(monkeypatch, "Save As…", None, None)
    assert not painted.lifecycle.close()
    assert "the folder /nowhere/at does not exist" in questions[1]
    assert painted.project is not None


def test_what_is_lost_is_let_go_only_on_request(painted, project_path, monkeypatch, messages) -> None:
    delete(project_path)
    answer(monkeypatch, "Close without Saving")
    assert painted.lifecycle.close()
    assert "may be lost" in messages.problems[-1]


def test_a_file_put_back_is_stored_in_again(qtbot, painted, project_path, messages) -> None:
    project_path.rename(project_path.with_name("away"))
    qtbot.waitUntil(lambda: painted.project.fault is not None)
    project_path.with_name("away").rename(project_path)
    qtbot.waitUntil(lambda: painted.project.fault is None)
    qtbot.waitUntil(lambda: painted.saving.state.text == "Saved")
    qtbot.waitUntil(lambda: any("is back" in message for message in messages.texts))
    paint_square(painted, 30, "Brush: second")
    assert painted.lifecycle.close()
    with Project.open(project_path) as again:
        assert len(again.history.steps) == 2


def test_the_window_offers_to_save_and_does_not_close_silently(
    qtbot, window, settings, images, project_path, schema, asked, monkeypatch
) -> None:
    project = window.session.project_session
    project.lifecycle.create(project_path, schema, images)
    qtbot.waitUntil(lambda: project.image is not None)
    delete(project_path)
    bar = window.findChild(MessageBar)
    qtbot.waitUntil(lambda: "was deleted while it was open" in bar.text())
    answer(monkeypatch, None)
    event = QCloseEvent()
    window.closeEvent(event)
    assert not event.isAccepted()
    bar.findChild(QPushButton, "error_offer").click()
    qtbot.waitUntil(lambda: project.project is not None and project.project.path == asked)
    qtbot.waitUntil(lambda: project.image is not None)
    assert asked in settings.recent_files()
    assert project.lifecycle.close()
