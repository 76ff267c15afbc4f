"""Tab hides all overlays: tapped, until the next tap; held, while it is held."""

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from landseg_core.labels.label_raster import LabelRaster
from landseg_gui.main_window import overlays_key


@pytest.fixture
def painted(window, qtbot, picture, schema):
    """Return a window with an image and labels over it, and no mask."""
    window.session.files.open_raster(picture)
    qtbot.waitUntil(lambda: window.session.rasters.current is not None and not window.runner.running)
    grid = window.session.rasters.current.grid
    window.session.layers.set_labels(LabelRaster(grid.width, grid.height), schema)
    window.viewport.setFocus()
    return window


def test_a_tap_hides_ones_own_labels_until_the_next(painted) -> None:
    layers = painted.session.layers
    assert painted.actions_by_name["action_hide_overlays"].isEnabled()
    QTest.keyClick(painted.viewport, Qt.Key.Key_Tab)
    assert layers.overlays_hidden
    assert layers.labels not in layers.drawn()
    QTest.keyClick(painted.viewport, Qt.Key.Key_Tab)
    assert not layers.overlays_hidden


def test_held_it_hides_while_it_is_held(painted, monkeypatch) -> None:
    monkeypatch.setattr(overlays_key, "_HELD_MS", 0)
    layers = painted.session.layers
    QTest.keyPress(painted.viewport, Qt.Key.Key_Tab)
    assert layers.overlays_hidden
    QTest.keyRelease(painted.viewport, Qt.Key.Key_Tab)
    assert not layers.overlays_hidden


def test_where_the_release_gets_lost_the_overlays_come_back(painted) -> None:
    layers = painted.session.layers
    QTest.keyPress(painted.viewport, Qt.Key.Key_Tab)
    assert layers.overlays_hidden
    QApplication.sendEvent(painted.viewport, QFocusEvent(QEvent.Type.FocusOut))
    assert not layers.overlays_hidden


def test_there_is_nothing_to_hide_over_a_bare_image(window, qtbot, picture) -> None:
    window.session.files.open_raster(picture)
    qtbot.waitUntil(lambda: window.session.rasters.current is not None and not window.runner.running)
    assert not window.actions_by_name["action_hide_overlays"].isEnabled()
