from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from landseg_core.labels.classes import load_classes
from landseg_core.models.header import BundleHeader
from landseg_core.models.normalisation import Normalisation
from landseg_core.tasks.export import ExportModelTask
from landseg_gui.dialogs import export_model
from landseg_gui.dialogs.export_model import ExportModelDialog
from landseg_gui.dialogs.forms import overwrite
from landseg_gui.form_settings import FormSettings

HEADER = BundleHeader(
    architecture="unet16",
    schema=load_classes("landcover-dubai"),
    bands=(1, 2, 3),
    dtype="uint8",
    normalisation=Normalisation((1.0,) * 3, (1.0,) * 3),
    ground_resolution_m=0.5,
    training={},
)
GOOD = Path("runs/farm/model.safetensors")


@pytest.fixture
def headers(monkeypatch: pytest.MonkeyPatch) -> dict[str, BundleHeader]:
    """Return the headers of model files by name; all others are read as they are."""
    known = {GOOD.name: HEADER}
    real = export_model.read_header
    monkeypatch.setattr(export_model, "read_header", lambda path: known.get(Path(path).name) or real(path))
    return known


@pytest.fixture
def dialog(qtbot: QtBot, saved: FormSettings, headers: dict, tmp_path: Path) -> ExportModelDialog:
    saved.save({"folder": str(tmp_path)})
    dialog = ExportModelDialog(GOOD, saved)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def line(dialog: ExportModelDialog, name: str) -> QLineEdit:
    return dialog.findChild(QLineEdit, f"export_model_{name}")


def said(dialog: ExportModelDialog, name: str) -> str:
    label = dialog.findChild(QLabel, f"export_model_{name}")
    return label.text() if label.isVisible() else ""


def choose_size(dialog: ExportModelDialog, side: int) -> None:
    combo = dialog.findChild(QComboBox, "export_model_size")
    combo.setCurrentIndex(combo.findData(side))


def test_the_usual_answer(dialog: ExportModelDialog, tmp_path: Path) -> None:
    dialog.action_button.click()
    assert not dialog.isVisible()
    assert dialog.task() == ExportModelTask(model=GOOD, out=tmp_path / "farm.onnx", tile=512)


def test_any_size(dialog: ExportModelDialog) -> None:
    choose_size(dialog, 0)
    dialog.action_button.click()
    assert dialog.task().tile is None


def test_every_size_suits_every_network() -> None:
    assert all(side % 32 == 0 for side in export_model.TILES)


def test_the_name_follows_the_model_until_the_user_writes_one(dialog: ExportModelDialog, tmp_path: Path) -> None:
    line(dialog, "model").setText("runs/forest/model.safetensors")
    assert line(dialog, "out").text() == str(tmp_path / "forest.onnx")
    line(dialog, "out").setText(str(tmp_path / "mine.onnx"))
    line(dialog, "model").setText("runs/farm/model.safetensors")
    assert line(dialog, "out").text() == str(tmp_path / "mine.onnx")


def test_what_deepness_will_not_know_is_told(dialog: ExportModelDialog, headers: dict[str, BundleHeader]) -> None:
    assert said(dialog, "notices") == ""
    headers["unknown.safetensors"] = dataclasses.replace(HEADER, ground_resolution_m=None)
    line(dialog, "model").setText("unknown.safetensors")
    assert said(dialog, "notices").startswith("The ground resolution of the model is not recorded")
    choose_size(dialog, 0)
    assert said(dialog, "notices") == ""


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("model", "", "Choose a model, or train one first."),
        ("model", "none.safetensors", "does not exist"),
        ("out", "", "Choose the file to write."),
        ("out", "model.pt", "The name must end in .onnx."),
    ],
)
def test_what_is_wrong_is_told(dialog: ExportModelDialog, name: str, text: str, sentence: str) -> None:
    line(dialog, name).setText(text)
    assert sentence in said(dialog, f"{name}_problem")
    assert not dialog.action_button.isEnabled()


def test_an_old_file_is_replaced_only_when_asked(
    dialog: ExportModelDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "farm.onnx").touch()
    answers = iter([None, "Replace"])
    monkeypatch.setattr(overwrite, "choose", lambda *_question: next(answers))
    dialog.action_button.click()
    assert dialog.isVisible()
    dialog.action_button.click()
    assert not dialog.isVisible()
    assert dialog.task().overwrite


def test_model_and_folder_are_remembered(dialog: ExportModelDialog, saved: FormSettings, qtbot: QtBot) -> None:
    line(dialog, "out").setText(str(Path("elsewhere").absolute() / "x.onnx"))
    dialog.action_button.click()
    again = ExportModelDialog(None, saved)
    qtbot.addWidget(again)
    assert line(again, "model").text() == str(GOOD)
    assert line(again, "out").text() == str(Path("elsewhere").absolute() / "farm.onnx")
