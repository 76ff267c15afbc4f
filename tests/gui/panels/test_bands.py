from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtWidgets import QComboBox, QDialog

from landseg_gui.jobs.runner import JobRunner
from landseg_gui.panels.bands import RenderingDialog


@pytest.fixture
def runner(qapp):
    runner = JobRunner()
    yield runner
    assert runner.shut_down(20)


@pytest.fixture
def four_bands(make_raster, helpers):
    pixels = np.concatenate([helpers.place_pixels(300, 200), np.full((1, 200, 300), 99, np.uint8)])
    return helpers.image_layer(make_raster("four.tif", pixels, photometric="RGB", alpha="NO"))


@pytest.fixture
def dialog(qtbot, four_bands, runner) -> RenderingDialog:
    dialog = RenderingDialog(four_bands, runner)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def choose(dialog: QDialog, name: str, place: int) -> None:
    combo = dialog.findChild(QComboBox, name)
    combo.setCurrentIndex(place)
    combo.activated.emit(place)


def test_it_shows_what_is_in_force(dialog) -> None:
    assert dialog.chosen_bands() == (1, 2, 3)
    assert dialog.findChild(QComboBox, "rendering_contrast").currentText() == "As in the file"
    assert dialog.findChild(QComboBox, "rendering_red").count() == 4


def test_bands_are_shown_as_chosen(qtbot, dialog, four_bands) -> None:
    with qtbot.waitSignal(four_bands.restyled):
        choose(dialog, "rendering_red", 3)
    assert four_bands.rendering.bands == (4, 2, 3)


def test_one_band_is_grey(qtbot, dialog, four_bands) -> None:
    with qtbot.waitSignal(four_bands.restyled):
        choose(dialog, "rendering_mode", 1)
    assert four_bands.rendering.bands == (1,)
    assert not dialog.findChild(QComboBox, "rendering_green").isVisible()


def test_contrast_is_measured(qtbot, dialog, four_bands) -> None:
    with qtbot.waitSignal(four_bands.restyled):
        choose(dialog, "rendering_contrast", 2)
    stretch = four_bands.rendering.stretch
    assert (stretch.low[0], stretch.high[1], stretch.low[2]) == (0, 199, 60)


def test_the_last_choice_counts(qtbot, dialog, four_bands) -> None:
    for place in (3, 1, 2):
        choose(dialog, "rendering_blue", place)
    qtbot.waitUntil(lambda: not dialog._runner.running)
    assert four_bands.rendering.bands == (1, 2, 3)


def test_a_single_band_leaves_no_choice_of_colours(qtbot, runner, make_raster, helpers) -> None:
    layer = helpers.image_layer(make_raster("grey.tif", helpers.place_pixels(300, 200)[:1]))
    dialog = RenderingDialog(layer, runner)
    qtbot.addWidget(dialog)
    assert not dialog.findChild(QComboBox, "rendering_mode").isEnabled()
    assert dialog.chosen_bands() == (1,)
