from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from affine import Affine
from PySide6.QtWidgets import QComboBox, QDialog, QLabel, QLineEdit, QRadioButton
from pytestqt.qtbot import QtBot

from landseg_core.geo.grid import RasterGrid
from landseg_core.project.images import ImageEntry
from landseg_gui.dialogs.export_labels import ExportLabelsDialog
from landseg_gui.dialogs.forms import overwrite
from landseg_gui.form_settings import FormSettings

GRID = RasterGrid(96, 64, Affine.identity(), None)
MakeDialog = Callable[..., ExportLabelsDialog]


def images(*paths: Path) -> list[ImageEntry]:
    return [ImageEntry(number, path, GRID, False, "") for number, path in enumerate(paths, start=1)]  # noqa: FBT003


@pytest.fixture
def make_dialog(qtbot: QtBot, tmp_path: Path, saved: FormSettings) -> MakeDialog:
    """Return what shows the dialog for the first of some images; two by default."""

    def make(*paths: Path) -> ExportLabelsDialog:
        entries = images(*(paths or (tmp_path / "north.tif", tmp_path / "south.tif")))
        dialog = ExportLabelsDialog(entries[0], entries, tmp_path / "p.landseg", saved)
        qtbot.addWidget(dialog)
        dialog.show()
        return dialog

    return make


@pytest.fixture
def dialog(make_dialog: MakeDialog) -> ExportLabelsDialog:
    return make_dialog()


def line(dialog: ExportLabelsDialog, name: str = "out") -> QLineEdit:
    return dialog.findChild(QLineEdit, f"export_labels_{name}")


def choose_form(dialog: ExportLabelsDialog, name: str) -> None:
    combo = dialog.findChild(QComboBox, "export_labels_form")
    combo.setCurrentIndex(combo.findData(name))


def choose_all(dialog: ExportLabelsDialog) -> None:
    dialog.findChild(QRadioButton, "export_labels_all").setChecked(True)


def test_the_name_follows_image_and_kind(dialog: ExportLabelsDialog) -> None:
    assert Path(line(dialog).text()).name == "north_labels.png"
    choose_form(dialog, "gpkg")
    assert Path(line(dialog).text()).name == "north_labels.gpkg"


def test_a_name_of_ones_own_stays_but_for_its_suffix(dialog: ExportLabelsDialog, tmp_path: Path) -> None:
    line(dialog).setText(str(tmp_path / "mine.png"))
    choose_form(dialog, "tif")
    assert line(dialog).text() == str(tmp_path / "mine.tif")


def test_the_answer(dialog: ExportLabelsDialog, tmp_path: Path) -> None:
    choose_form(dialog, "tif")
    line(dialog).setText(str(tmp_path / "maps" / "mine.tif"))
    dialog.action_button.click()
    request = dialog.request()
    assert dialog.result() == QDialog.DialogCode.Accepted
    assert (request.form, request.files) == ("tif", ((1, tmp_path / "maps" / "mine.tif"),))
    assert not request.overwrite


def test_all_images_go_to_a_folder(dialog: ExportLabelsDialog, tmp_path: Path) -> None:
    choose_all(dialog)
    assert line(dialog, "folder").isVisible()
    assert not line(dialog).isVisible()
    line(dialog, "folder").setText(str(tmp_path / "all"))
    names = ["north_labels.png", "south_labels.png"]
    assert dialog.request().files == tuple((place + 1, tmp_path / "all" / name) for place, name in enumerate(names))


def test_images_of_one_name_get_two_files(make_dialog: MakeDialog, tmp_path: Path) -> None:
    dialog = make_dialog(tmp_path / "a" / "tile.tif", tmp_path / "b" / "tile.tif", tmp_path / "other.tif")
    choose_all(dialog)
    assert [path.stem for _, path in dialog.request().files] == ["tile_1_labels", "tile_2_labels", "other_labels"]


def test_one_image_leaves_nothing_to_choose(make_dialog: MakeDialog, tmp_path: Path) -> None:
    dialog = make_dialog(tmp_path / "north.tif")
    assert not dialog.findChild(QRadioButton, "export_labels_all").isVisible()


PROBLEMS = {
    "": "Choose the file to write.",
    "{folder}/map.jpg": "The name must end in .png.",
    "{folder}": "This is a folder; add a file name.",
}


@pytest.mark.parametrize("text", PROBLEMS)
def test_what_is_wrong_with_the_file_is_told(dialog: ExportLabelsDialog, tmp_path: Path, text: str) -> None:
    line(dialog).setText(text.format(folder=tmp_path))
    assert dialog.findChild(QLabel, "export_labels_out_problem").text() == PROBLEMS[text]
    assert not dialog.action_button.isEnabled()


def test_neither_an_image_nor_the_project_is_overwritten(make_dialog: MakeDialog, tmp_path: Path) -> None:
    dialog = make_dialog(tmp_path / "north.tif", tmp_path / "south.tif")
    choose_form(dialog, "tif")
    line(dialog).setText(str(tmp_path / "south.tif"))
    assert "being read" in dialog.findChild(QLabel, "export_labels_out_problem").text()


def test_what_is_wrong_with_the_folder_is_told(dialog: ExportLabelsDialog, tmp_path: Path) -> None:
    choose_all(dialog)
    problem = dialog.findChild(QLabel, "export_labels_folder_problem")
    line(dialog, "folder").setText("")
    assert problem.text() == "Choose the folder for the files."
    (tmp_path / "file").touch()
    line(dialog, "folder").setText(str(tmp_path / "file"))
    assert problem.text() == "A file of this name exists; choose a folder."


def test_old_files_are_replaced_only_when_asked(
    dialog: ExportLabelsDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "south_labels.png").touch()
    choose_all(dialog)
    line(dialog, "folder").setText(str(tmp_path))
    answers, questions = iter([None, "Replace"]), []
    monkeypatch.setattr(overwrite, "choose", lambda *question: questions.append(question[1]) or next(answers))
    dialog.action_button.click()
    assert dialog.isVisible()
    dialog.action_button.click()
    assert not dialog.isVisible()
    assert dialog.request().overwrite
    assert questions == ["Replace south_labels.png?"] * 2


def test_kind_and_folder_are_remembered(dialog: ExportLabelsDialog, make_dialog: MakeDialog, tmp_path: Path) -> None:
    choose_form(dialog, "gpkg")
    line(dialog).setText(str(tmp_path / "maps" / "mine.gpkg"))
    dialog.action_button.click()
    again = make_dialog()
    assert line(again).text() == str(tmp_path / "maps" / "north_labels.gpkg")
    assert line(again, "folder").text() == str(tmp_path / "maps")
