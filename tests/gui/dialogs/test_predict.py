from __future__ import annotations

import html
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import Field
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QCheckBox,
    QComboBox,
    QDialog,
    QLabel,
    QLineEdit,
    QRadioButton,
    QSpinBox,
    QToolButton,
)
from pytestqt.qtbot import QtBot

from landseg_core.geo.window import PixelWindow
from landseg_core.inference.backends import catalog
from landseg_core.labels.classes import ClassSchema, load_classes
from landseg_core.models.header import BundleHeader
from landseg_core.models.normalisation import Normalisation
from landseg_core.project.project import Project
from landseg_core.raster.source import RasterSource
from landseg_core.tasks.predict import PlannedMap, PredictTask, open_raster
from landseg_gui.dialogs import predict
from landseg_gui.dialogs.forms import overwrite, predict_settings
from landseg_gui.dialogs.predict import PredictDialog
from landseg_gui.form_settings import FormSettings

HEADER = BundleHeader(
    architecture="unet16",
    schema=load_classes("landcover-dubai"),
    bands=(1, 2, 3),
    dtype="uint8",
    normalisation=Normalisation((1.0,) * 3, (1.0,) * 3),
    ground_resolution_m=0.5,
    training={"miou": 0.613},
)
VIEW = PixelWindow(8, 8, 40, 30)


@pytest.fixture
def raster(orthophoto: Path) -> Iterator[RasterSource]:
    with RasterSource(orthophoto) as source:
        yield source


@pytest.fixture
def headers(monkeypatch: pytest.MonkeyPatch) -> dict[str, BundleHeader]:
    """Return the headers of model files by name; all others are read as they are."""
    known = {"good.safetensors": HEADER}
    real = predict.read_header
    monkeypatch.setattr(predict, "read_header", lambda path: known.get(Path(path).name) or real(path))
    return known


@pytest.fixture
def dialog(qtbot: QtBot, raster: RasterSource, saved: FormSettings, headers: dict, tmp_path: Path) -> PredictDialog:
    dialog = PredictDialog(raster, VIEW, Path("good.safetensors"), saved)
    qtbot.addWidget(dialog)
    dialog.findChild(QLineEdit, "predict_out").setText(str(tmp_path / "maps" / "town_mask.tif"))
    dialog.show()
    return dialog


def problem(dialog: QDialog, name: str) -> str:
    label = dialog.findChild(QLabel, f"{name}_problem")
    return label.text() if label.isVisible() else ""


def write(dialog: QDialog, name: str, text: object) -> None:
    dialog.findChild(QLineEdit, name).setText(str(text))


def model_info(dialog: QDialog) -> str:
    return dialog.findChild(QLabel, "predict_model_info").text().replace("\N{NO-BREAK SPACE}", " ")


def test_the_model_is_described(dialog: PredictDialog) -> None:
    assert "unet16 · 5 classes · mIoU 61.3 % · trained at 0.5 m/px" in model_info(dialog)
    assert "vegetation" in model_info(dialog)
    assert dialog.action_button.isEnabled()


def test_a_map_is_never_suggested_beside_the_picture(
    qtbot: QtBot, raster: RasterSource, saved: FormSettings, orthophoto: Path
) -> None:
    fresh = PredictDialog(raster, None, None, saved)
    qtbot.addWidget(fresh)
    out = Path(fresh.findChild(QLineEdit, "predict_out").text())
    assert out.name == "town_mask.tif"
    assert out.parent != orthophoto.parent


def test_without_a_model_it_asks_for_one(dialog: PredictDialog) -> None:
    write(dialog, "predict_model", "")
    assert problem(dialog, "predict_model") == "Choose a model, or train one first."
    assert not dialog.action_button.isEnabled()


def test_a_file_that_is_no_model_is_told(dialog: PredictDialog, orthophoto: Path) -> None:
    write(dialog, "predict_model", orthophoto)
    assert str(orthophoto) in problem(dialog, "predict_model")
    assert model_info(dialog) == ""
    write(dialog, "predict_model", "/" + 300 * "x")
    assert problem(dialog, "predict_model") != ""
    write(dialog, "predict_model", "/absent/model.safetensors")
    assert "does not exist" in problem(dialog, "predict_model")


def test_a_model_of_more_bands_does_not_fit(dialog: PredictDialog, headers: dict[str, BundleHeader]) -> None:
    fields = vars(HEADER) | {"bands": (1, 2, 3, 4), "normalisation": Normalisation((1.0,) * 4, (1.0,) * 4)}
    headers["infrared.safetensors"] = BundleHeader(**fields)
    write(dialog, "predict_model", "infrared.safetensors")
    assert "bands 1, 2, 3, 4" in problem(dialog, "predict_model")
    assert not dialog.action_button.isEnabled()


def test_the_image_can_be_seen_at_its_own_resolution(dialog: PredictDialog, headers: dict[str, BundleHeader]) -> None:
    assert dialog.task().resolution == "model"
    headers["coarse.safetensors"] = BundleHeader(**(vars(HEADER) | {"ground_resolution_m": 2.0}))
    write(dialog, "predict_model", "coarse.safetensors")
    dialog.findChild(QComboBox, "predict_resolution").setCurrentText("Native image resolution")
    assert "is seen as it is" in model_info(dialog)
    assert dialog.task().resolution == "own"


def test_tta_is_a_choice_that_is_remembered(raster: RasterSource, saved: FormSettings, dialog: PredictDialog) -> None:
    assert not dialog.task().tta
    dialog.findChild(QCheckBox, "predict_tta").setChecked(True)
    assert dialog.task().tta
    dialog.accept()
    again = PredictDialog(raster, VIEW, Path("good.safetensors"), saved)
    assert again.task().tta
    again.deleteLater()


def test_backend_and_precision_are_choices(dialog: PredictDialog) -> None:
    assert (dialog.task().backend, dialog.task().precision) == ("auto", "auto")
    dialog.findChild(QComboBox, "predict_backend").setCurrentText("OpenVINO")
    dialog.findChild(QComboBox, "predict_precision").setCurrentText("int8")
    assert (dialog.task().backend, dialog.task().precision) == ("openvino", "int8")
    assert dialog.action_button.isEnabled()


def test_what_a_backend_cannot_do_is_told_beside_it(dialog: PredictDialog, monkeypatch: pytest.MonkeyPatch) -> None:
    dialog.findChild(QComboBox, "predict_backend").setCurrentText("PyTorch")
    dialog.findChild(QComboBox, "predict_precision").setCurrentText("int8")
    assert problem(dialog, "predict_backend").startswith("PyTorch computes in fp32 or bf16 or fp16, not in int8")
    assert not dialog.action_button.isEnabled()
    monkeypatch.setattr(catalog, "find_spec", lambda _name: None)
    dialog.findChild(QComboBox, "predict_backend").setCurrentText("OpenVINO")
    assert "pip install 'landseg[fast]'" in problem(dialog, "predict_backend")


def test_bands_are_chosen_by_name_or_number(dialog: PredictDialog) -> None:
    assert dialog.task().bands == ()
    write(dialog, "predict_bands", "3, 2,1")
    assert dialog.task().bands == ("3", "2", "1")
    assert not dialog.findChild(QLineEdit, "predict_bands").isVisible()
    write(dialog, "predict_bands", "3, 2")
    assert "2 bands are chosen, but the model needs 3" in problem(dialog, "predict_bands")  # it is unfolded
    assert problem(dialog, "predict_model") == ""
    assert not dialog.action_button.isEnabled()


def test_another_ground_resolution_is_a_warning_only(dialog: PredictDialog, headers: dict[str, BundleHeader]) -> None:
    headers["coarse.safetensors"] = BundleHeader(**(vars(HEADER) | {"ground_resolution_m": 2.0}))
    write(dialog, "predict_model", "coarse.safetensors")
    assert "is resampled to the model's 2 m, and the map back to its own grid" in html.unescape(model_info(dialog))
    assert dialog.action_button.isEnabled()


def test_the_answer(dialog: PredictDialog, orthophoto: Path, tmp_path: Path) -> None:
    dialog.findChild(QRadioButton, "predict_view").setChecked(True)
    dialog.findChild(QCheckBox, "predict_confidence").setChecked(True)
    dialog.findChild(QSpinBox, "predict_tile").setValue(512)
    dialog.findChild(QSpinBox, "predict_overlap").setValue(64)
    dialog.findChild(QComboBox, "predict_device").setCurrentIndex(1)
    dialog.action_button.click()
    task = dialog.task()
    assert dialog.result() == QDialog.DialogCode.Accepted
    maps = tmp_path / "maps"
    assert task.model == Path("good.safetensors")
    assert task.maps == (PlannedMap(orthophoto, maps / "town_mask.tif", None, maps / "town_confidence.tif"),)
    assert (task.window, task.tile, task.overlap, task.device) == (VIEW, 512, 64, "cpu")
    assert not task.overwrite


def test_a_new_field_of_the_task_is_one_of_the_dialog(
    qtbot: QtBot, raster: RasterSource, saved: FormSettings, headers: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    class WithNewFields(PredictTask):
        sharpen: Annotated[int, Field(ge=2, title="Sharpening", description="How far edges are sharpened")] = 3
        smooth: bool = Field(default=False, title="Smooth", description="Smooth the borders")

    for module in (predict, predict_settings):
        monkeypatch.setattr(module, "PredictTask", WithNewFields)
    dialog = PredictDialog(raster, VIEW, Path("good.safetensors"), saved)
    qtbot.addWidget(dialog)
    dialog.findChild(QSpinBox, "predict_sharpen").setValue(5)
    dialog.findChild(QCheckBox, "predict_smooth").setChecked(True)
    assert dialog.action_button.isEnabled()
    task = dialog.task()
    assert (task.sharpen, task.smooth) == (5, True)
    dialog.findChild(QSpinBox, "predict_sharpen").setValue(1)
    assert dialog.findChild(QLabel, "predict_sharpen_problem").text() == "Must be at least 2."


def test_no_two_texts_of_the_dialog_have_the_same_key(dialog: PredictDialog) -> None:
    dialog.findChild(QToolButton, "predict_advanced").click()
    widgets = [widget for kind in (QLabel, QAbstractButton) for widget in dialog.findChildren(kind)]
    texts = [widget.text() for widget in widgets if widget.isVisible()]
    keys = [key for text in texts if (key := QKeySequence.mnemonic(text).toString())]
    assert len(keys) == len(set(keys)) >= 10


def test_tiles_overlap_as_the_network_needs_unless_told(dialog: PredictDialog) -> None:
    assert dialog.findChild(QSpinBox, "predict_overlap").text() == "Automatic"
    assert dialog.task().overlap is None


def test_nothing_in_view_leaves_the_whole_picture(qtbot: QtBot, raster: RasterSource, saved: FormSettings) -> None:
    dialog = PredictDialog(raster, None, None, saved)
    qtbot.addWidget(dialog)
    assert not dialog.findChild(QRadioButton, "predict_view").isEnabled()
    assert "96 × 64\N{NO-BREAK SPACE}px" in dialog.findChild(QRadioButton, "predict_whole").text()


@pytest.mark.parametrize(("tile", "overlap", "field"), [(16, 0, "predict_tile"), (512, 300, "predict_overlap")])
def test_tiles_must_make_sense(dialog: PredictDialog, tile: int, overlap: int, field: str) -> None:
    dialog.findChild(QToolButton, "predict_advanced").click()
    dialog.findChild(QSpinBox, "predict_tile").setValue(tile)
    dialog.findChild(QSpinBox, "predict_overlap").setValue(overlap)
    assert problem(dialog, field) != ""
    assert not dialog.action_button.isEnabled()


def test_advanced_fields_unfold(dialog: PredictDialog) -> None:
    tile = dialog.findChild(QSpinBox, "predict_tile")
    assert not tile.isVisible()
    dialog.findChild(QToolButton, "predict_advanced").click()
    assert tile.isVisible()


def test_the_picture_itself_is_never_the_result(dialog: PredictDialog, orthophoto: Path) -> None:
    write(dialog, "predict_out", orthophoto)
    assert "being read" in problem(dialog, "predict_out")


def test_both_old_files_are_named_before_they_are_replaced(
    dialog: PredictDialog, tmp_path: Path, orthophoto: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "maps").mkdir()
    for name in ("town_mask.tif", "town_confidence.tif"):
        shutil.copy(orthophoto, tmp_path / "maps" / name)
    dialog.findChild(QCheckBox, "predict_confidence").setChecked(True)
    questions: list[str] = []
    monkeypatch.setattr(overwrite, "choose", lambda *args: questions.append(args[1]) or "Replace")
    dialog.action_button.click()
    assert questions == ["Replace town_mask.tif and town_confidence.tif?"]
    assert dialog.task().overwrite


def test_model_and_folder_are_remembered(
    dialog: PredictDialog, qtbot: QtBot, raster: RasterSource, saved: FormSettings, tmp_path: Path
) -> None:
    dialog.action_button.click()
    again = PredictDialog(raster, None, None, saved)
    qtbot.addWidget(again)
    assert again.findChild(QLineEdit, "predict_model").text() == "good.safetensors"
    assert again.task().maps[0].path == tmp_path / "maps" / "town_mask.tif"


# --- the images of a project


@pytest.fixture
def project(orthophoto: Path, tmp_path: Path) -> Iterator[Project]:
    """Return a project of the orthophoto, of another image of its name, and of one that is missing."""
    others = [tmp_path / "elsewhere" / "town.tif", tmp_path / "elsewhere" / "gone.tif"]
    others[0].parent.mkdir()
    for path in others:
        shutil.copy(orthophoto, path)
    with Project.create(tmp_path / "fields.landseg", load_classes("landcover-dubai")) as project:
        for path in (orthophoto, *others):
            project.add_image(path)
    others[1].unlink()
    with Project.open(tmp_path / "fields.landseg") as project:
        yield project


@pytest.fixture
def for_project(
    qtbot: QtBot, raster: RasterSource, saved: FormSettings, headers: dict, project: Project
) -> PredictDialog:
    dialog = PredictDialog(raster, VIEW, Path("good.safetensors"), saved, None, project)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def test_a_map_goes_beside_the_project_with_its_confidence(for_project: PredictDialog, tmp_path: Path) -> None:
    task = for_project.task()
    (planned,) = task.maps
    assert planned.path == tmp_path / "fields-maps" / "town-1_mask.tif"
    assert planned.confidence == tmp_path / "fields-maps" / "town-1_confidence.tif"
    assert for_project.findChild(QLineEdit, "predict_out").isVisible()
    assert not for_project.findChild(QLineEdit, "predict_folder").isVisible()


def test_all_images_that_are_there_get_a_map_of_their_own(
    for_project: PredictDialog, orthophoto: Path, tmp_path: Path
) -> None:
    box = for_project.findChild(QCheckBox, "predict_all")
    assert box.text() == "All 2 images of the project"
    box.setChecked(True)
    assert not for_project.findChild(QLineEdit, "predict_out").isVisible()
    write(for_project, "predict_folder", tmp_path / "maps")
    for_project.action_button.click()
    task = for_project.task()
    assert [(one.raster, one.path.name) for one in task.maps] == [
        (orthophoto, "town-1_mask.tif"),
        (tmp_path / "elsewhere" / "town.tif", "town-2_mask.tif"),
    ]
    assert task.window is None
    assert {one.path.parent for one in task.maps} == {tmp_path / "maps"}
    assert not task.overwrite


def test_a_folder_must_be_one(for_project: PredictDialog, orthophoto: Path) -> None:
    for_project.findChild(QCheckBox, "predict_all").setChecked(True)
    write(for_project, "predict_folder", "")
    assert problem(for_project, "predict_folder") != ""
    write(for_project, "predict_folder", orthophoto)
    assert "file of this name" in problem(for_project, "predict_folder")


@pytest.mark.parametrize("answer", [None, "Replace"])
def test_maps_of_all_images_are_replaced_only_when_asked(
    for_project: PredictDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str | None
) -> None:
    (tmp_path / "fields-maps").mkdir()
    for name in ("town-1_mask.tif", "town-1_confidence.tif", "town-2_mask.tif"):
        (tmp_path / "fields-maps" / name).touch()
    for_project.findChild(QCheckBox, "predict_all").setChecked(True)
    questions: list[str] = []
    monkeypatch.setattr(overwrite, "choose", lambda *args: questions.append(args[1]) or answer)
    for_project.action_button.click()
    assert questions == ["Replace town-1_mask.tif and 2 more files?"]
    assert for_project.isVisible() == (answer is None)
    assert for_project.task().overwrite == (answer is not None)


def test_without_a_project_there_is_one_image(dialog: PredictDialog) -> None:
    assert not dialog.findChild(QCheckBox, "predict_all").isVisible()


def test_predicting_in_a_project_leaves_what_is_remembered_without_one(
    for_project: PredictDialog, qtbot: QtBot, raster: RasterSource, saved: FormSettings, tmp_path: Path
) -> None:
    for_project.action_button.click()
    again = PredictDialog(raster, None, None, saved)
    qtbot.addWidget(again)
    assert again.task().maps[0].path.parent != tmp_path / "fields-maps"
    assert again.findChild(QLineEdit, "predict_model").text() == ""


def test_folded_again_the_dialog_is_as_high_as_before_and_stays_on_the_screen(dialog: PredictDialog, qtbot) -> None:
    qtbot.waitUntil(lambda: dialog.height() == dialog.sizeHint().height())
    before, unfold = dialog.height(), dialog.findChild(QToolButton, "predict_advanced")
    unfold.click()
    qtbot.waitUntil(lambda: dialog.height() > before + 100)
    screen = dialog.screen().availableGeometry()
    assert screen.top() <= dialog.frameGeometry().top()
    assert dialog.frameGeometry().bottom() <= screen.bottom()
    unfold.click()
    qtbot.waitUntil(lambda: dialog.height() == before)


# --- what differs


def differences(dialog: PredictDialog) -> str:
    label = dialog.findChild(QLabel, "predict_differences")
    return label.text() if label.isVisible() else ""


def classes(**values: int) -> ClassSchema:
    items = [{"value": value, "name": name, "colour": "#112233"} for name, value in values.items()]
    return ClassSchema.model_validate({"classes": items})


def test_a_model_of_the_projects_classes_needs_no_warning(for_project: PredictDialog) -> None:
    assert differences(for_project) == ""


def test_other_classes_than_the_projects_are_named_before(for_project: PredictDialog, headers: dict) -> None:
    first, *_ = load_classes("landcover-dubai").names
    headers["other.safetensors"] = replace(HEADER, schema=classes(**{first: 77}, sand=1))
    write(for_project, "predict_model", "other.safetensors")
    told = differences(for_project).splitlines()
    assert told[0] == (
        "The model predicts classes that the project does not have, which are left out when the map is accepted: sand."
    )
    assert told[1].startswith("The model does not predict ")
    assert told[2].startswith(
        f"The map has other values than the project for these classes, which are matched by name: {first} (77 → "
    )
    assert for_project.action_button.isEnabled()
    write(for_project, "predict_model", "good.safetensors")
    assert differences(for_project) == ""


def test_without_a_project_classes_are_nobodys(dialog: PredictDialog, headers: dict) -> None:
    headers["other.safetensors"] = replace(HEADER, schema=classes(sand=1))
    write(dialog, "predict_model", "other.safetensors")
    assert differences(dialog) == ""


def test_other_bands_are_named_before(dialog: PredictDialog, headers: dict) -> None:
    headers["two.safetensors"] = replace(HEADER, bands=(1, 3), normalisation=Normalisation((1.0,) * 2, (1.0,) * 2))
    write(dialog, "predict_model", "two.safetensors")
    assert differences(dialog).startswith("The model does not use these bands of town.tif: 2")
    names = ("Near infrared", "Red edge", "Coastal")
    headers["names.safetensors"] = replace(HEADER, band_names=names)
    write(dialog, "predict_model", "names.safetensors")
    write(dialog, "predict_bands", "3, 2, 1")
    assert "its bands 3, 2, 1 are the model's 1 (Near infrared), 2 (Red edge), 3 (Coastal)." in differences(dialog)


def test_the_choice_of_alpha_goes_with_the_task_and_else_the_model_says_it(
    qtbot: QtBot, saved: FormSettings, headers: dict, flight: Path
) -> None:
    headers["five.safetensors"] = replace(
        HEADER,
        bands=(1, 2, 3, 4, 5),
        alpha="none",
        normalisation=Normalisation((1.0,) * 5, (1.0,) * 5),
    )
    for alpha, expected, fits in (("auto", None, True), ("none", "none", True), ("5", "5", False)):
        with RasterSource(flight, alpha=alpha) as source:
            dialog = PredictDialog(source, VIEW, Path("five.safetensors"), saved)
            qtbot.addWidget(dialog)
            assert dialog.task().maps[0].alpha == expected
            assert ("predict_model" not in dialog.find_errors()) == fits
    task = dialog.task()
    with open_raster(task, replace(task.maps[0], alpha=None), headers["five.safetensors"]) as source:
        assert source.alpha == "none"
