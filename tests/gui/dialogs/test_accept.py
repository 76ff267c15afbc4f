from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QDialog, QLabel, QRadioButton, QSlider
from pytestqt.qtbot import QtBot

from landseg_core.assistant.image_assistant import SuggestedView
from landseg_core.assistant.suggested_map import AcceptableCounts
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import load_classes
from landseg_gui.dialogs.accept import SURE_PERCENT, AcceptDialog
from landseg_gui.form_settings import FormSettings
from landseg_gui.session.acceptable import Prediction, ShownSuggestion

SCHEMA = load_classes("landcover-dubai")
VIEW = PixelWindow(8, 8, 40, 30)
MakeDialog = Callable[..., AcceptDialog]


@pytest.fixture
def predictions(tmp_path: Path) -> list[Prediction]:
    """Return two predictions, the first with its confidence."""
    for name in ("sure", "plain", "confidence"):
        (tmp_path / f"{name}.tif").touch()
    sure = Prediction("sure", tmp_path / "sure.tif", tmp_path / "confidence.tif")
    return [sure, Prediction("plain", tmp_path / "plain.tif")]


@pytest.fixture
def make_dialog(qtbot: QtBot, predictions: list[Prediction], saved: FormSettings) -> MakeDialog:
    def make(view: PixelWindow | None = VIEW) -> AcceptDialog:
        dialog = AcceptDialog(predictions, view, saved)
        qtbot.addWidget(dialog)
        dialog.show()
        return dialog

    return make


@pytest.fixture
def dialog(make_dialog: MakeDialog) -> AcceptDialog:
    return make_dialog()


def choose(dialog: AcceptDialog, place: str) -> None:
    dialog.findChild(QRadioButton, f"accept_{place}").setChecked(True)


def test_at_first_the_view_where_unlabelled(dialog: AcceptDialog, predictions: list[Prediction]) -> None:
    request = dialog.request()
    assert (request.source, request.area, request.window) == (predictions[0], "view", VIEW)
    assert request.only_unlabelled
    assert request.above == 0


def test_the_answer(dialog: AcceptDialog) -> None:
    choose(dialog, "everywhere")
    dialog.findChild(QSlider, "accept_confidence").setValue(85)
    dialog.findChild(QCheckBox, "accept_only_unlabelled").setChecked(False)
    dialog.action_button.click()
    request = dialog.request()
    assert dialog.result() == QDialog.DialogCode.Accepted
    assert (request.area, request.window) == ("everywhere", None)
    assert not request.only_unlabelled
    assert request.above == 0.85


def test_what_the_confidence_means_is_told(dialog: AcceptDialog) -> None:
    value = dialog.findChild(QLabel, "accept_confidence_value")
    assert value.text() == "any"
    dialog.findChild(QSlider, "accept_confidence").setValue(60)
    assert value.text() == "60\N{NO-BREAK SPACE}%"


def test_without_a_confidence_there_is_none_to_choose(dialog: AcceptDialog) -> None:
    slider, hint = dialog.findChild(QSlider, "accept_confidence"), dialog.findChild(QLabel, "accept_no_confidence")
    slider.setValue(85)
    assert not hint.isVisible()
    dialog.findChild(QComboBox, "accept_prediction").setCurrentIndex(1)
    assert not slider.isEnabled()
    assert hint.isVisible()
    assert dialog.request().above == 0


def test_a_polygon_is_drawn_next(dialog: AcceptDialog) -> None:
    assert dialog.action_button.text() == "Accept"
    choose(dialog, "polygon")
    assert dialog.action_button.text() == "Draw Polygon"
    assert dialog.request().window is None


def test_without_a_view_it_is_everywhere(make_dialog: MakeDialog) -> None:
    dialog = make_dialog(view=None)
    assert not dialog.findChild(QRadioButton, "accept_view").isEnabled()
    assert dialog.request().area == "everywhere"


def test_a_map_that_has_gone_is_told(dialog: AcceptDialog, predictions: list[Prediction]) -> None:
    predictions[1].mask.unlink()
    dialog.findChild(QComboBox, "accept_prediction").setCurrentIndex(1)
    assert "does not exist any more" in dialog.findChild(QLabel, "accept_prediction_problem").text()
    assert not dialog.action_button.isEnabled()


def test_the_keyboard_is_enough(dialog: AcceptDialog, qtbot: QtBot) -> None:
    qtbot.keyClick(dialog.findChild(QRadioButton, "accept_everywhere"), Qt.Key.Key_Space)
    assert dialog.request().area == "everywhere"
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert dialog.result() == QDialog.DialogCode.Accepted


def test_the_choice_is_remembered(dialog: AcceptDialog, make_dialog: MakeDialog) -> None:
    choose(dialog, "polygon")
    dialog.findChild(QSlider, "accept_confidence").setValue(70)
    dialog.findChild(QCheckBox, "accept_only_unlabelled").setChecked(False)
    dialog.action_button.click()
    again = make_dialog().request()
    assert (again.area, again.above, again.only_unlabelled) == ("polygon", 0.7, False)


@pytest.mark.parametrize("above", ["much", "-3", ""])
def test_damaged_settings_does_no_harm(make_dialog: MakeDialog, saved: FormSettings, above: str) -> None:
    saved.save({"place": "nowhere", "above": above, "only_unlabelled": "perhaps"})
    assert make_dialog().request().area == "everywhere"


class Answers(QObject):
    """Stands for what reads a source; a test emits the answer."""

    answered = Signal(object)

    def ask(self, source: object) -> None:
        self.asked = source

    def cancel(self) -> None:
        self.asked = None


@pytest.fixture
def suggestion() -> ShownSuggestion:
    values = np.ones((60, 80), np.uint8)
    return ShownSuggestion(SuggestedView(0, PixelWindow(0, 0, 80, 60), values, values, None), SCHEMA)


@pytest.fixture
def suggesting(qtbot: QtBot, saved: FormSettings, suggestion: ShownSuggestion) -> AcceptDialog:
    """Return the dialog of a suggestion, whose reader has counted: 300 px are free, 200 sure of 50 %, 100 of 90 %."""
    saved.save({"place": "everywhere"})
    reader = Answers()
    dialog = AcceptDialog([suggestion], VIEW, saved, None, SCHEMA, reader)
    reader.setParent(dialog)
    qtbot.addWidget(dialog)
    dialog.show()
    assert reader.asked is suggestion
    unlabelled, labelled = np.zeros(101, np.int64), np.zeros(101, np.int64)
    unlabelled[50], unlabelled[90], labelled[95] = 200, 100, 60
    reader.answered.emit(AcceptableCounts(unlabelled, labelled, VIEW.pixels))
    return dialog


def amount(dialog: AcceptDialog) -> str:
    return dialog.findChild(QLabel, "accept_amount").text().replace("\N{NO-BREAK SPACE}", " ")


def test_a_suggestion_covers_the_view_and_says_how_much_it_labels(suggesting: AcceptDialog, suggestion) -> None:
    assert suggesting.windowTitle() == "Accept Suggestion"
    assert not suggesting.findChild(QRadioButton, "accept_everywhere").isVisible()
    assert not suggesting.findChild(QComboBox, "accept_prediction").isVisible()
    assert suggesting.findChild(QSlider, "accept_confidence").value() == SURE_PERCENT
    assert amount(suggesting) == "100 px would be labelled, 8.3 % of the view."
    suggesting.findChild(QSlider, "accept_confidence").setValue(0)
    assert amount(suggesting) == "300 px would be labelled, 25.0 % of the view."
    suggesting.findChild(QSlider, "accept_confidence").setValue(51)
    assert amount(suggesting).startswith("100 px")
    suggesting.findChild(QCheckBox, "accept_only_unlabelled").setChecked(False)
    assert amount(suggesting).startswith("160 px")
    suggesting.action_button.click()
    request = suggesting.request()
    assert (request.source, request.area, request.window, request.above) == (suggestion, "view", VIEW, 0.51)


def test_of_a_polygon_nothing_is_counted(suggesting: AcceptDialog) -> None:
    choose(suggesting, "polygon")
    assert amount(suggesting) == ""
    assert suggesting.action_button.text() == "Draw Polygon"


def test_a_prediction_says_nothing_of_the_view(dialog: AcceptDialog) -> None:
    assert dialog.windowTitle() == "Accept Prediction"
    assert not dialog.findChild(QLabel, "accept_amount").isVisible()
