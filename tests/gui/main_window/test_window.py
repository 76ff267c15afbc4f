from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QDockWidget,
    QFileDialog,
    QLabel,
    QMessageBox,
    QPushButton,
    QToolButton,
)
from support.rasters import coordinate_pixels
from support.viewing import grab_rgb, wait_until_sharp

from landseg_core.labels.classes import load_classes
from landseg_gui.dialogs.bands import RenderingDialog
from landseg_gui.main_window import closing
from landseg_gui.main_window.window import MainWindow
from landseg_gui.panels.message_bar import MessageBar
from landseg_gui.panels.welcome import WelcomePage


def drop(window: MainWindow, *paths: Path) -> None:
    """Drag files over the window and let go."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    position, copy = QPoint(200, 300), Qt.DropAction.CopyAction
    button, modifier = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(position, copy, mime, button, modifier)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(window, QDropEvent(QPointF(position), copy, mime, button, modifier))


@pytest.fixture
def opened(qtbot, window: MainWindow, picture: Path) -> MainWindow:
    """Return a window that shows the picture."""
    drop(window, picture)
    qtbot.waitUntil(lambda: window.session.rasters.current is not None)
    wait_until_sharp(qtbot, window.viewport)
    return window


@pytest.fixture
def mapped(qtbot, opened: MainWindow, own_map: Path) -> MainWindow:
    """Return a window that shows the picture under an opaque map."""
    with qtbot.waitSignal(opened.session.layers.changed):
        opened.commands.open_paths([own_map])
    opened.session.layers.masks[0].opacity = 1.0
    opened.viewport.centre_on(750, 550, 1.0)
    wait_until_sharp(qtbot, opened.viewport)
    return opened


def message(window: MainWindow) -> str:
    bar = window.findChild(MessageBar)
    return bar.text() if bar.isVisible() else ""


def test_an_empty_window_says_what_to_do(window) -> None:
    assert window.findChild(WelcomePage).isVisible()
    assert not window.viewport.isVisible()
    names = ("open", "open_mask", "fit", "predict", "export", "train")
    enabled = {name for name in names if window.actions_by_name[f"action_{name}"].isEnabled()}
    assert enabled == {"open", "train"}


def test_a_dropped_file_is_opened(opened, picture, settings) -> None:
    assert opened.viewport.isVisible()
    assert opened.viewport.hasFocus()
    assert opened.windowTitle() == "picture.tif - landseg"
    assert settings.recent_files() == [picture]
    assert opened.actions_by_name["action_predict"].isEnabled()
    assert not opened.actions_by_name["action_export"].isEnabled()
    assert opened.viewport.scale_factor == opened.viewport.frame.fitted(1500, 1100).scale


def test_a_drag_shows_that_it_is_welcome(window, picture) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(picture))])
    button, modifier = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(window, QDragEnterEvent(QPoint(5, 5), Qt.DropAction.CopyAction, mime, button, modifier))
    assert window.findChild(WelcomePage).property("drop") is True
    QApplication.sendEvent(window, QDragLeaveEvent())
    assert window.findChild(WelcomePage).property("drop") is False


def test_picture_and_masks_dropped_together(qtbot, window, picture, own_map, plain_mask) -> None:
    drop(window, picture, own_map, plain_mask)
    qtbot.waitUntil(lambda: len(window.session.layers.masks) == 2)
    assert "plain.tif does not define its classes" in message(window)


def test_the_file_dialog_opens_files(qtbot, window, picture, own_map, monkeypatch) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(picture)], ""))
    window.actions_by_name["action_open"].trigger()
    qtbot.waitUntil(lambda: window.session.rasters.current is not None)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(own_map), ""))
    window.actions_by_name["action_open_mask"].trigger()
    qtbot.waitUntil(lambda: bool(window.session.layers.masks))
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([], ""))
    window.actions_by_name["action_open"].trigger()  # cancelled: nothing happens
    assert window.runner.running == window.session.background_jobs


def test_recent_files_are_offered_and_opened(qtbot, make_window, settings, picture, tmp_path) -> None:
    settings.add_recent_file(tmp_path / "gone.tif")
    settings.add_recent_file(picture)
    window = make_window()
    (button,) = window.findChildren(QPushButton, "welcome_recent")
    assert button.text() == "picture.tif"
    menu = window.actions_by_name.menus["menu_recent"]
    menu.aboutToShow.emit()
    assert [action.text() for action in menu.actions() if action.text()] == ["picture.tif", "Clear List"]
    button.click()
    qtbot.waitUntil(lambda: window.session.rasters.current is not None)
    menu.actions()[-1].trigger()
    menu.aboutToShow.emit()
    assert [action.text() for action in menu.actions()] == ["No Recent Files"]


@pytest.mark.parametrize("content", [None, b"", b"no raster"])
def test_a_bad_file_is_a_calm_sentence(qtbot, opened, tmp_path, picture, content) -> None:
    path = tmp_path / "bad.tif"
    if content is not None:
        path.write_bytes(content)
    opened.commands.open_paths([path])
    qtbot.waitUntil(lambda: "bad.tif" in message(opened))
    assert opened.session.rasters.current.path == picture
    opened.findChild(QToolButton, "error_close").click()
    assert message(opened) == ""


def test_a_mask_on_another_grid_is_refused_with_the_reason(qtbot, opened, make_raster, mask_values) -> None:
    opened.session.files.add_mask(make_raster("elsewhere.tif", mask_values, crs="EPSG:32633"))
    qtbot.waitUntil(lambda: "EPSG:32633" in message(opened))
    assert opened.session.layers.masks == []


def test_keys_zoom(qtbot, opened) -> None:
    view = opened.viewport
    fitted = view.scale_factor
    QTest.keyClick(view, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    assert view.scale_factor == 1.0
    QTest.keyClick(view, Qt.Key.Key_Plus)
    assert view.scale_factor == 2.0
    QTest.keyClick(view, Qt.Key.Key_Minus)
    QTest.keyClick(view, Qt.Key.Key_Minus)
    assert view.scale_factor == 0.5
    QTest.keyClick(view, Qt.Key.Key_F)
    assert view.scale_factor == fitted


def test_tab_hides_the_overlays_and_brings_them_back(mapped) -> None:
    view, action = mapped.viewport, mapped.actions_by_name["action_hide_overlays"]
    with_map = grab_rgb(view)[100, 300].tolist()
    QTest.keyClick(view, Qt.Key.Key_Tab)
    assert action.isChecked()
    assert grab_rgb(view)[100, 300].tolist() != with_map
    QTest.keyClick(view, Qt.Key.Key_Tab)
    assert not action.isChecked()
    assert grab_rgb(view)[100, 300].tolist() == with_map


def test_the_status_bar_tells_place_class_and_zoom(mapped) -> None:
    view = mapped.viewport
    QTest.mouseMove(view.viewport(), QPoint(300, 100))
    column, row = view.raster_position(QPointF(300, 100))
    texts = {name: mapped.findChild(QLabel, f"status_{name}").text() for name in ("crs", "pixel", "class", "zoom")}
    assert texts["pixel"] == f"Pixel {int(column)}, {int(row)}"
    assert texts["class"] == "building"
    assert texts["zoom"] == "100 %"
    assert f"{400_000 + column * 0.5:.2f}" in texts["crs"].replace(",", "")
    assert f"{5_000_000 - row * 0.5:.2f}" in texts["crs"].replace(",", "")
    assert texts["crs"].endswith("EPSG:32632")
    view.left.emit()
    assert mapped.findChild(QLabel, "status_class").text() == ""


def test_a_click_on_a_class_eye_changes_the_picture(mapped, qtbot) -> None:
    before = grab_rgb(mapped.viewport)[100, 300].tolist()
    qtbot.mouseClick(mapped.findChild(QToolButton, "class_eye_1"), Qt.MouseButton.LeftButton)
    after = grab_rgb(mapped.viewport)[100, 300].tolist()
    assert before == list(load_classes("landcover-dubai").classes[1].rgb)
    assert after[2] == 60


def test_other_classes_are_chosen_for_a_mask(mapped, monkeypatch, tmp_path) -> None:
    (mask,) = mapped.session.layers.masks
    mapped.commands.choose_classes(mask, "landcover-ai")
    assert mask.schema == load_classes("landcover-ai")
    own = tmp_path / "own.json"
    own.write_text(load_classes("landcover-dubai").to_json())
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(own), ""))
    mapped.commands.choose_classes(mask, "")
    assert mask.schema == load_classes("landcover-dubai")
    own.write_text("{}")
    mapped.commands.choose_classes(mask, "")
    assert "own.json is not a class file" in message(mapped)


def test_bands_and_contrast_have_a_dialog(opened) -> None:
    opened.actions_by_name["action_rendering"].trigger()
    dialog = opened.findChild(QDialog, "dialog_rendering")
    assert dialog.isVisible()
    dialog.close()


def test_about_tells_version_and_licences(opened) -> None:
    opened.actions_by_name["action_about"].trigger()
    box = opened.findChild(QMessageBox, "dialog_about")
    assert "MIT" in box.text()
    assert "LGPL" in box.text()
    box.accept()


def test_the_theme_is_chosen_and_remembered(window, settings) -> None:
    (dark,) = [a for a in window.actions_by_name.menus["menu_theme"].actions() if a.objectName() == "menu_theme_dark"]
    dark.trigger()
    assert settings.theme == "dark"


def test_docks_come_back_as_they_were(make_window, settings) -> None:
    first = make_window()
    first.findChild(QDockWidget, "dock_training").hide()
    first.resize(1000, 640)
    first.close()
    second = make_window()
    assert not second.findChild(QDockWidget, "dock_training").isVisibleTo(second)
    assert second.findChild(QDockWidget, "dock_layers").isVisibleTo(second)


@pytest.fixture
def endless(opened):
    """Start a job that ends only when it is stopped."""
    begun = threading.Event()

    def work(_on_event, control) -> None:
        begun.set()
        while True:
            control.checkpoint()
            threading.Event().wait(0.01)

    job = opened.runner.start("Train unet16", work)
    assert begun.wait(10)
    return job


def test_suggestions_are_on_until_somebody_switches_them_off(make_window, settings) -> None:
    first = make_window()
    switch = first.actions_by_name["action_suggest"]
    first.actions_by_name.enable({"raster", "image"})
    assert first.session.suggestions.on
    assert switch.isChecked()
    switch.trigger()
    assert not first.session.suggestions.on
    first.actions_by_name["action_suggest_when_asked"].trigger()
    first.close()
    second = make_window()
    assert not second.session.suggestions.on
    assert not second.actions_by_name["action_suggest"].isChecked()
    assert second.actions_by_name["action_suggest_when_asked"].isChecked()
    assert settings.suggestions == {"on": False, "only_when_asked": True}


def test_closing_asks_while_something_runs(qtbot, opened, endless, monkeypatch) -> None:
    questions = []
    monkeypatch.setattr(closing, "choose", lambda *arguments: questions.append(arguments))
    assert not opened.close()
    assert opened.isVisible()
    assert endless.running
    assert "Train unet16" in questions[0][2]


def test_closing_stops_what_runs_and_then_closes(qtbot, opened, endless, monkeypatch) -> None:
    monkeypatch.setattr(closing, "choose", lambda *arguments: arguments[3][0])
    opened.close()
    qtbot.waitUntil(lambda: not opened.isVisible())
    assert opened.runner.running == []


def test_the_end_of_the_process_stops_what_runs_and_asks_nothing(qtbot, opened, endless, monkeypatch) -> None:
    quits = []
    monkeypatch.setattr(closing, "choose", None)  # whoever asks fails
    monkeypatch.setattr(closing.QApplication, "quit", lambda: quits.append(opened.isVisible()))
    opened.end()
    qtbot.waitUntil(lambda: bool(quits))
    assert quits == [False]
    assert opened.runner.running == []


def test_overviews_are_stopped_without_asking(qtbot, opened, wide_picture, monkeypatch) -> None:
    monkeypatch.setattr(closing, "choose", None)  # whoever asks fails
    with qtbot.waitSignal(opened.session.rasters.changed):
        opened.session.files.open_raster(wide_picture)
    opened.close()
    qtbot.waitUntil(lambda: not opened.isVisible())


def test_a_tile_that_cannot_be_read_is_told(opened) -> None:
    opened.viewport.canvas.failed.emit("the file has gone")
    assert message(opened) == "The file has gone."


def test_bands_and_contrast_has_one_dialog_that_goes_with_its_image(mapped, qtbot, picture, make_raster) -> None:
    action = mapped.actions_by_name["action_rendering"]
    action.trigger()
    action.trigger()
    assert len(mapped.findChildren(RenderingDialog)) == 1
    mapped.session.files.open_raster(make_raster("other.tif", coordinate_pixels(300, 200)))
    qtbot.waitUntil(lambda: not mapped.findChildren(RenderingDialog))
    action.trigger()
    assert len(mapped.findChildren(RenderingDialog)) == 1
