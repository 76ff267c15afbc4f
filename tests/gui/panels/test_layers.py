from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication, QFrame, QLabel, QSlider, QToolButton, QWidget
from support.rasters import HEIGHT, WIDTH
from support.viewing import image_layer, mask_layer

from landseg_core.labels.label_raster import LabelRaster
from landseg_gui.panels.layers import LayersPanel


@pytest.fixture
def panel(qtbot, layers, picture, own_map, schema) -> LayersPanel:
    """Return the panel of a picture, a mask over it, and labels."""
    layers.set_image(image_layer(picture))
    layers.set_labels(LabelRaster(WIDTH, HEIGHT), schema)
    layers.add_mask(mask_layer(own_map, schema))
    panel = LayersPanel(layers)
    qtbot.addWidget(panel)
    panel.resize(320, 500)
    with qtbot.waitExposed(panel):
        panel.show()
    return panel


def top_down(panel: LayersPanel, kind: type[QWidget], name: str) -> list:
    return sorted(panel.findChildren(kind, name), key=lambda widget: widget.mapTo(panel, QPoint()).y())


def test_the_labels_are_on_top(panel) -> None:
    assert [label.text() for label in top_down(panel, QLabel, "layer_name")] == ["Labels", "map.tif", "picture.tif"]


def test_the_labels_card_has_eye_and_opacity_and_nothing_else(qtbot, panel, layers) -> None:
    card = top_down(panel, QFrame, "layer_card")[0]
    eyes, sliders = card.findChildren(QToolButton), card.findChildren(QSlider)
    assert [button.objectName() for button in eyes] == ["layer_eye"]
    qtbot.mouseClick(eyes[0], Qt.MouseButton.LeftButton)
    assert not layers.labels.visible
    layers.labels.visible = True
    sliders[0].setValue(35)
    assert layers.labels.opacity == 0.35
    position = QPoint(20, 10)
    QApplication.sendEvent(
        card, QContextMenuEvent(QContextMenuEvent.Reason.Mouse, position, card.mapToGlobal(position))
    )
    assert QApplication.activePopupWidget() is None


def test_the_card_goes_with_the_labels(qtbot, panel, layers) -> None:
    layers.set_labels(None)
    qtbot.waitUntil(lambda: len(panel.findChildren(QLabel, "layer_name")) == 2)
    assert [label.text() for label in top_down(panel, QLabel, "layer_name")] == ["map.tif", "picture.tif"]


def test_a_hidden_mask_shows_no_classes(qtbot, panel, layers) -> None:
    def rows() -> int:
        return len([row for row in panel.findChildren(QWidget) if row.objectName().startswith("class_row_")])

    classes = len(layers.masks[0].schema.classes)
    assert rows() == classes
    layers.masks[0].visible = False
    qtbot.waitUntil(lambda: rows() == 0)
    layers.masks[0].visible = True
    assert rows() == classes
