from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QLabel, QLineEdit, QListWidget, QPushButton

from landseg_core.labels.classes import load_classes
from landseg_gui.dialogs.forms.class_field import ClassField
from landseg_gui.dialogs.new_project import NewProjectDialog
from landseg_gui.session.session import Session


@pytest.fixture
def with_picture(qtbot, session: Session, orthophoto: Path) -> Session:
    with qtbot.waitSignal(session.rasters.changed):
        session.files.open_raster(orthophoto)
    return session


@pytest.fixture
def dialog(qtbot, with_picture, saved) -> NewProjectDialog:
    dialog = NewProjectDialog(with_picture, None, saved)
    qtbot.addWidget(dialog)
    return dialog


def file_line(dialog: NewProjectDialog) -> QLineEdit:
    return dialog.findChild(QLineEdit, "new_project_file")


def problem(dialog: NewProjectDialog) -> str:
    return dialog.findChild(QLabel, "new_project_file_problem").text()


def test_a_place_beside_the_picture_is_proposed(dialog, orthophoto) -> None:
    assert file_line(dialog).text() == str(orthophoto.with_suffix(".landseg"))
    assert dialog.action_button.isEnabled()
    dialog.accept()
    path, schema, images = dialog.answer()
    assert path == orthophoto.with_suffix(".landseg")
    assert len(schema) > 1
    assert images == [orthophoto]


def test_a_name_that_is_taken_is_not_proposed(qtbot, with_picture, saved, orthophoto) -> None:
    orthophoto.with_suffix(".landseg").touch()
    dialog = NewProjectDialog(with_picture, None, saved)
    qtbot.addWidget(dialog)
    assert file_line(dialog).text() == str(orthophoto.with_name("town_2.landseg"))


def test_a_folder_that_takes_no_file_is_not_proposed(qtbot, with_picture, saved, orthophoto, monkeypatch) -> None:
    monkeypatch.setattr("os.access", lambda path, _mode: Path(path) != orthophoto.parent)
    dialog = NewProjectDialog(with_picture, None, saved)
    qtbot.addWidget(dialog)
    assert Path(file_line(dialog).text()).name == "town.landseg"
    assert Path(file_line(dialog).text()).parent.name == "projects"


def test_an_empty_window_gets_a_place_of_landsegs_own(qtbot, session, saved) -> None:
    dialog = NewProjectDialog(session, None, saved)
    qtbot.addWidget(dialog)
    assert Path(file_line(dialog).text()).parts[-3:] == ("landseg", "projects", "labels.landseg")
    assert dialog.answer()[2] == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "Choose a file for the project"),
        ("taken.landseg", "exists already"),
        ("taken", "exists already"),
        ("folder", "This is a folder"),
        ("no/such/place.landseg", ""),
        ("taken.landseg/below.landseg", "is a file"),
    ],
)
def test_a_place_that_cannot_be_is_told(dialog, tmp_path, name, words) -> None:
    (tmp_path / "taken.landseg").touch()
    (tmp_path / "folder").mkdir()
    file_line(dialog).setText(str(tmp_path / name) if name else "")
    assert words in problem(dialog)
    assert dialog.action_button.isEnabled() == (not words)


def test_the_suffix_need_not_be_typed(dialog, tmp_path) -> None:
    file_line(dialog).setText(str(tmp_path / "map.v2"))
    assert dialog.answer()[0] == tmp_path / "map.v2.landseg"


def test_the_classes_are_those_of_the_last_project(qtbot, with_picture, saved, dialog) -> None:
    dialog.findChild(ClassField).set_text("landcover-dubai")
    dialog.accept()
    again = NewProjectDialog(with_picture, None, saved)
    qtbot.addWidget(again)
    assert again.answer()[1] == load_classes("landcover-dubai")


def test_wrong_classes_keep_it_from_being_made(dialog, tmp_path) -> None:
    (tmp_path / "bad.json").write_text("{}")
    dialog.findChild(ClassField).set_text(str(tmp_path / "bad.json"))
    assert not dialog.action_button.isEnabled()
    dialog.accept()
    assert dialog.result() == 0


def test_images_are_added_and_taken_out(dialog, orthophoto, monkeypatch) -> None:
    others = [str(orthophoto), str(orthophoto.with_name("b.tif")), str(orthophoto.with_name("c.tif"))]
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: (others, ""))
    dialog.findChild(QPushButton, "new_project_images_add").click()
    listed = dialog.findChild(QListWidget, "new_project_images")
    assert [listed.item(row).text() for row in range(listed.count())] == ["town.tif", "b.tif", "c.tif"]
    remove = dialog.findChild(QPushButton, "new_project_images_remove")
    assert not remove.isEnabled()
    listed.item(0).setSelected(True)
    listed.item(2).setSelected(True)
    remove.click()
    assert [path.name for path in dialog.answer()[2]] == ["b.tif"]
