from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QContextMenuEvent
from PySide6.QtWidgets import QApplication, QColorDialog, QLabel, QMenu, QSlider, QToolButton
from support.viewing import image_layer, mask_layer

from landseg_gui.panels.layers import LayersPanel


@pytest.fixture
def panel(qtbot, layers) -> LayersPanel:
    panel = LayersPanel(layers)
    qtbot.addWidget(panel)
    panel.resize(320, 500)
    with qtbot.waitExposed(panel):
        panel.show()
    return panel


@pytest.fixture
def mask(panel, layers, picture, own_map, schema):
    layers.set_image(image_layer(picture))
    layers.add_mask(mask_layer(own_map, schema))
    return layers.masks[0]


def names(panel: LayersPanel) -> list[str]:
    labels = panel.findChildren(QLabel, "layer_name")
    return [label.text() for label in sorted(labels, key=lambda label: label.mapTo(panel, QPoint()).y())]


def click(qtbot, panel: LayersPanel, name: str) -> None:
    qtbot.mouseClick(panel.findChild(QToolButton, name), Qt.MouseButton.LeftButton)


def menu_of(panel: LayersPanel, index: int) -> QMenu:
    buttons = panel.findChildren(QToolButton, "layer_menu")
    menu = sorted(buttons, key=lambda button: button.mapTo(panel, QPoint()).y())[index].menu()
    menu.aboutToShow.emit()
    return menu


def texts(menu: QMenu) -> list[str]:
    return [action.text() for action in menu.actions() if action.text()]


def settle(qtbot, panel: LayersPanel, count: int) -> None:
    qtbot.waitUntil(lambda: len(panel.findChildren(QLabel, "layer_name")) == count)
    QApplication.processEvents()


def test_an_empty_panel_says_so(panel) -> None:
    assert panel.findChild(QLabel, "layers_empty").isVisible()


def test_masks_are_listed_above_the_picture(qtbot, panel, mask) -> None:
    settle(qtbot, panel, 2)
    assert names(panel) == ["map.tif", "picture.tif"]
    assert not panel.findChild(QLabel, "layers_empty").isVisible()


def test_the_opacity_slider_moves_the_layer(qtbot, panel, mask) -> None:
    settle(qtbot, panel, 2)
    slider = next(slider for slider in panel.findChildren(QSlider) if slider.value() == 60)
    slider.setValue(35)
    assert mask.opacity == 0.35
    mask.opacity = 0.8
    assert slider.value() == 80


def test_the_layers_eye(qtbot, panel, mask, layers) -> None:
    settle(qtbot, panel, 2)
    eyes = sorted(panel.findChildren(QToolButton, "layer_eye"), key=lambda eye: eye.mapTo(panel, QPoint()).y())
    qtbot.mouseClick(eyes[0], Qt.MouseButton.LeftButton)
    assert not mask.visible
    assert layers.image.visible
    mask.visible = True
    assert eyes[0].isChecked()


def test_eye_and_solo_of_a_class(qtbot, panel, mask) -> None:
    settle(qtbot, panel, 2)
    click(qtbot, panel, "class_eye_2")
    assert not mask.is_class_visible(2)
    click(qtbot, panel, "class_solo_4")
    assert mask.solo == 4
    click(qtbot, panel, "class_solo_1")
    assert mask.solo == 1
    assert not panel.findChild(QToolButton, "class_solo_4").isChecked()
    click(qtbot, panel, "class_solo_1")
    assert mask.solo is None


def test_the_colour_of_a_class(qtbot, panel, mask, monkeypatch) -> None:
    settle(qtbot, panel, 2)
    monkeypatch.setattr(QColorDialog, "getColor", lambda *_: QColor("#123456"))
    click(qtbot, panel, "class_colour_3")
    assert mask.class_of(3).colour == "#123456"
    monkeypatch.setattr(QColorDialog, "getColor", lambda *_: QColor())
    click(qtbot, panel, "class_colour_3")
    assert mask.class_of(3).colour == "#123456"


def test_other_classes_get_other_rows(qtbot, panel, mask, schema) -> None:
    settle(qtbot, panel, 2)
    mask.set_schema(schema.model_copy(update={"classes": schema.classes[:2]}))
    qtbot.waitUntil(lambda: len(panel.findChildren(QLabel, "class_name")) == 2)


def test_the_menu_of_a_mask(qtbot, panel, mask, layers, plain_mask, schema) -> None:
    layers.add_mask(mask_layer(plain_mask, schema))
    settle(qtbot, panel, 3)
    menu = menu_of(panel, 0)
    assert texts(menu) == ["Move Up", "Move Down", "Classes", "Remove Layer"]
    assert [action.isEnabled() for action in menu.actions()][:2] == [False, True]
    menu.actions()[1].trigger()
    assert [layer.name for layer in layers.masks] == ["map.tif", "plain.tif"]
    settle(qtbot, panel, 3)
    (remove,) = [action for action in menu_of(panel, 0).actions() if action.objectName() == "layer_remove"]
    remove.trigger()
    assert [layer.name for layer in layers.masks] == ["plain.tif"]


def test_classes_are_chosen_in_the_menu(qtbot, panel, mask) -> None:
    settle(qtbot, panel, 2)
    (classes,) = [action.menu() for action in menu_of(panel, 0).actions() if action.text() == "Classes"]
    assert texts(classes) == ["landcover-ai", "landcover-dubai", "From Class File…"]
    with qtbot.waitSignal(panel.classes_wanted) as heard:
        classes.actions()[0].trigger()
    assert heard.args == [mask, "landcover-ai"]
    with qtbot.waitSignal(panel.classes_wanted) as heard:
        classes.actions()[-1].trigger()
    assert heard.args == [mask, ""]


def test_the_menu_of_the_picture_offers_bands_and_contrast(qtbot, panel, mask) -> None:
    settle(qtbot, panel, 2)
    with qtbot.waitSignal(panel.rendering_wanted):
        menu_of(panel, 1).actions()[0].trigger()


def test_the_right_button_shows_the_menu_too(qtbot, panel, mask) -> None:
    settle(qtbot, panel, 2)
    card = panel.findChild(QLabel, "layer_name").parentWidget()
    position = QPoint(20, 10)
    QApplication.sendEvent(
        card, QContextMenuEvent(QContextMenuEvent.Reason.Mouse, position, card.mapToGlobal(position))
    )
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    menu.close()
