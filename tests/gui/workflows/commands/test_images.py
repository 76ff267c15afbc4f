from __future__ import annotations

import pytest
from PySide6.QtWidgets import QLineEdit, QWidget
from support.open_project import make_project

from landseg_gui.dialogs.relink import FindImagesDialog, RelinkDialog
from landseg_gui.workflows.commands import images
from landseg_gui.workflows.commands.images import ImageCommands


@pytest.fixture
def commands(qtbot, empty) -> ImageCommands:
    window = QWidget()
    qtbot.addWidget(window)
    return ImageCommands(empty, window)


@pytest.fixture
def with_missing(qtbot, empty, project_path, schema, make_image):
    """Return a session on a project of which one image is missing."""
    gone = make_image("gone.tif")
    make_project(project_path, schema, [make_image("north.tif"), gone])
    gone.unlink()
    empty.lifecycle.open(project_path)
    qtbot.waitUntil(lambda: empty.image is not None)
    return empty


def test_all_missing_images_are_looked_for_in_a_folder(qtbot, commands, with_missing, make_image) -> None:
    moved = make_image("elsewhere/gone.tif")
    dialog = commands.find()
    assert isinstance(dialog, FindImagesDialog)
    dialog.findChild(QLineEdit, "find_images_folder").setText(str(moved.parent))
    with qtbot.waitSignal(with_missing.editing.images_changed):
        dialog.accept()
    assert with_missing.images.missing() == []
    assert commands.find() is None


def test_one_image_is_found_by_its_file(qtbot, commands, with_missing, make_image) -> None:
    moved = make_image("renamed.tif")
    image_id = with_missing.project.image("gone").id
    dialog = commands.find(image_id)
    assert isinstance(dialog, RelinkDialog)
    dialog.findChild(QLineEdit, "relink_file").setText(str(moved))
    with qtbot.waitSignal(with_missing.editing.images_changed):
        dialog.accept()
    assert with_missing.images.with_id(image_id).path == moved


def test_removing_asks_first(qtbot, commands, opened, monkeypatch) -> None:
    answers, questions = [None, "Remove"], []

    def choose(_window, question, explanation, actions):
        questions.append(f"{question} {explanation}")
        return answers.pop(0)

    monkeypatch.setattr(images, "choose", choose)
    south = opened.project.images[1]
    commands.remove(south.id)
    assert len(opened.project.images) == 2
    assert "cannot be undone" in questions[0]
    with qtbot.waitSignal(opened.editing.images_changed):
        commands.remove(south.id)
    assert [entry.name for entry in opened.project.images] == ["north"]


def test_without_a_project_there_is_nothing_to_find(commands, messages) -> None:
    assert commands.find() is None
    commands.remove(1)
    assert messages.texts == ["Open a project or create a new one."]
