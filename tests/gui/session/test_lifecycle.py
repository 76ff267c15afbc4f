"""One project after the other: what is dropped while one is being opened, and when opening does not come about."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from support.open_project import make_project

from landseg_core.project.project import Project
from landseg_gui.session.lifecycle import LifeCycle, OpenOutcome

ADD = "Add to Project"


class SlowOpener:
    """Holds back projects that are being opened until the test lets them go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._may_go_on = threading.Event()
        self.begun: list[str] = []
        open_at_once = Project.open

        def open_slowly(path: Path, *arguments: object, **options: object) -> Project:
            self.begun.append(path.name)
            assert self._may_go_on.wait(20)
            return open_at_once(path, *arguments, **options)

        monkeypatch.setattr(Project, "open", open_slowly)

    def go_on(self) -> None:
        self._may_go_on.set()


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> SlowOpener:
    return SlowOpener(monkeypatch)


@pytest.fixture
def others(tmp_path, make_image, schema) -> tuple[Path, Path]:
    """Return two more projects, `b.landseg` and `c.landseg`, with an image each."""
    paths = tmp_path / "b.landseg", tmp_path / "c.landseg"
    for path in paths:
        make_project(path, schema, [make_image(f"of_{path.stem}.tif")])
    return paths


@pytest.fixture
def x(make_image) -> Path:
    return make_image("x.tif")


def wait_for_project(qtbot: QtBot, project, path: Path) -> None:
    qtbot.waitUntil(lambda: project.project is not None and project.project.path == path and project.image is not None)


def names(session) -> list[str]:
    return [entry.name for entry in session.project.images]


def test_an_image_dropped_with_a_project_never_lands_in_the_one_being_left(
    qtbot, session, opened, project_path, slow, others, x, asked, messages
) -> None:
    b, c = others
    asked.answer = ADD
    session.files.open([b])
    session.files.open([c, x])
    slow.go_on()
    wait_for_project(qtbot, opened, b)
    qtbot.waitUntil(lambda: not opened.editing.busy and not session.background_jobs)
    assert (asked.questions, slow.begun, names(opened)) == ([], ["b.landseg"], ["of_b"])
    assert messages.texts[:1] == ["Not opened: c.landseg and x.tif. b.landseg is being opened; try again afterwards."]
    assert opened.lifecycle.close()
    with Project.open(project_path) as left:
        assert [entry.name for entry in left.images] == ["north", "south"]


def test_an_image_dropped_while_a_project_is_opened_waits_for_that(
    qtbot, session, opened, project_path, slow, others, x, asked
) -> None:
    asked.answer = ADD
    session.files.open([others[0]])
    session.files.open([x])
    assert opened.lifecycle.state is LifeCycle.OPENING
    slow.go_on()
    qtbot.waitUntil(lambda: opened.image is not None and opened.image.name == "x")
    assert asked.questions == ["Add x.tif to the project “b”?"]
    assert names(opened) == ["of_b", "x"]


def test_a_project_dropped_twice_is_opened_once(qtbot, session, opened, slow, others, x, asked) -> None:
    asked.answer = ADD
    assert opened.lifecycle.open(others[0]) is OpenOutcome.UNDER_WAY
    assert opened.lifecycle.open(others[0], [x]) is OpenOutcome.UNDER_WAY
    slow.go_on()
    qtbot.waitUntil(lambda: opened.image is not None and opened.image.name == "x")
    assert (slow.begun, names(opened)) == (["b.landseg"], ["of_b", "x"])


def test_the_project_being_left_takes_no_files_either(
    qtbot, session, opened, project_path, slow, others, x, messages
) -> None:
    session.files.open([others[0]])
    assert opened.lifecycle.open(project_path, [x]) is OpenOutcome.ANOTHER_IS_OPENING
    assert messages.texts == ["Not opened: town.landseg and x.tif. b.landseg is being opened; try again afterwards."]
    slow.go_on()
    wait_for_project(qtbot, opened, others[0])


def test_files_for_a_project_that_cannot_be_opened_are_named(qtbot, session, opened, project_path, x, messages) -> None:
    bad = project_path.with_name("bad.landseg")
    bad.write_text("text")
    session.files.open([bad, x])
    qtbot.waitUntil(lambda: opened.lifecycle.state is LifeCycle.OPEN)
    assert len(messages.problems) == 1
    assert "bad.landseg is not a landseg project" in messages.problems[0]
    assert messages.problems[0].endswith(". Not opened either: x.tif.")
    assert (opened.project.path, names(opened)) == (project_path, ["north", "south"])


def test_a_project_in_use_stays_and_one_message_says_so(
    qtbot, session, opened, project_path, slow, others, x, messages
) -> None:
    session.files.open([others[0], x])
    edit = opened.editing.begin()
    slow.go_on()
    qtbot.waitUntil(lambda: opened.lifecycle.state is LifeCycle.OPEN)
    edit.revert()
    assert opened.project.path == project_path
    assert len(messages.texts) == 1
    assert messages.texts[0].startswith("Not opened: b.landseg and x.tif. The project is busy")
    assert is_free(others[0])


def is_free(path: Path) -> bool:
    """Return whether nobody holds a project."""
    with Project.open(path) as project:
        return not project.read_only


def test_closing_ends_what_is_being_opened(qtbot, session, opened, project_path, slow, others, runner) -> None:
    opened.lifecycle.open(others[0])
    assert opened.lifecycle.close()
    assert opened.lifecycle.state is LifeCycle.CLOSED
    slow.go_on()
    qtbot.waitUntil(lambda: not runner.running)
    qtbot.wait(1)  # whatever is to follow a job
    assert opened.project is None
    assert is_free(project_path)
    assert is_free(others[0])


def test_the_end_of_all_jobs_is_the_end_of_the_project_too(qtbot, session, opened, others, runner) -> None:
    """So does the window close: what has been read by then, and is not in the window yet, must not come any more."""
    qtbot.waitUntil(lambda: not runner.running)
    opened.lifecycle.open(others[0])
    with qtbot.waitSignal(runner.idle):
        runner.idle.connect(opened.lifecycle.close, Qt.ConnectionType.SingleShotConnection)
    qtbot.waitUntil(lambda: not runner.running)
    qtbot.wait(1)
    assert (opened.project, opened.lifecycle.state) == (None, LifeCycle.CLOSED)
    assert is_free(others[0])


def test_a_project_that_has_been_read_and_is_not_shown_yet_is_closed_when_given_up(
    qtbot, empty, others, runner
) -> None:
    states: list[LifeCycle] = []

    def give_up() -> None:
        states.append(empty.lifecycle.state)
        assert empty.lifecycle.close()

    shown: list[Project | None] = []
    empty.project_changed.connect(lambda: shown.append(empty.project))
    runner.started.connect(lambda job: job.ended.connect(give_up))  # it has been read by then
    empty.lifecycle.open(others[0])
    qtbot.waitUntil(lambda: not runner.running)
    assert is_free(others[0])
    qtbot.wait(1)  # whatever is to follow a job
    assert states == [LifeCycle.OPENING]
    assert (empty.lifecycle.state, shown) == (LifeCycle.CLOSED, [])


def test_a_project_given_up_and_opened_again_is_not_locked_by_itself(qtbot, opened, slow, others) -> None:
    opened.lifecycle.open(others[0])
    assert opened.lifecycle.close()
    assert opened.lifecycle.open(others[0]) is OpenOutcome.UNDER_WAY
    slow.go_on()
    wait_for_project(qtbot, opened, others[0])
    assert (slow.begun, opened.project.read_only) == (["b.landseg"], False)
