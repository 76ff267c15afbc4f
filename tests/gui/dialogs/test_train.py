from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QTextDocumentFragment
from PySide6.QtWidgets import QComboBox, QDialog, QDoubleSpinBox, QLabel, QLineEdit, QPushButton, QRadioButton, QSpinBox
from pytestqt.qtbot import QtBot
from support.sources import Archive

from landseg_core.data.sources.folders import Folders
from landseg_core.data.sources.landcover_ai import LandCoverAi
from landseg_core.data.sources.project import ProjectLabels
from landseg_core.data.sources.registry import SOURCES
from landseg_core.labels.classes import load_classes
from landseg_core.labels.regions import RectangleRegion
from landseg_core.models.catalog import DEFAULT_MODEL
from landseg_core.project.project import Project
from landseg_core.runs.config import TrainConfig
from landseg_gui.dialogs import train
from landseg_gui.dialogs.forms import form
from landseg_gui.dialogs.train import TrainDialog, next_run_folder
from landseg_gui.form_settings import FormSettings


@pytest.fixture
def dialog(qtbot: QtBot, saved: FormSettings) -> TrainDialog:
    dialog = TrainDialog(saved)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


@pytest.fixture
def filled(dialog: TrainDialog, data_set: Path, tmp_path: Path) -> TrainDialog:
    """Return the dialog with everything that has no default."""
    write(dialog, "train_images", data_set / "images")
    write(dialog, "train_masks", data_set / "masks")
    write(dialog, "train_out", tmp_path / "runs" / "run-1")
    return dialog


def write(dialog: QDialog, name: str, text: object) -> None:
    dialog.findChild(QLineEdit, name).setText(str(text))


def problem(dialog: QDialog, name: str) -> str:
    label = dialog.findChild(QLabel, f"{name}_problem")
    return label.text() if label.isVisible() else ""


def test_an_empty_form_asks_for_the_folders_and_does_not_start(dialog: TrainDialog) -> None:
    assert not dialog.action_button.isEnabled()
    assert problem(dialog, "train_images") == "Choose the folder of images."
    assert problem(dialog, "train_masks") == "Choose the folder of masks."
    assert problem(dialog, "train_out") == ""


def test_a_filled_form_starts(filled: TrainDialog) -> None:
    assert filled.find_errors() == {}
    assert filled.action_button.isEnabled()


def test_the_answer(filled: TrainDialog, data_set: Path, tmp_path: Path) -> None:
    (data_set / "train.txt").write_text("a")
    write(filled, "train_list", data_set / "train.txt")
    write(filled, "train_learning_rate", "0,01")
    filled.findChild(QComboBox, "train_classes").setCurrentText("landcover-dubai")
    filled.findChild(QComboBox, "train_model").setCurrentText("unet32")
    filled.findChild(QSpinBox, "train_epochs").setValue(7)
    filled.findChild(QSpinBox, "train_batch").setValue(3)
    filled.findChild(QSpinBox, "train_chip").setValue(64)
    filled.findChild(QLineEdit, "train_seed").setText("5")
    filled.action_button.click()
    request = filled.request()
    assert filled.result() == QDialog.DialogCode.Accepted
    folders = {"images": data_set / "images", "masks": data_set / "masks"}
    assert request.source == Folders(**folders, train_list=data_set / "train.txt")
    assert request.classes == load_classes("landcover-dubai")
    assert request.out == tmp_path / "runs" / "run-1"
    chosen = {"model": "unet32", "epochs": 7, "batch": 3, "chip": 64, "learning_rate": 0.01, "seed": 5}
    assert filled.config() == request.config() == TrainConfig(**chosen)


def test_minutes_take_the_place_of_epochs(filled: TrainDialog) -> None:
    filled.findChild(QDoubleSpinBox, "train_minutes").setValue(0.5)
    assert filled.findChild(QRadioButton, "train_by_minutes").isChecked()
    config = filled.config()
    assert (config.epochs, config.minutes) == (None, 0.5)
    filled.findChild(QSpinBox, "train_epochs").setValue(3)
    assert filled.config().epochs == 3


@pytest.mark.parametrize(
    ("name", "kind", "value", "words"),
    [
        ("train_epochs", QSpinBox, 0, "1"),
        ("train_batch", QSpinBox, 0, "1"),
        ("train_chip", QSpinBox, 8, "32"),
        ("train_batch", QSpinBox, 5000, "1024"),
    ],
)
def test_a_number_out_of_range_is_told_beside_its_field(
    filled: TrainDialog, name: str, kind: type, value: int, words: str
) -> None:
    filled.findChild(kind, name).setValue(value)
    assert words in problem(filled, name)
    assert not filled.action_button.isEnabled()


@pytest.mark.parametrize("text", ["", "fast", "0", "-1", "nan", "2"])
def test_a_learning_rate_must_be_a_sensible_number(filled: TrainDialog, text: str) -> None:
    write(filled, "train_learning_rate", text)
    assert "Enter a number" in problem(filled, "train_learning_rate")
    assert not filled.action_button.isEnabled()
    write(filled, "train_learning_rate", "0.001")
    assert problem(filled, "train_learning_rate") == ""
    assert filled.action_button.isEnabled()


def test_no_time_at_all_is_told_beside_the_length(filled: TrainDialog) -> None:
    filled.findChild(QDoubleSpinBox, "train_minutes").setValue(0)
    assert problem(filled, "train_epochs") == "Must be greater than 0."


def test_typing_checks_at_every_key(filled: TrainDialog, qtbot: QtBot, data_set: Path) -> None:
    line = filled.findChild(QLineEdit, "train_list")
    qtbot.keyClicks(line, str(data_set / "list"))
    assert problem(filled, "train_list") == "There is no such file."
    (data_set / "lists").touch()
    qtbot.keyClicks(line, "s")
    assert problem(filled, "train_list") == ""


def test_wrong_classes_are_told(filled: TrainDialog, tmp_path: Path) -> None:
    combo = filled.findChild(QComboBox, "train_classes")
    combo.setCurrentText("")
    assert problem(filled, "train_classes") == "Choose a preset or a class file."
    combo.setCurrentText("landcover-mars")
    assert "neither a class file nor a preset" in problem(filled, "train_classes")
    (tmp_path / "mine.json").write_text('{"classes": [{"value": 3, "name": "<moss>", "colour": "#00aa00"}]}')
    combo.setCurrentText(str(tmp_path / "mine.json"))
    assert filled.find_errors() == {}
    assert "&lt;moss&gt;" in filled.findChild(QLabel, "train_classes_legend").text()


@pytest.mark.parametrize("text", ["~nobody-of-this-name/data", "/" + 300 * "x", "/etc/passwd/data"])
@pytest.mark.parametrize("name", ["train_images", "train_list", "train_out"])
def test_no_path_is_too_odd_to_be_typed(filled: TrainDialog, name: str, text: str) -> None:
    write(filled, name, text)
    if name != "train_out" or not text.startswith("~"):
        assert problem(filled, name) != ""


def test_a_class_file_may_have_any_name(filled: TrainDialog) -> None:
    filled.findChild(QComboBox, "train_classes").setCurrentText("/" + 300 * "x")
    assert problem(filled, "train_classes") != ""


def test_landcover_ai_has_fields_of_its_own(filled: TrainDialog, data_set: Path) -> None:
    filled.findChild(QRadioButton, "train_source_landcover_ai").setChecked(True)
    assert filled.findChild(QLineEdit, "train_landcover_ai").isVisible()
    assert not filled.findChild(QLineEdit, "train_images").isVisible()
    assert not filled.action_button.isEnabled()
    for name in ("train.txt", "val.txt"):
        (data_set / name).touch()
    write(filled, "train_landcover_ai", data_set)
    assert filled.request().source == LandCoverAi(landcover_ai=data_set)


def test_a_source_that_is_added_has_its_fields(
    qtbot: QtBot, store: QSettings, data_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SOURCES, "archive", Archive)
    dialog = TrainDialog(FormSettings("form", store))
    qtbot.addWidget(dialog)
    dialog.show()
    button = dialog.findChild(QRadioButton, "train_source_archive")
    assert (button.text(), button.isVisible()) == ("An archive of images", True)
    assert not dialog.findChild(QLineEdit, "train_archive").isVisible()
    button.setChecked(True)
    assert not dialog.findChild(QLineEdit, "train_images").isVisible()
    assert problem(dialog, "train_archive") == "Choose the folder that contains images, masks."
    assert problem(dialog, "train_season") == ""
    write(dialog, "train_archive", data_set)
    write(dialog, "train_season", data_set / "absent")
    assert problem(dialog, "train_season") == "There is no such folder."
    write(dialog, "train_season", "")
    write(dialog, "train_out", tmp_path / "run")
    dialog.action_button.click()
    assert dialog.request().source == Archive(archive=data_set)
    again = TrainDialog(FormSettings("form", store))
    qtbot.addWidget(again)
    assert again.request().source == Archive(archive=data_set)


def test_the_next_time_it_is_as_it_was(
    filled: TrainDialog, qtbot: QtBot, store: QSettings, data_set: Path, tmp_path: Path
) -> None:
    filled.findChild(QDoubleSpinBox, "train_minutes").setValue(2.5)
    filled.findChild(QSpinBox, "train_chip").setValue(128)
    filled.findChild(QComboBox, "train_classes").setCurrentText("landcover-dubai")
    filled.action_button.click()
    again = TrainDialog(FormSettings("form", store))
    qtbot.addWidget(again)
    assert again.request() == filled.request()
    (tmp_path / "runs" / "run-1").mkdir(parents=True)
    later = TrainDialog(FormSettings("form", store))
    qtbot.addWidget(later)
    assert later.request().out == tmp_path / "runs" / "run-2"


def test_settings_that_make_no_sense_count_as_none(qtbot: QtBot, store: QSettings) -> None:
    for field, value in {"epochs": "many", "model": "resnet", "device": "abacus", "chip": ["1", "2"]}.items():
        store.setValue(f"form/{field}", value)
    dialog = TrainDialog(FormSettings("form", store))
    qtbot.addWidget(dialog)
    assert dialog.findChild(QComboBox, "train_model").currentText() == DEFAULT_MODEL
    assert dialog.findChild(QSpinBox, "train_epochs").value() == 20
    assert dialog.findChild(QSpinBox, "train_chip").value() == 256


@pytest.mark.parametrize(
    ("answer", "resume", "overwrite"),
    [("Resume This Run", True, False), ("Start New Run", False, True)],
)
def test_a_run_in_the_folder_goes_on_or_gives_way(
    filled: TrainDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, resume: bool, overwrite: bool
) -> None:
    run = tmp_path / "runs" / "run-1"
    run.mkdir(parents=True)
    (run / "last.safetensors").touch()
    asked: list[list[str]] = []
    monkeypatch.setattr(train, "choose", lambda *args: asked.append(args[3]) or answer)
    filled.action_button.click()
    assert asked == [["Resume This Run", "Start New Run"]]
    assert (filled.request().resume, filled.request().overwrite) == (resume, overwrite)


def test_thinking_again_keeps_the_dialog(filled: TrainDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "runs" / "run-1").mkdir(parents=True)
    (tmp_path / "runs" / "run-1" / "notes.txt").touch()
    asked: list[list[str]] = []
    monkeypatch.setattr(train, "choose", lambda *args: asked.append(args[3]))
    filled.action_button.click()
    assert asked == [["Start New Run"]]
    assert filled.isVisible()


def test_enter_starts_only_a_form_without_problems(dialog: TrainDialog, qtbot: QtBot) -> None:
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert dialog.isVisible()
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_enter_in_a_filled_form_starts_it(filled: TrainDialog, qtbot: QtBot) -> None:
    qtbot.keyClick(filled.findChild(QLineEdit, "train_out"), Qt.Key.Key_Return)
    assert filled.result() == QDialog.DialogCode.Accepted


def test_every_field_has_a_tooltip_and_a_label_that_leads_to_it(dialog: TrainDialog) -> None:
    for name in ("train_images", "train_masks", "train_chip", "train_learning_rate", "train_out"):
        assert any(
            label.buddy() and label.buddy().objectName() == name and label.toolTip()
            for label in dialog.findChildren(QLabel)
        ), name


def test_the_dialog_grows_for_its_sentences(filled: TrainDialog, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(form, "_RESERVED_HEIGHT", -2000)  # the screen of the tests may be too low for it to grow

    def is_as_low_as_it_can_be() -> bool:
        filled.resize(filled.width(), 100)
        return filled.height() == filled.minimumHeight()

    qtbot.waitUntil(is_as_low_as_it_can_be)
    before = filled.height()
    for name in ("train_list", "train_val_list", "train_images", "train_masks", "train_learning_rate"):
        write(filled, name, "/absent")
    qtbot.waitUntil(lambda: filled.height() > before)


def test_runs_are_counted_on(tmp_path: Path) -> None:
    assert next_run_folder(tmp_path / "absent").name == "run-1"
    for name in ("run-2", "run-10", "run-old"):
        (tmp_path / name).mkdir()
    assert next_run_folder(tmp_path).name == "run-11"


def test_browse_buttons_do_not_answer_enter(dialog: TrainDialog) -> None:
    assert not any(
        button.autoDefault() for button in dialog.findChildren(QPushButton) if button is not dialog.action_button
    )


def test_dialogs_and_flows_load_no_torch() -> None:
    names = [f"landseg_gui.dialogs.{name}" for name in ("train", "predict", "export")]
    names += [f"landseg_gui.workflows.{name}" for name in ("training.flow", "predict", "export")]
    names.append("landseg_gui.panels.runs.training")
    code = f"import sys, {', '.join(names)}\nassert not {{'torch', 'pyqtgraph'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


# --- the labels of a project


@pytest.fixture
def project(orthophoto: Path, tmp_path: Path) -> Iterator[Project]:
    """Return a project of two images, one of them painted with 600 px of building."""
    (tmp_path / "farm").mkdir()
    with Project.create(tmp_path / "farm" / "fields.landseg", load_classes("landcover-dubai")) as project:
        image = project.add_image(orthophoto)
        project.add_image(Path(shutil.copy(orthophoto, tmp_path / "other.tif")))
        edit = project.labels(image.id).begin()
        edit.paint(RectangleRegion((10, 10), (40, 30)), 1)
        project.record(image.id, edit.finish(), "Paint")
        yield project


@pytest.fixture
def for_project(qtbot: QtBot, saved: FormSettings, project: Project) -> TrainDialog:
    dialog = TrainDialog(saved, None, project)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def plain(label: QLabel) -> str:
    return " ".join(QTextDocumentFragment.fromHtml(label.text()).toPlainText().split())


def test_a_project_with_labels_is_what_is_learnt_from(for_project: TrainDialog, project: Project) -> None:
    assert for_project.findChild(QRadioButton, "train_source_project").isChecked()
    assert for_project.action_button.isEnabled()
    for name in ("train_images", "train_masks", "train_list", "train_landcover_ai"):
        assert not for_project.findChild(QLineEdit, name).isVisible()
    assert not for_project.findChild(QComboBox, "train_classes").isVisible()
    text = plain(for_project.findChild(QLabel, "train_project_info"))
    assert text.startswith("600 px labelled in 1 of 2 images: ■ building 600 px Not labelled yet: land, vegetation,")
    request = for_project.request()
    assert request.source == ProjectLabels(project=project.path)
    assert request.classes == project.schema
    assert request.out == project.path.parent / "fields-runs" / "run-001"


def test_without_labels_folders_come_first_and_the_project_says_what_it_lacks(
    qtbot: QtBot, saved: FormSettings, project: Project
) -> None:
    project.undo()
    dialog = TrainDialog(saved, None, project)
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.findChild(QRadioButton, "train_source_folders").isChecked()
    dialog.findChild(QRadioButton, "train_source_project").setChecked(True)
    assert problem(dialog, "train_project").startswith("Nothing is labelled yet")
    assert not dialog.action_button.isEnabled()


def test_without_a_project_there_is_no_such_choice(dialog: TrainDialog) -> None:
    assert not dialog.findChild(QRadioButton, "train_source_project").isVisible()
    assert not dialog.findChild(QLabel, "train_project_info").isVisible()


def test_the_run_folder_moves_with_the_source_unless_it_was_chosen(for_project: TrainDialog, tmp_path: Path) -> None:
    out = for_project.findChild(QLineEdit, "train_out")
    beside_project = out.text()
    for_project.findChild(QRadioButton, "train_source_folders").setChecked(True)
    assert Path(out.text()).name == "run-1"
    assert for_project.findChild(QLineEdit, "train_images").isVisible()
    assert for_project.findChild(QComboBox, "train_classes").isVisible()
    for_project.findChild(QRadioButton, "train_source_project").setChecked(True)
    assert out.text() == beside_project
    write(for_project, "train_out", tmp_path / "mine")
    for_project.findChild(QRadioButton, "train_source_landcover_ai").setChecked(True)
    assert out.text() == str(tmp_path / "mine")


def test_a_run_on_a_project_leaves_what_is_remembered_of_folders(
    filled: TrainDialog, qtbot: QtBot, store: QSettings, project: Project
) -> None:
    filled.action_button.click()
    before = filled.request()
    on_project = TrainDialog(FormSettings("form", store), None, project)
    qtbot.addWidget(on_project)
    on_project.findChild(QSpinBox, "train_chip").setValue(64)
    on_project.action_button.click()
    assert on_project.result() == QDialog.DialogCode.Accepted
    again = TrainDialog(FormSettings("form", store))
    qtbot.addWidget(again)
    assert (again.request().source, again.request().out) == (before.source, before.out)
    assert again.config().chip == 64


def test_values_of_masks_are_given_classes(filled: TrainDialog) -> None:
    first, second = filled.request().classes.names[:2]
    write(filled, "train_mask_values", f"255={first}; 9 = {second}, 7=")
    assert problem(filled, "train_mask_values") == ""
    config = filled.config()
    assert config.value_mapping == {"255": first, "9": second, "7": ""}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("255", "VALUE=CLASSNAME"), ("255=castle", "There is no class called castle"), ("roof=", "is not a mask value")],
)
def test_values_of_masks_that_make_no_sense(filled: TrainDialog, text: str, sentence: str) -> None:
    write(filled, "train_mask_values", text)
    assert sentence in problem(filled, "train_mask_values")
    assert not filled.action_button.isEnabled()


def test_values_of_masks_are_those_of_the_run_that_goes_on(filled: TrainDialog, tmp_path: Path) -> None:
    filled.resume(tmp_path, {"mask_values": ["255=water", "7="]})
    line = filled.findChild(QLineEdit, "train_mask_values")
    assert (line.text(), line.isEnabled()) == ("255=water; 7=", False)
