from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema, load_classes
from landseg_core.runs.samples import ValidationSample, ValidationSamples
from landseg_gui.panels.elided_label import ElidedLabel
from landseg_gui.panels.runs.samples import SampleRow, ValidationSamplesView

SCHEMA = load_classes("landcover-dubai")


def picture(stem: str, accuracy: float = 0.8, height: int = 40, width: int = 60) -> ValidationSample:
    image = np.full((height, width, 3), 90, np.uint8)
    truth = np.full((height, width), 3, np.uint8)
    truth[:, : width // 2] = 255
    prediction = np.full((height, width), 1, np.uint8)
    return ValidationSample(stem, PixelWindow(0, 0, width, height), image, truth, prediction, accuracy, 0.5)


def event(epoch: int = 4) -> ValidationSamples:
    return ValidationSamples(
        epoch, {"sample": (picture("c"),), "best": (picture("a", 0.97),), "worst": (picture("b", 0.2), picture("d"))}
    )


@pytest.fixture
def view(qtbot: QtBot) -> ValidationSamplesView:
    view = ValidationSamplesView()
    qtbot.addWidget(view)
    view.resize(320, 400)
    view.show()
    view.begin(SCHEMA)
    return view


def captions(view: ValidationSamplesView) -> list[str]:
    return [label.text().replace("\N{NO-BREAK SPACE}", " ") for label in view.widget().findChildren(ElidedLabel)]


def test_before_the_first_validation_it_says_so(view: ValidationSamplesView) -> None:
    assert "first validation" in view.findChild(QLabel, "panel_hint").text()


def test_the_worst_come_first_each_with_its_accuracy(view: ValidationSamplesView) -> None:
    view.show_samples(event())
    assert captions(view) == [
        "Worst: 20 % correct · b",
        "80 % correct · d",
        "Best: 97 % correct · a",
        "Fixed samples: 80 % correct · c",
    ]
    assert any(label.text() == "Prediction (epoch 4)" for label in view.findChildren(QLabel))


def test_truth_and_prediction_have_the_colours_of_their_classes(view: ValidationSamplesView) -> None:
    view.show_samples(event())
    image, truth, prediction = view.findChildren(SampleRow)[0].images
    assert image.pixelColor(5, 5) == QColor(90, 90, 90)
    assert truth.pixelColor(5, 5).alpha() == 0  # not labelled
    assert truth.pixelColor(55, 5) == QColor(SCHEMA.classes[3].colour)
    assert prediction.pixelColor(5, 5) == QColor(SCHEMA.classes[1].colour)


def test_colours_follow(view: ValidationSamplesView) -> None:
    view.show_samples(event())
    land, building, *others = SCHEMA.classes
    view.recolour(ClassSchema(classes=(land, building.model_copy(update={"colour": "#123456"}), *others)))
    assert view.findChildren(SampleRow)[0].images[2].pixelColor(5, 5) == QColor("#123456")


def test_rows_grow_with_the_dock(view: ValidationSamplesView, qtbot: QtBot) -> None:
    view.show_samples(event())
    row = view.findChildren(SampleRow)[0]
    qtbot.waitUntil(lambda: row.width() > 250)
    narrow = row.height()
    assert narrow == row.heightForWidth(row.width())
    view.resize(640, 400)
    qtbot.waitUntil(lambda: row.height() > 1.8 * narrow)


def test_all_three_are_drawn_in_a_row(view: ValidationSamplesView, qtbot: QtBot) -> None:
    view.show_samples(event())
    row = view.findChildren(SampleRow)[0]
    qtbot.waitUntil(lambda: row.width() > 250)
    shot = row.grab().toImage()
    middle, third = shot.height() // 2, shot.width() / 3
    assert shot.pixelColor(int(third / 2), middle) == QColor(90, 90, 90)
    assert shot.pixelColor(int(1.8 * third), middle) == QColor(SCHEMA.classes[3].colour)
    assert shot.pixelColor(int(2.5 * third), middle) == QColor(SCHEMA.classes[1].colour)


def test_another_run_begins_anew(view: ValidationSamplesView) -> None:
    view.show_samples(event())
    view.begin(SCHEMA)
    assert view.findChildren(SampleRow) == []


def test_an_epoch_without_pictures_leaves_the_former(view: ValidationSamplesView) -> None:
    view.show_samples(event())
    view.show_samples(ValidationSamples(5, {"sample": (), "best": (), "worst": ()}))
    assert len(view.findChildren(SampleRow)) == 4
