from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtWidgets import QComboBox, QDialog, QLabel, QLineEdit, QRadioButton, QSlider
from pytestqt.qtbot import QtBot

from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import load_classes
from landseg_core.raster.pyramid.overviews import PyramidReader
from landseg_core.raster.source import RasterSource
from landseg_core.tasks.export import MaskFile
from landseg_gui.dialogs.export import ExportDialog
from landseg_gui.dialogs.forms import overwrite
from landseg_gui.form_settings import FormSettings
from landseg_gui.viewer.layer import MaskLayer

SCHEMA = load_classes("landcover-dubai")
VIEW = PixelWindow(8, 8, 40, 30)


@pytest.fixture
def layers(tmp_path: Path) -> Iterator[list[MaskLayer]]:
    layers = []
    for stem in ("first", "second"):
        path = tmp_path / f"{stem}.png"
        cv2.imwrite(str(path), np.zeros((64, 96), np.uint8))
        layers.append(MaskLayer(PyramidReader(RasterSource(path)), SCHEMA, stem))
    yield layers
    for layer in layers:
        layer.source.close()


@pytest.fixture
def dialog(qtbot: QtBot, layers: list[MaskLayer], orthophoto: Path, saved: FormSettings) -> ExportDialog:
    dialog = ExportDialog(layers, orthophoto, VIEW, saved)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def choose_style(dialog: ExportDialog, style: str) -> None:
    combo = dialog.findChild(QComboBox, "export_style")
    combo.setCurrentIndex(combo.findData(style))


def out(dialog: ExportDialog) -> Path:
    return Path(dialog.findChild(QLineEdit, "export_out").text())


def problem(dialog: ExportDialog) -> str:
    label = dialog.findChild(QLabel, "export_out_problem")
    return label.text() if label.isVisible() else ""


def test_name_and_suffix_follow_layer_and_kind(dialog: ExportDialog) -> None:
    assert out(dialog).name == "first_colour.png"
    choose_style(dialog, "geotiff")
    assert out(dialog).name == "first_geotiff.tif"
    dialog.findChild(QComboBox, "export_layer").setCurrentIndex(1)
    assert out(dialog).name == "second_geotiff.tif"


def test_a_name_of_ones_own_stays_but_for_its_suffix(dialog: ExportDialog, tmp_path: Path) -> None:
    dialog.findChild(QLineEdit, "export_out").setText(str(tmp_path / "mine.png"))
    choose_style(dialog, "geotiff")
    assert out(dialog) == tmp_path / "mine.tif"
    dialog.findChild(QComboBox, "export_layer").setCurrentIndex(1)
    assert out(dialog) == tmp_path / "mine.tif"


def test_only_an_overlay_has_an_opacity(dialog: ExportDialog) -> None:
    slider = dialog.findChild(QSlider, "export_opacity")
    assert not slider.isVisible()
    choose_style(dialog, "overlay")
    assert slider.isVisible()


def test_the_opacity_begins_as_in_the_window(
    qtbot: QtBot, layers: list[MaskLayer], orthophoto: Path, saved: FormSettings
) -> None:
    layers[1].opacity = 0.3
    dialog = ExportDialog(layers, orthophoto, None, saved)
    qtbot.addWidget(dialog)
    assert dialog.findChild(QSlider, "export_opacity").value() == 60
    dialog.findChild(QComboBox, "export_layer").setCurrentIndex(1)
    assert dialog.findChild(QSlider, "export_opacity").value() == 30


def test_without_a_picture_there_is_no_overlay(qtbot: QtBot, layers: list[MaskLayer], saved: FormSettings) -> None:
    dialog = ExportDialog(layers, None, None, saved)
    qtbot.addWidget(dialog)
    assert dialog.findChild(QComboBox, "export_style").findData("overlay") == -1


def test_the_answer(dialog: ExportDialog, layers: list[MaskLayer], orthophoto: Path, tmp_path: Path) -> None:
    choose_style(dialog, "overlay")
    dialog.findChild(QComboBox, "export_layer").setCurrentIndex(1)
    dialog.findChild(QSlider, "export_opacity").setValue(70)
    dialog.findChild(QRadioButton, "export_view").setChecked(True)
    dialog.findChild(QLineEdit, "export_out").setText(str(tmp_path / "maps" / "mine.png"))
    dialog.action_button.click()
    task = dialog.task()
    assert dialog.result() == QDialog.DialogCode.Accepted
    assert (task.mask, task.image) == (MaskFile(layers[1].path, SCHEMA), orthophoto)
    assert (task.style, task.opacity, task.window) == ("overlay", 0.7, VIEW)
    assert task.out == tmp_path / "maps" / "mine.png"


def test_the_answer_is_about_the_layer_on_offer_though_the_window_has_others_by_now(
    dialog: ExportDialog, layers: list[MaskLayer], tmp_path: Path
) -> None:
    dialog.findChild(QComboBox, "export_layer").setCurrentIndex(1)
    del layers[0]
    dialog.accept()
    assert dialog.task().mask.path == tmp_path / "second.png"


def test_the_picture_belongs_to_an_overlay_only(dialog: ExportDialog) -> None:
    assert dialog.task().image is None


def test_what_is_wrong_with_the_name_is_told(dialog: ExportDialog, layers: list[MaskLayer]) -> None:
    line = dialog.findChild(QLineEdit, "export_out")
    line.setText("")
    assert problem(dialog) == "Choose the file to write."
    line.setText("/tmp/map.jpg")
    assert problem(dialog) == "The name must end in .png."
    line.setText(str(layers[0].path))
    assert "being read" in problem(dialog)
    assert not dialog.action_button.isEnabled()


def test_an_old_file_is_replaced_only_when_asked(
    dialog: ExportDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "old.png").touch()
    dialog.findChild(QLineEdit, "export_out").setText(str(tmp_path / "old.png"))
    answers = iter([None, "Replace"])
    monkeypatch.setattr(overwrite, "choose", lambda *_question: next(answers))
    dialog.action_button.click()
    assert dialog.isVisible()
    dialog.action_button.click()
    assert not dialog.isVisible()
    assert dialog.task().overwrite


def test_kind_and_folder_are_remembered(
    dialog: ExportDialog, qtbot: QtBot, layers: list[MaskLayer], saved: FormSettings, tmp_path: Path
) -> None:
    choose_style(dialog, "index")
    dialog.findChild(QLineEdit, "export_out").setText(str(tmp_path / "maps" / "mine.png"))
    dialog.action_button.click()
    again = ExportDialog(layers, None, None, saved)
    qtbot.addWidget(again)
    assert out(again) == tmp_path / "maps" / "first_index.png"
