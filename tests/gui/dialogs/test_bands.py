from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtWidgets import QComboBox, QDialog
from support.messages import collect_news
from support.rasters import coordinate_pixels
from support.viewing import image_layer

from landseg_core.geo.tiling import TileKey
from landseg_gui.dialogs.bands import RenderingDialog
from landseg_gui.session.session import Session


@pytest.fixture
def four_bands(make_raster):
    pixels = np.concatenate([coordinate_pixels(300, 200), np.full((1, 200, 300), 99, np.uint8)])
    return image_layer(make_raster("four.tif", pixels, photometric="RGB", alpha="NO"))


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


def test_the_last_choice_counts(qtbot, dialog, four_bands, runner) -> None:
    for place in (3, 1, 2):
        choose(dialog, "rendering_blue", place)
    qtbot.waitUntil(lambda: not runner.running)
    assert four_bands.rendering.bands == (1, 2, 3)


def test_a_single_band_leaves_no_choice_of_colours(qtbot, runner, make_raster) -> None:
    layer = image_layer(make_raster("grey.tif", coordinate_pixels(300, 200)[:1]))
    dialog = RenderingDialog(layer, runner)
    qtbot.addWidget(dialog)
    assert not dialog.findChild(QComboBox, "rendering_mode").isEnabled()
    assert dialog.chosen_bands() == (1,)


@pytest.fixture
def session(runner, qtbot, flight) -> Session:
    """A session on a flight with alpha, and the masks over it."""
    session = Session(runner)
    session.files.open_raster(flight)
    qtbot.waitUntil(lambda: session.rasters.current is not None and not runner.running)
    return session


@pytest.fixture
def alpha_dialog(qtbot, session, runner) -> RenderingDialog:
    dialog = RenderingDialog(session.layers.image, runner)
    dialog.alpha_chosen.connect(session.files.choose_alpha)
    session.rasters.renewed.connect(dialog.show_layer)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def shown_alpha(layer) -> int:
    """Return how opaque the pixel at column 5, row 5 is drawn."""
    pixels, valid = layer.reader.read_tile(TileKey(0, 0, 0), layer.rendering.bands)
    return int(layer.rendering.to_rgba(pixels, valid)[5, 5, 3])


def test_alpha_is_shown_as_it_is_in_force(alpha_dialog, session) -> None:
    combo = alpha_dialog.findChild(QComboBox, "rendering_alpha")
    titles = [combo.itemText(place) for place in range(combo.count())]
    assert titles == ["Automatic (band 5)", "None", "Band 1", "Band 2", "Band 3", "Band 4", "Band 5"]
    assert combo.currentText() == "Automatic (band 5)"
    assert shown_alpha(session.layers.image) == 0


def test_a_choice_of_alpha_reads_the_picture_anew(qtbot, alpha_dialog, session) -> None:
    layers = session.layers
    with qtbot.waitSignal(session.rasters.renewed):
        choose(alpha_dialog, "rendering_alpha", 1)
    assert session.rasters.current.alpha == "none"
    assert session.rasters.current.data_bands == (1, 2, 3, 4, 5)
    assert shown_alpha(layers.image) == 255
    assert alpha_dialog.findChild(QComboBox, "rendering_alpha").currentText() == "None"
    assert alpha_dialog.findChild(QComboBox, "rendering_red").count() == 5
    with qtbot.waitSignal(session.rasters.renewed):
        choose(alpha_dialog, "rendering_alpha", 5)
    assert (session.rasters.current.alpha_bands, layers.image.rendering.bands) == ((4,), (1, 2, 3))
    assert alpha_dialog.findChild(QComboBox, "rendering_alpha").currentText() == "Band 4"


def test_a_band_that_is_shown_no_longer_gives_way(qtbot, alpha_dialog, session) -> None:
    with qtbot.waitSignal(session.rasters.renewed):
        choose(alpha_dialog, "rendering_alpha", 2)
    assert session.rasters.current.alpha_bands == (1,)
    assert 1 not in session.layers.image.rendering.bands


def test_a_single_band_has_no_alpha(qtbot, runner, make_raster) -> None:
    dialog = RenderingDialog(image_layer(make_raster("grey.tif", coordinate_pixels(300, 200)[:1])), runner)
    qtbot.addWidget(dialog)
    assert not dialog.findChild(QComboBox, "rendering_alpha").isEnabled()


def test_alpha_that_may_be_near_infrared_is_told_when_a_picture_opens(qtbot, runner, make_raster) -> None:
    pixels = np.random.default_rng(0).integers(20, 200, (4, 200, 300)).astype(np.uint8)
    path, session, told = make_raster("nir.tif", pixels, photometric="RGB", alpha="YES"), Session(runner), []
    collect_news(session.notifier, told)
    session.files.open_raster(path)
    qtbot.waitUntil(lambda: session.rasters.current is not None and not runner.running)
    assert ["may be near infrared" in sentence for sentence in told] == [True]
