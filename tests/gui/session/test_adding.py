"""Images that are opened while a project is open: added or not, and what undo and redo of that show."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from support.messages import collect_errors, collect_news
from support.open_project import paint_square

from landseg_core.project.project import Project
from landseg_gui.session.images import ask_to_add

ADD, ALONE = "Add to Project", "Open without Project"


@pytest.fixture
def east(make_image) -> Path:
    return make_image("east.tif")


def names(session) -> list[str]:
    return [entry.name for entry in session.project.images]


def wait_for(qtbot: QtBot, session, name: str) -> None:
    """Wait until an image of the project is in the window, and nothing is at work."""
    qtbot.waitUntil(lambda: session.image is not None and session.image.name == name and not session.editing.busy)


def test_an_image_is_added_where_the_user_wants_that(qtbot, opened, session, east, asked, messages) -> None:
    asked.answer = ADD
    session.files.open([east])
    wait_for(qtbot, opened, "east")
    assert (asked.questions, asked.buttons) == (["Add east.tif to the project “town”?"], [ADD, ALONE])
    assert names(opened) == ["north", "south", "east"]
    assert session.layers.labels.raster is opened.labels
    assert messages.texts[-1] == "Added east to town.landseg."


def test_an_image_is_opened_on_its_own_once_the_project_is_closed(
    qtbot, opened, session, east, asked, project_path
) -> None:
    paint_square(opened, 20, value=1)
    asked.answer = ALONE
    session.files.open([east])
    qtbot.waitUntil(lambda: session.rasters.current.path == east)
    assert opened.project is None
    with Project.open(project_path) as project:
        assert (len(project.images), project.class_pixels(1)) == (2, {1: 400})


def test_cancel_leaves_all_as_it_was(qtbot, opened, session, east, asked) -> None:
    session.files.open([east])
    qtbot.waitUntil(lambda: asked.questions != [])
    assert (opened.image.name, names(opened), opened.project.history.steps) == ("north", ["north", "south"], ())
    assert session.rasters.current.path.name == "north.tif"


def test_several_images_are_one_question_and_one_step(qtbot, opened, session, make_image, east, images, asked) -> None:
    asked.answer = ADD
    session.files.open([east, images[1], make_image("west.tif")])
    wait_for(qtbot, opened, "east")
    assert (asked.questions, asked.buttons) == (["Add 2 images to the project “town”?"], [ADD])
    assert names(opened) == ["north", "south", "east", "west"]
    assert opened.editing.undo_text() == "Undo Add 2 images"


@pytest.fixture
def said(session) -> list[str]:
    """Return what the message bar shows, one after the other."""
    said: list[str] = []
    collect_news(session.notifier, said)
    collect_errors(session.notifier, said)
    return said


@pytest.mark.parametrize("answer", [ADD, ALONE, None])
def test_a_file_that_failed_is_the_last_that_is_said(
    qtbot, opened, session, east, asked, said, tmp_path, answer
) -> None:
    broken = tmp_path / "broken.tif"
    broken.write_text("no image")
    asked.answer = answer
    session.files.open([east, broken])
    qtbot.waitUntil(lambda: said != [] and "broken.tif" in said[-1] and not opened.editing.busy)
    assert ("Added east to town.landseg." in said) == (answer == ADD)


def test_an_image_that_cannot_be_added_is_the_last_that_is_said(qtbot, opened, east, said, tmp_path) -> None:
    opened.images.add([east, tmp_path / "gone.tif"])
    qtbot.waitUntil(lambda: len(said) == 2)
    assert said[0] == "Added east to town.landseg."
    assert "gone.tif" in said[1]


def test_the_user_is_asked_outside_of_what_opens_the_image(qtbot, opened, session, east, monkeypatch) -> None:
    titles_then: list[list[str]] = []
    monkeypatch.setattr(
        "landseg_gui.session.files.opener.ask_to_add",
        lambda *_: titles_then.append([job.title for job in session.background_jobs]),
    )
    session.files.open([east])
    qtbot.waitUntil(lambda: titles_then != [])
    assert "Open east.tif" not in titles_then[0]


def test_an_answer_for_a_project_that_has_gone_does_nothing(qtbot, opened, session, east, monkeypatch) -> None:
    def answer(*_: object, **_options: object) -> str:
        assert opened.lifecycle.close()
        return ADD

    monkeypatch.setattr("landseg_gui.session.images.choose", answer)
    session.files.open([east])
    qtbot.waitUntil(lambda: opened.project is None)
    assert session.rasters.current.path.name == "north.tif"


def test_undo_of_adding_shows_another_image_and_says_so(qtbot, opened, session, east, asked, messages) -> None:
    asked.answer = ADD
    session.files.open([east])
    wait_for(qtbot, opened, "east")
    opened.editing.undo()
    wait_for(qtbot, opened, "north")
    assert names(opened) == ["north", "south"]
    assert (messages.texts[-1], opened.editing.redo_text()) == ("Undone: Add east.", "Redo Add east")
    opened.editing.redo()
    wait_for(qtbot, opened, "east")
    assert messages.texts[-1] == "Redone: Add east."
    assert messages.problems == []


def test_undo_of_adding_the_only_image_leaves_the_window_empty(
    qtbot, empty, session, east, project_path, schema, asked
) -> None:
    empty.lifecycle.create(project_path, schema, [])
    qtbot.waitUntil(lambda: empty.project is not None)
    asked.answer = ADD
    session.files.open([east])
    wait_for(qtbot, empty, "east")
    empty.editing.undo()
    assert (session.rasters.current, empty.image, session.layers.present()) == (None, None, [])
    empty.editing.redo()
    wait_for(qtbot, empty, "east")


def test_many_images_are_named_in_part(monkeypatch) -> None:
    explanations: list[str] = []
    monkeypatch.setattr("landseg_gui.session.images.choose", lambda *texts, default: explanations.append(texts[2]))
    assert ask_to_add([Path(f"{number}.tif") for number in range(20)], Path("town.landseg"), None) is None
    assert explanations[0].splitlines()[-2:] == ["7.tif", "and 12 more"]
