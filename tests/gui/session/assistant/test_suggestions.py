"""The suggestion for the view, in a session with a project."""

from __future__ import annotations

import threading
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from support.painted_project import SIDE, image_folders, painted_project

from landseg_core.errors import RasterError
from landseg_core.geo.tiling import TileKey
from landseg_core.labels.regions import RectangleRegion
from landseg_core.project.images import ImageEntry
from landseg_core.project.project import Project
from landseg_gui.session.assistant import other_images
from landseg_gui.session.assistant.suggestions import Suggestions
from landseg_gui.session.session import Session
from landseg_gui.viewer.frame import ViewFrame

__all__ = ["image_folders", "painted_project"]

WHOLE = ViewFrame(SIDE, SIDE, 1.0)
TILE = TileKey(0, 0, 0)
LONG_MS = 30_000


@pytest.fixture
def suggestions(session: Session, painted_project: Project, qtbot: QtBot) -> Suggestions:
    qtbot.waitUntil(lambda: session.project_session.image is not None, timeout=LONG_MS)
    session.suggestions.set_frame(WHOLE)
    return session.suggestions


def shown(session: Session) -> np.ndarray:
    """Return the class values that the layer shows, 255 for none."""
    layer = session.layers.suggestion
    assert layer is not None
    codes = layer.reader.read_tile(TILE)[0][0]
    classes = [layer.class_shown(code) for code in range(256)]
    return np.array([item.value if item else 255 for item in classes], np.uint8)[codes]


def asked(suggestions: Suggestions, session: Session, qtbot: QtBot) -> np.ndarray:
    """Switch it on, and return what it shows once the labels of all images are known."""
    suggestions.ask()
    settled(suggestions, session, qtbot)
    return shown(session)


def settled(suggestions: Suggestions, session: Session, qtbot: QtBot) -> None:
    """Wait until what is shown is what was asked for last, and nothing is under way."""

    def is_settled() -> bool:
        made = suggestions._shown is not None and suggestions._shown[0] is suggestions._asked
        return made and session.layers.suggestion is not None and not suggestions.outdated

    qtbot.waitUntil(is_settled, timeout=LONG_MS)


def paint(session: Session, box: tuple[int, int, int, int], value: int) -> None:
    editing = session.project_session.editing
    edit = editing.begin()
    assert edit is not None
    edit.paint(RectangleRegion(box[:2], box[2:]), value)
    editing.record(edit, "Paint")


def test_it_is_off_until_it_is_asked_for(suggestions: Suggestions, session: Session, qtbot: QtBot) -> None:
    assert not suggestions.on
    assert session.layers.suggestion is None
    values = asked(suggestions, session, qtbot)
    labels = session.project_session.labels
    assert labels is not None
    painted = labels.tile(TILE)[:100, :SIDE]
    assert (values[:100] == painted).mean() > 0.9
    assert (values[100:] != 255).all()
    suggestions.ask()
    assert not suggestions.on
    assert session.layers.suggestion is None


def test_a_stroke_and_its_undo_change_it(suggestions: Suggestions, session: Session, qtbot: QtBot) -> None:
    before = asked(suggestions, session, qtbot)
    paint(session, (0, 100, 128, 128), 3)
    assert session.layers.suggestion is not None  # the former one, until the new one is there
    settled(suggestions, session, qtbot)
    assert (shown(session)[104:] == 3).mean() > 0.8
    assert (before[104:] == 3).mean() < 0.6
    session.project_session.editing.undo()
    settled(suggestions, session, qtbot)
    qtbot.waitUntil(lambda: bool((shown(session) == before).mean() > 0.95), timeout=LONG_MS)


def test_only_when_asked(suggestions: Suggestions, session: Session, qtbot: QtBot) -> None:
    before = asked(suggestions, session, qtbot)
    suggestions.set_only_when_asked(True)
    assert not suggestions.outdated
    paint(session, (0, 100, 128, 128), 3)
    assert suggestions.outdated
    assert (shown(session) == before).all()
    suggestions.ask()
    assert suggestions.on
    settled(suggestions, session, qtbot)
    assert (shown(session)[104:] == 3).mean() > 0.8


def test_a_working_area_limits_it(suggestions: Suggestions, session: Session, qtbot: QtBot) -> None:
    asked(suggestions, session, qtbot)
    project, image = session.project_session.project, session.project_session.image
    assert project is not None
    assert image is not None
    project.set_areas(image.id, (((0, 0), (64, 0), (64, 128), (0, 128)),), "Working area")
    session.project_session.editing.refresh()
    settled(suggestions, session, qtbot)
    values = shown(session)
    assert (values[:, 64:] == 255).all()
    assert (values[:, :64] != 255).all()


def test_another_image_has_a_suggestion_of_its_own(suggestions: Suggestions, session: Session, qtbot: QtBot) -> None:
    asked(suggestions, session, qtbot)
    first = session.project_session.image
    session.project_session.images.show_next()
    qtbot.waitUntil(lambda: session.project_session.image not in (None, first), timeout=LONG_MS)
    settled(suggestions, session, qtbot)
    labels = session.project_session.labels
    assert labels is not None
    assert (shown(session)[:100] == labels.tile(TILE)[:100, :SIDE]).mean() > 0.9


def test_hovering_says_why(suggestions: Suggestions, session: Session, qtbot: QtBot) -> None:
    asked(suggestions, session, qtbot)
    session.cells.request([TILE])
    qtbot.waitUntil(lambda: session.cells.cells(TILE) is not None, timeout=LONG_MS)
    why = suggestions.why(60.5, 118.5)
    assert why is not None
    assert why.text.startswith("Suggestion: ")
    assert "%, as at " in why.text
    value = int(shown(session)[118, 60])
    schema, labels = session.project_session.schema, session.project_session.labels
    assert schema is not None
    assert labels is not None
    assert why.colour == next(item.colour for item in schema.classes if item.value == value)
    assert why.positions
    for column, row in why.positions:  # all of this image, and of this class: the south has the same classes
        assert f"{column:.0f}, {row:.0f}" in why.text
        x, y = int(column), int(row)
        assert value in labels.tile(TILE)[max(0, y - 8) : y + 9, max(0, x - 8) : x + 9]
    assert suggestions.why(60.5, 20.5) is None  # a label says what is there


def test_closing_the_project_ends_it(suggestions: Suggestions, session: Session, qtbot: QtBot) -> None:
    asked(suggestions, session, qtbot)
    assert session.project_session.lifecycle.close()
    assert session.layers.suggestion is None
    assert suggestions.why(60.5, 118.5) is None


def test_an_answer_to_an_older_question_is_dropped(
    suggestions: Suggestions, session: Session, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(suggestions, session, qtbot)
    former, found = suggestions._shown or (None, None)
    paint(session, (0, 100, 128, 128), 3)
    settled(suggestions, session, qtbot)
    after = shown(session)
    suggestions._made.emit(former, found)
    qtbot.wait(1)
    assert (shown(session) == after).all()


def test_an_image_that_cannot_be_read_is_one_sentence(
    suggestions: Suggestions, session: Session, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(*_: object) -> None:
        raise RasterError("the file north.tif is gone")

    monkeypatch.setattr("landseg_core.assistant.image_assistant.read_tile_image", unreadable)
    with qtbot.waitSignal(session.notifier.posted, timeout=LONG_MS) as posted:
        suggestions.ask()
    assert "north.tif" in posted.args[0].text
    assert threading.active_count() < 50


def erase_other(session: Session) -> ImageEntry:
    """Erase the labels of the image that is not shown, and return it."""
    project = session.project_session.project
    assert project is not None
    other = project.images[1]
    edit = project.labels(other.id).begin()
    edit.paint(RectangleRegion((0, 0), (SIDE, SIDE)), 255)
    project.record(other.id, edit.finish(), "Erase")
    return other


def test_on_from_the_start_it_begins_with_the_labels(suggestions: Suggestions, session: Session, qtbot: QtBot) -> None:
    suggestions.restore(on=True, only_when_asked=False)
    assert suggestions.on
    settled(suggestions, session, qtbot)
    assert (shown(session) != 255).all()
    assert session.layers.suggestion.opacity < 0.75 * session.layers.labels.opacity  # never taken for labels


def test_asked_for_without_labels_it_says_what_it_needs(
    suggestions: Suggestions, session: Session, qtbot: QtBot
) -> None:
    paint(session, (0, 0, SIDE, SIDE), 255)
    erase_other(session)
    said: list[str] = []
    session.notifier.posted.connect(lambda message: said.append(message.text))
    suggestions.ask()
    qtbot.waitUntil(lambda: said != [], timeout=LONG_MS)
    assert said[0].startswith("Label two classes")
    assert suggestions.on
    assert session.layers.suggestion is None
    paint(session, (0, 0, 40, SIDE), 1)
    paint(session, (60, 0, 100, SIDE), 2)
    settled(suggestions, session, qtbot)
    assert len(said) == 1


def test_images_without_labels_are_not_opened(
    suggestions: Suggestions, session: Session, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = erase_other(session)
    monkeypatch.setattr(other_images, "open_image", lambda entry: pytest.fail(f"{entry.name} is opened"))
    asked(suggestions, session, qtbot)
    qtbot.waitUntil(lambda: suggestions._maker.others._groups == {(other.id, 0): []}, timeout=LONG_MS)


def test_a_first_suggestion_for_a_part_of_the_view_is_not_all(suggestions: Suggestions, session, qtbot: QtBot) -> None:
    asked(suggestions, session, qtbot)
    assert suggestions.is_current
    assert suggestions._shown is not None
    request, found = suggestions._shown
    suggestions._shown = request, replace(found, suggestion=SimpleNamespace(tiles=()))
    assert not suggestions.is_current
